/** The end of an account and what a person may take along: rules, what is kept, and a removal that was cut off. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { searchAudit } from '../server/audit/search.ts';
import { openAccounts } from '../server/portal/accounts.ts';
import { removeEndedAccounts } from '../server/portal/account-end.ts';
import {
  goodPassword,
  hubClient,
  linkTo,
  newAccount,
  signedIn,
  signIn,
  textOf,
  type HubClient,
} from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('the end of an account', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const ground = () => ({ store: platform.store, clock: systemClock, journal: platform.journal });
  const end = (client: HubClient, password = goodPassword) =>
    client.fill('/account/delete', { current_password: password });
  const idOf = async (email: string) => {
    const found = await openAccounts(ground()).byEmail(email);
    assert.ok(found);
    return found.id;
  };
  /** All documents of the hub and of people, as text. */
  const kept = async () => {
    const texts: string[] = [];
    for (const name of ['portal.accounts', 'portal.tickets', 'catalogue.administrators']) {
      const all = { name, keys: () => ({ all: [['all']] }) };
      const opened = platform.store.open<unknown>(all);
      const index = name === 'portal.tickets' ? 'state' : 'all';
      const { items } = await opened.find({ index, limit: 1000 });
      texts.push(...items.map(({ text }) => text));
    }
    return texts.join('\n');
  };

  it('takes the password, and leaves neither name nor address behind, but an audit by number', async () => {
    const { client, email } = await newAccount(platform, 'Gone Tomorrow');
    const id = await idOf(email);
    const other = hubClient(platform.url);
    await signIn(other, email, goodPassword);
    const asked = { kind: 'technical', subject: 'A call', text: 'It fails', email };
    assert.match((await client.fill('/help/ask', asked)).to, /^\/help\/sent\//);
    assert.equal((await end(client, 'not my password at all')).status, 422);
    assert.equal((await client.get('/account')).status, 200);

    const done = await end(client);
    assert.equal(done.to, '/');
    assert.match((await client.get('/')).html, /Your account is deleted/);
    assert.equal((await client.get('/account')).status, 303);
    assert.equal((await other.get('/account')).status, 303, 'another session');
    const again = await other.fill('/sign-in', { email, password: goodPassword });
    assert.equal(again.status, 401);
    const left = await kept();
    assert.ok(!left.includes(email) && !left.includes('Gone Tomorrow'), left);
    assert.match(left, new RegExp(`"id":"${id}","name":"Former user"[^}]*"state":"revoked"`));
    assert.ok((await client.get('/outbox')).html.includes('Your account is deleted'));

    const deeds: string[] = [];
    for await (const one of searchAudit(join(platform.dataDir, 'audit'), {})) {
      assert.ok(!JSON.stringify(one).includes(email));
      if (one.user === id || one.app === id) deeds.push(one.action);
    }
    for (const action of ['team.end', 'account.end', 'person.forget', 'account.remove'])
      assert.ok(deeds.includes(action), `${action} in ${deeds.join()}`);
  });

  it('leaves the address free for a new account, which has nothing of the old one', async () => {
    const { client, email } = await newAccount(platform);
    const before = await idOf(email);
    await end(client);
    const fields = { name: 'New', email, password: goodPassword, terms: 'yes' };
    await client.fill('/sign-up', fields);
    assert.equal(
      (await client.fill(await linkTo(client, email, '/sign-up/confirm/'), {})).to,
      '/welcome',
    );
    assert.notEqual(await idOf(email), before);
  });

  it('waits for who is the last owner, and for what a team of one alone still has', async () => {
    const { client } = await newAccount(platform);
    const { client: guest, email } = await newAccount(platform);
    const team = /href="(\/teams\/T[A-Z0-9]+)"/.exec((await client.get('/teams')).html)?.[1] ?? '';
    const app = await client.fill('/apps/new', {
      ...{ team: team.slice(7), name: 'Held back', description: '', kinds: 'unattended' },
      ...{ contact: 'a@example.org', environments: 'sandbox' },
    });
    assert.match(app.to, /^\/apps\//);
    const alone = await client.get('/account/delete');
    assert.match(textOf(alone.html), /Nobody else is in .*, and it has the app Held back/);
    assert.ok(!alone.html.includes('current_password'));

    await client.fill(`${team}/invite`, { email, role: 'admin' });
    await guest.fill(await linkTo(client, email, '/invitations/'), {});
    const last = await client.get('/account/delete');
    assert.match(textOf(last.html), /You are the last owner of/);
    const form = await client.get('/account/password');
    const forced = await client.send(form, '/account/delete', { current_password: goodPassword });
    assert.equal(forced.status, 422);
    assert.equal((await client.get('/account')).status, 200);

    assert.equal((await end(guest)).to, '/', 'an admin may leave');
    assert.doesNotMatch(textOf((await client.get(team)).html), /Nobody any more/);
  });

  it('goes on where a crash cut it off, and opens nothing meanwhile', async () => {
    const { client, email } = await newAccount(platform, 'Cut Off');
    const id = await idOf(email);
    const actor = { id, role: 'developer', organisation: 'X' } as const;
    await openAccounts(ground()).end({ actor, action: 'account.end' }, id);
    assert.equal((await client.get('/account')).status, 303);
    assert.equal(
      (await hubClient(platform.url).fill('/sign-in', { email, password: goodPassword })).status,
      401,
    );
    assert.equal(await removeEndedAccounts(ground()), 1);
    assert.equal(await removeEndedAccounts(ground()), 0);
    assert.ok(!(await kept()).includes('Cut Off'));
  });

  it('gives a person what is kept of them, and nothing secret', async () => {
    const client = await signedIn(platform, 'developer');
    const page = await client.get('/account/data');
    assert.match(page.html, /href="\/account\/data\/file"/);
    const file = await client.get('/account/data/file');
    assert.equal(file.headers.get('content-type'), 'application/json');
    assert.match(file.headers.get('content-disposition') ?? '', /attachment/);
    const data = JSON.parse(file.html) as Record<string, { email?: string }>;
    assert.deepEqual(Object.keys(data), [
      ...['made', 'account', 'teams', 'sessions', 'requestsForHelp', 'subscriptions'],
    ]);
    assert.equal(data.account?.email, 'developer@gatehouse.example');
    assert.doesNotMatch(file.html, /scrypt|"secret"|"password"|recovery"/);
    const stranger = await hubClient(platform.url).get('/account/data/file');
    assert.equal(stranger.status, 303);
  });
});
