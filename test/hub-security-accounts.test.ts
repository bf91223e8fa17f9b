/** What thieves of passwords, mailboxes and cookies try against accounts of the developer hub. */
import assert from 'node:assert/strict';
import { systemClock } from '../core/clock.ts';
import { openSessions } from '../server/portal/sessions.ts';
import { totpCode } from '../server/portal/totp.ts';
import { administrationGround } from './administration-ground.ts';
import {
  goodPassword,
  hubClient,
  linkTo,
  newAccount,
  signIn,
  signOut,
  textOf,
  type HubClient,
} from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const other = 'six brave herons wade';

describe('attacks on accounts of the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let ahead = 0;
  before(async () => {
    platform = await startTestPlatform({
      clock: { now: () => systemClock.now() + ahead, newId: () => systemClock.newId() },
      environment: { TRUSTED_PROXIES: '127.0.0.1,::1' },
    });
  });
  after(() => platform.end());
  afterEach(() => {
    ahead = 0;
  });

  /** Attempts are counted in quarters of an hour: one has just begun. */
  const atWindow = () => {
    const quarter = 900_000;
    ahead = quarter - (systemClock.now() % quarter) + 1_000;
  };
  const isSignedIn = async (client: HubClient) => (await client.get('/account')).status === 200;

  /** Switches the second factor on; gives its secret. */
  const withFactor = async (client: HubClient) => {
    await client.fill('/account/second-factor', { current_password: goodPassword });
    const page = await client.get('/account/second-factor/app');
    const secret = /secret=([A-Z2-7]{32})/.exec(textOf(page.html.replaceAll('href="', '>')))?.[1];
    assert.ok(secret);
    const code = totpCode(secret, systemClock.now() + ahead);
    const on = await client.send(page, '/account/second-factor/app', { code });
    assert.equal(on.title, 'The second factor is on');
    return { secret, on };
  };

  it('sets no password by a link that went to an address the account has left', async () => {
    const { client, email } = await newAccount(platform);
    const thief = hubClient(platform.url);
    await thief.fill('/forgotten', { email });
    const stale = await linkTo(thief, email, '/forgotten/');
    const moved = `moved-${Date.now()}@example.org`;
    await client.fill('/account/email', { email: moved, current_password: goodPassword });
    await client.fill(await linkTo(client, moved, '/account/email/'), {});
    assert.match((await client.get('/account')).html, new RegExp(moved));
    assert.equal((await thief.get(stale)).status, 410);
    assert.equal((await thief.post(stale, 'password=x')).status, 410);
    assert.ok(await isSignedIn(client));
  });

  it('takes no code after a password that has been changed since it was entered', async () => {
    const { client, email } = await newAccount(platform);
    const { secret } = await withFactor(client);
    const thief = hubClient(platform.url);
    assert.equal(
      (await thief.fill('/sign-in', { email, password: goodPassword })).to,
      '/sign-in/code',
    );
    const page = await thief.get('/sign-in/code');
    await client.fill('/account/password', { current_password: goodPassword, password: other });
    ahead = 60_000;
    const code = totpCode(secret, systemClock.now() + ahead);
    assert.equal((await thief.send(page, '/sign-in/code', { code })).to, '/sign-in');
    assert.ok(!(await isSignedIn(thief)));
  });

  it('opens no session by a password that is changed while it is being checked', async () => {
    const { client, email } = await newAccount(platform);
    await client.fill('/forgotten', { email });
    const link = await linkTo(client, email, '/forgotten/');
    const strangers = await Promise.all(
      Array.from({ length: 14 }, async (_, i) => {
        const stranger = hubClient(platform.url);
        return { stranger, page: await stranger.get('/sign-in'), i };
      }),
    );
    const thief = hubClient(platform.url);
    const [form, entered] = await Promise.all([client.get(link), thief.get('/sign-in')]);
    // Passwords are checked two at a time: strangers keep them busy, so that the thief's is read before the change and
    // found right after it.
    const busy = (from: number, to: number) =>
      strangers
        .slice(from, to)
        .map(({ stranger, page, i }) =>
          stranger.send(page, '/sign-in', { email: `nobody-${i}@example.org`, password: 'x' }),
        );
    const pause = () => new Promise((resolve) => setTimeout(resolve, 30));
    const first = busy(0, 6);
    await pause();
    const reset = client.send(form, link, { password: other });
    await pause();
    const second = busy(6, 14);
    await pause();
    const done = await thief.send(entered, '/sign-in', { email, password: goodPassword });
    await Promise.all([...first, ...second]);
    assert.equal((await reset).to, '/sign-in');
    assert.equal(done.status, 401);
    assert.ok(!(await isSignedIn(thief)));
  });

  it('makes the copy of a session’s cookie worthless when password or second factor change', async () => {
    const { client } = await newAccount(platform);
    const copied = () => {
      const thief = hubClient(platform.url);
      for (const [name, value] of client.cookies) thief.cookies.set(name, value);
      return thief;
    };
    let thief = copied();
    assert.ok(await isSignedIn(thief));
    const { on } = await withFactor(client);
    assert.ok(!(await isSignedIn(thief)));
    assert.ok(await isSignedIn(client));
    thief = copied();
    await client.fill('/account/second-factor/off', { current_password: goodPassword });
    assert.ok(!(await isSignedIn(thief)));
    thief = copied();
    await client.fill('/account/password', { current_password: goodPassword, password: other });
    assert.ok(!(await isSignedIn(thief)));
    assert.ok(await isSignedIn(client));
    // The forms of a page that comes with the new cookie belong to it.
    assert.match(on.html, /name="form_token"/);
    const again = await newAccount(platform);
    const page = (await withFactor(again.client)).on;
    assert.equal((await again.client.send(page, '/sign-out', {})).to, '/');
    assert.ok(!(await isSignedIn(again.client)));
  });

  it('knows a long password again however its characters are stored', async () => {
    const { client, email } = await newAccount(platform);
    const long = Array.from({ length: 180 }, (_, i) =>
      String.fromCodePoint(0x1f400 + ((i * i) % 251)),
    ).join('');
    const changed = { current_password: goodPassword, password: long };
    assert.equal((await client.fill('/account/password', changed)).to, '/account');
    await signIn(hubClient(platform.url), email, long);
    const longer = { current_password: long, password: `${long}${'x'.repeat(21)}` };
    assert.equal((await client.fill('/account/password', longer)).status, 422);
    const tooLong = hubClient(platform.url);
    const wrong = await tooLong.fill('/sign-in', { email, password: `${long}${'x'.repeat(300)}` });
    assert.equal(wrong.status, 401);
  });

  it('ends the patience of who knows the password and guesses codes, until there is a new password', async () => {
    const { client, email } = await newAccount(platform);
    const { secret } = await withFactor(client);
    const thief = hubClient(platform.url);
    const statuses: number[] = [];
    for (let round = 0; round < 14; round++) {
      ahead += 301_000;
      assert.equal(
        (await thief.fill('/sign-in', { email, password: goodPassword })).to,
        '/sign-in/code',
      );
      for (let time = 0; time < 5; time++)
        statuses.push((await thief.fill('/sign-in/code', { code: '000000' })).status);
    }
    // Sixty with the one that switched it on.
    assert.equal(statuses.filter((one) => one === 401).length, 59);
    assert.ok(statuses.slice(59).every((one) => one === 429));
    await client.fill('/forgotten', { email });
    await client.fill(await linkTo(client, email, '/forgotten/'), { password: other });
    const back = hubClient(platform.url);
    await back.fill('/sign-in', { email, password: other });
    const code = totpCode(secret, systemClock.now() + ahead);
    assert.equal((await back.fill('/sign-in/code', { code })).to, '/welcome');
  });

  it('leaves no page with a name on it in what a browser keeps', async () => {
    const { client } = await newAccount(platform, 'Kept By Nobody');
    const anybody = hubClient(platform.url);
    for (const path of ['/catalogue', '/guides', '/explain', '/products', '/help', '/']) {
      const page = await client.get(path);
      assert.match(page.html, /Kept By Nobody/);
      assert.equal(page.headers.get('cache-control'), 'no-store', path);
      assert.equal(page.headers.get('etag'), null);
      const open = (await anybody.get(path)).headers.get('cache-control');
      assert.equal(open, 'private, no-cache', path);
    }
  });

  it('lets nobody lock an owner out of a browser that was signed in before', async () => {
    atWindow();
    const { client, email } = await newAccount(platform);
    await signOut(client);
    const tried = async (by: HubClient, from: string, password: string) => {
      const page = await by.get('/sign-in');
      return by.send(page, '/sign-in', { email, password }, { 'x-forwarded-for': from });
    };
    for (let n = 0; n < 100; n++)
      assert.equal(
        (await tried(hubClient(platform.url), `192.0.2.${n % 20}`, 'wrong')).status,
        401,
      );
    const stranger = await tried(hubClient(platform.url), '198.51.100.9', goodPassword);
    assert.equal(stranger.status, 429);
    // The same browser, whose cookie opens nothing by itself and takes ten attempts.
    assert.equal((await client.get('/account')).status, 303);
    const thief = hubClient(platform.url);
    thief.cookies.set('gatehouse-hub-known', client.cookies.get('gatehouse-hub-known') ?? '');
    for (let n = 0; n < 9; n++)
      assert.equal((await tried(thief, `203.0.113.${n}`, 'wrong')).status, 401);
    assert.equal((await tried(client, '198.51.100.9', goodPassword)).to, '/welcome');
    // For another account it counts for nothing.
    const other = await newAccount(platform);
    const statuses: number[] = [];
    for (let n = 0; n < 11; n++) {
      const page = await thief.get('/sign-in');
      const fields = { email: other.email, password: 'wrong' };
      const from = { 'x-forwarded-for': '203.0.113.99' };
      statuses.push((await thief.send(page, '/sign-in', fields, from)).status);
    }
    assert.deepEqual(statuses, [...Array<number>(10).fill(401), 429]);
  });

  it('counts all addresses of an IPv6 network as one', async () => {
    atWindow();
    const statuses: number[] = [];
    for (let host = 1; host <= 12; host++) {
      const client = hubClient(platform.url);
      const page = await client.get('/sign-in');
      const fields = { email: 'auditor@gatehouse.example', password: 'a wrong password' };
      const from = { 'x-forwarded-for': `2001:db8:1:2::${host}` };
      statuses.push((await client.send(page, '/sign-in', fields, from)).status);
    }
    assert.deepEqual(statuses, [...Array<number>(10).fill(401), 429, 429]);
  });
});

describe('sessions of the hub', () => {
  it('end all of them, and leave no more than a hundred to begin with', async () => {
    const ground = await administrationGround();
    let time = 1_000_000;
    const sessions = openSessions(ground.store, () => ++time);
    const open = () => sessions.open({ account: 'a', address: '::1', browser: 'A program' });
    const secrets: string[] = [];
    for (let n = 0; n < 110; n++) secrets.push(await open());
    const alive = async () =>
      (await Promise.all(secrets.map((one) => sessions.find(one)))).map((one) => one !== undefined);
    assert.deepEqual(await alive(), [
      ...Array<boolean>(10).fill(false),
      ...Array<boolean>(100).fill(true),
    ]);
    await sessions.endAll('a');
    assert.ok((await alive()).every((one) => !one));
    await ground.end();
  });
});
