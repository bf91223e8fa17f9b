import assert from 'node:assert/strict';
import {
  actorOf,
  administrationGround,
  newApp,
  type AdministrationGround,
} from '../test/administration-ground.ts';
import { openAccounts } from './portal/accounts.ts';
import { openTeams } from './portal/teams.ts';
import { subscriptionEnds } from './subscription-ends.ts';

const day = 24 * 3_600_000;

describe('subscriptions that end', () => {
  let ground: AdministrationGround;
  let told: { readonly id: string; readonly to: string; readonly subject: string }[];
  beforeEach(async () => {
    ground = await administrationGround();
    told = [];
  });
  afterEach(() => ground.end());

  const ends = () => {
    const { store, journal, clock, administration } = ground;
    return subscriptionEnds({
      store: Object.assign(store, {
        alone: <T>(_name: string, work: () => Promise<T>) => work(),
      }),
      ...{ journal, clock, subscriptions: administration.subscriptions },
      mailbox: {
        put(id, { to, subject }) {
          if (!told.some((one) => one.id === id)) told.push({ id, to, subject });
          return Promise.resolve();
        },
      },
      publicUrl: () => 'https://hub.example.org',
    });
  };

  it('tell the team 30, 7 and 1 days ahead and when they are over, once each, and are refused then', async () => {
    const { administration, clock } = ground;
    const { subscriptions, products, apps } = administration;
    const account = await openAccounts(ground).create(
      { email: 'owner@example.org', name: 'O', password: 'x' },
      undefined,
    );
    const owner = actorOf('developer', 'TEAM1');
    await openTeams(ground).create({ ...owner, id: account.id }, 'Team', undefined, 'TEAM1');
    const { id: appId } = await apps.create(owner, { ...newApp, owner: 'TEAM1' });
    await apps.register(owner, appId, 'production');
    const staff = actorOf('product-owner');
    await products.create(staff, { id: 'p', name: 'P', description: '', apis: [], scopes: [] });
    const wish = { appId, productId: 'p', environment: 'production' } as const;
    const { id } = await subscriptions.request(owner, wish);
    const until = clock.now() + 40 * day;
    await subscriptions.decide(staff, id, 'active', undefined, undefined, until);

    const sweep = async (left: number) => {
      clock.time = until - left;
      const expired = await ends().sweep();
      await ends().sweep();
      return expired;
    };
    for (const days of [35, 29, 28, 6, 0.5]) assert.equal(await sweep(days * day), 0);
    assert.deepEqual(
      told.map(({ to, subject }) => `${to}: ${subject.split(': ')[1] ?? ''}`),
      [30, 7, 1].map((days) => `owner@example.org: it ends within ${days} day(s)`),
    );
    assert.equal(await sweep(0), 1);
    assert.match(told.at(-1)?.subject ?? '', /it has expired$/);
    const { value } = await subscriptions.read(owner, id);
    assert.equal(value.state, 'expired');
    assert.equal((await ground.entries()).at(-1)?.action, 'subscription.expired');

    assert.equal((await subscriptions.request(owner, wish)).value.ends, undefined);
  });

  it('end at a time to come, and only where they are approved', async () => {
    const { administration, clock } = ground;
    const { subscriptions, products, apps } = administration;
    const staff = actorOf('administrator');
    const { id: appId } = await apps.create(staff, newApp);
    await apps.register(staff, appId, 'production');
    await products.create(staff, { id: 'p', name: 'P', description: '', apis: [], scopes: [] });
    const wish = { appId, productId: 'p', environment: 'production' } as const;
    const { id } = await subscriptions.request(staff, wish);
    for (const [decision, time] of [
      ['active', clock.now()],
      ['active', NaN],
      ['cancelled', clock.now() + day],
    ] as const)
      await assert.rejects(
        subscriptions.decide(staff, id, decision, undefined, undefined, time),
        /a time to come/,
      );
  });
});
