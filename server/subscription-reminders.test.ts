import assert from 'node:assert/strict';
import {
  actorOf,
  administrationGround,
  newApp,
  type AdministrationGround,
} from '../test/administration-ground.ts';
import { openAccounts } from './portal/accounts.ts';
import { openTeams } from './portal/teams.ts';
import { subscriptionReminders } from './subscription-reminders.ts';

const day = 24 * 3_600_000;

interface Told {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

describe('requests that wait for a decision', () => {
  let ground: AdministrationGround;
  let told: Told[];
  beforeEach(async () => {
    ground = await administrationGround();
    told = [];
  });
  afterEach(() => ground.end());

  const sweep = (days = 3) =>
    subscriptionReminders({
      store: Object.assign(ground.store, {
        alone: <T>(_name: string, work: () => Promise<T>) => work(),
      }),
      ...{ journal: ground.journal, clock: ground.clock, days },
      mailbox: {
        put(id, { to, subject, text }) {
          if (!told.some((one) => one.id === id)) told.push({ id, to, subject, text });
          return Promise.resolve();
        },
      },
      publicUrl: () => 'https://hub.example.org',
    }).sweep();

  const account = async (email: string, role: 'product-owner' | 'developer') =>
    (
      await openAccounts(ground).create(
        { email, name: email, password: 'x', role, organisation: '*' },
        undefined,
      )
    ).id;

  it('are reminded of once in each period, in one message to each who decides, until they are decided', async () => {
    const { administration, clock } = ground;
    const { subscriptions, products, apps } = administration;
    await account('one@example.org', 'product-owner');
    await account('two@example.org', 'product-owner');
    const customer = await account('customer@example.org', 'developer');
    const holder = { ...actorOf('developer'), id: customer };
    await openTeams(ground).create(holder, 'Customer', undefined, 'TEAM2');
    const staff = actorOf('product-owner');
    const owner = actorOf('developer', newApp.owner);
    const { id: appId } = await apps.create(owner, newApp);
    await apps.register(owner, appId, 'production');
    const bare = { description: '', apis: [], scopes: [] };
    await products.create(staff, { ...bare, id: 'p', name: 'First' });
    await products.create(staff, { ...bare, id: 'q', name: 'Second' });
    await products.create(staff, {
      ...{ ...bare, id: 'c', name: 'Theirs' },
      customer: { environment: 'Ward test', owner: 'TEAM2' },
    });
    clock.time = 300 * 3 * day; // the beginning of a period
    const wish = { appId, environment: 'production' } as const;
    const asked = await Promise.all(
      ['p', 'q', 'c'].map((productId) => subscriptions.request(owner, { ...wish, productId })),
    );
    clock.time += 3 * day - 1;
    await sweep();
    assert.equal(told.length, 0, 'nothing is that old');

    clock.time += 1;
    for (let times = 0; times < 3; times++) await sweep();
    assert.deepEqual(told.map(({ to, subject }) => `${to}: ${subject}`).sort(), [
      'customer@example.org: 1 request(s) wait for your decision',
      'one@example.org: 2 request(s) wait for your decision',
      'two@example.org: 2 request(s) wait for your decision',
    ]);
    const text = told.find(({ to }) => to.startsWith('one'))?.text ?? '';
    assert.match(
      text,
      /First for .* in production, for 3 day\(s\):\nhttps:\/\/hub.example.org\/sub/,
    );
    assert.doesNotMatch(text, /Theirs/);

    told.length = 0;
    const [first, second] = asked;
    await subscriptions.decide(staff, first?.id ?? '', 'active');
    clock.time += 3 * day;
    await sweep();
    assert.match(told.find(({ to }) => to.startsWith('one'))?.subject ?? '', /^1 request/);
    await subscriptions.decide(staff, second?.id ?? '', 'rejected', 'not needed');
    told.length = 0;
    clock.time += 3 * day;
    await sweep();
    assert.deepEqual(
      told.map(({ to }) => to),
      ['customer@example.org'],
    );
    told.length = 0;
    assert.equal(await sweep(0), 0, '0 reminds of nothing');
    assert.equal(told.length, 0);
  });
});
