/** Accounts of the developer hub over HTTP: from sign-up to a new password, and what strangers try. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { searchAudit } from '../server/audit/search.ts';
import { administratorCollection } from '../server/catalogue/people.ts';
import { qrCode } from '../server/portal/qr-code.ts';
import { totpCode } from '../server/portal/totp.ts';
import {
  goodPassword,
  hubClient,
  linkTo,
  newAccount,
  signedIn,
  signIn,
  signOut,
  textOf,
  tryOutPassword,
} from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('accounts of the hub', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let ahead = 0;
  before(async () => {
    platform = await startTestPlatform({
      clock: { now: () => systemClock.now() + ahead, newId: () => systemClock.newId() },
    });
  });
  after(() => platform.end());
  afterEach(() => {
    ahead = 0;
  });

  const deeds = async () => {
    const found: { action: string; status: number; user: string }[] = [];
    for await (const { action, status, user } of searchAudit(join(platform.dataDir, 'audit'), {}))
      found.push({ action, status, user });
    return found;
  };

  describe('signing up', () => {
    it('R001 R006 leads from a form over a link with a button to an account with a team, and is in the audit', async () => {
      const client = hubClient(platform.url);
      const fields = { name: 'Ada Example', email: 'Ada@Example.org', password: goodPassword };
      assert.equal(
        (await client.fill('/sign-up', { ...fields, terms: 'yes' })).to,
        '/sign-up/sent',
      );
      assert.match((await client.get('/sign-up/sent')).html, /We have sent a message/);
      const link = await linkTo(client, 'Ada@Example.org', '/sign-up/confirm/');
      // A scanner of mails opens the link: that alone uses nothing.
      for (let opened = 0; opened < 2; opened++)
        assert.equal((await client.get(link)).title, 'Confirm your e-mail address');
      const before = client.cookies.get('gatehouse-hub-visit');
      assert.equal((await client.fill(link, {})).to, '/welcome');
      assert.ok(before !== undefined && !client.cookies.has('gatehouse-hub-visit'));
      const welcome = await client.get('/welcome');
      assert.equal(welcome.title, 'Hello, Ada Example');
      assert.match((await client.get('/account')).html, /Team of Ada Example/);
      assert.match((await client.get('/account')).html, /Ada@Example\.org/);
      const done = (await deeds()).map(({ action }) => action);
      for (const action of ['person.create', 'account.create', 'team.create', 'account.sign-in'])
        assert.ok(done.includes(action), action);
    });

    it('tells each fault beside its field and in the summary, and keeps what was entered but the password', async () => {
      const client = hubClient(platform.url);
      const page = await client.fill('/sign-up', {
        name: '<b>Bo</b>',
        email: 'bo',
        password: 'short pass',
      });
      assert.equal(page.status, 422);
      assert.deepEqual(page.faults, [
        'Enter an e-mail address in the form name@example.org',
        'Enter a password of 12 characters or more',
        'Tick the box: accounts are for work with invented people only',
      ]);
      assert.match(page.html, /<title>Error: Create an account/);
      assert.match(page.html, /id="email-error"/);
      assert.match(page.html, /href="#email"/);
      assert.match(page.html, /value="&lt;b&gt;Bo&lt;\/b&gt;"/);
      assert.doesNotMatch(page.html, /short pass/);
    });

    it('refuses passwords that are guessed first', async () => {
      const client = hubClient(platform.url);
      for (const password of [
        'password12345',
        'qwertyuiopas',
        'aaaaaaaaaaaa',
        'abc1abc1abc1',
        'Tom Tester and more',
      ]) {
        const fields = { name: 'Tom Tester', email: 'tom@example.org', password, terms: 'yes' };
        const page = await client.fill('/sign-up', fields);
        assert.equal(page.status, 422, password);
      }
    });

    it('R010 takes a link once, in time, gives an account that is not confirmed nothing, and tells a stranger nothing', async () => {
      const client = hubClient(platform.url);
      const sign = (email: string) =>
        client.fill('/sign-up', { name: 'Cy', email, password: goodPassword, terms: 'yes' });
      await sign('cy@example.org');
      const link = await linkTo(client, 'cy@example.org', '/sign-up/confirm/');
      // Until it has been opened there is nothing to sign in with, and nobody to give a key or a secret to.
      const early = { email: 'cy@example.org', password: goodPassword };
      assert.notEqual((await client.fill('/sign-in', early)).to, '/welcome');
      for (const path of ['/apps/new', '/apps', '/account', '/subscriptions/new'])
        assert.match((await client.get(path)).to, /^\/sign-in/, path);
      assert.equal((await client.fill(link, {})).to, '/welcome');
      const used = await client.get(link);
      assert.equal(used.status, 410);
      assert.match(used.html, /used already/);
      await signOut(client);
      await sign('cy2@example.org');
      const late = await linkTo(client, 'cy2@example.org', '/sign-up/confirm/');
      ahead = 25 * 3_600_000;
      assert.match((await client.get(late)).html, /expired/);
      assert.equal((await client.get('/sign-up/confirm/made-up')).status, 404);
      assert.equal((await client.get(late.replace('/sign-up/confirm', '/forgotten'))).status, 404);
    });

    it('asks for the password where the link is opened in another browser, so that nobody confirms for a stranger', async () => {
      const stranger = hubClient(platform.url);
      const fields = {
        name: 'Eve',
        email: 'victim@example.org',
        password: goodPassword,
        terms: 'yes',
      };
      await stranger.fill('/sign-up', fields);
      const victim = hubClient(platform.url);
      const link = await linkTo(victim, 'victim@example.org', '/sign-up/confirm/');
      assert.match((await victim.get(link)).html, /type="password"/);
      assert.equal((await victim.fill(link, {})).status, 422);
      assert.equal((await victim.fill(link, { password: 'another long password' })).status, 422);
      assert.equal((await victim.fill(link, { password: goodPassword })).to, '/welcome');
    });

    it('makes one account of two links for one address', async () => {
      const client = hubClient(platform.url);
      const links: string[] = [];
      for (let time = 0; time < 2; time++) {
        await client.fill('/sign-up', {
          name: 'Di',
          email: 'di@example.org',
          password: goodPassword,
          terms: 'yes',
        });
        links.push(await linkTo(client, 'di@example.org', '/sign-up/confirm/'));
      }
      const [first = '', second = ''] = links;
      const pages = await Promise.all([first, second].map((link) => client.get(link)));
      const results = await Promise.all(
        pages.map((page, index) => hubWith(client).send(page, links[index] ?? '', {})),
      );
      assert.deepEqual(results.map(({ status }) => status).sort(), [303, 410]);
    });

    /** The same browser, with its cookies as they are now. */
    const hubWith = (client: ReturnType<typeof hubClient>) => {
      const copy = hubClient(platform.url);
      for (const [name, value] of client.cookies) copy.cookies.set(name, value);
      return copy;
    };
  });

  describe('what is told of an address', () => {
    it('R009 is what is wrong with it, and else the same for known and unknown ones, at sign-up, reset and sign-in', async () => {
      const known = 'developer@gatehouse.example';
      const unknown = 'nobody-at-all@example.org';
      const client = hubClient(platform.url);
      const answers = async (email: string) => {
        const up = await client.fill('/sign-up', {
          name: 'X',
          email,
          password: goodPassword,
          terms: 'yes',
        });
        const reset = await client.fill('/forgotten', { email });
        const wrong = await client.fill('/sign-in', { email, password: 'a wrong password' });
        return [up, reset, wrong].map(({ status, to, faults }) => ({ status, to, faults }));
      };
      for (const [email, fault] of [
        ['', 'Enter an e-mail address'],
        ['bo', 'Enter an e-mail address in the form name@example.org'],
        ['bo@', 'Enter an e-mail address in the form name@example.org'],
      ] as const) {
        const fields = { name: 'X', email, password: goodPassword, terms: 'yes' };
        const page = await client.fill('/sign-up', fields);
        assert.deepEqual([page.status, page.faults], [422, [fault]], email);
      }
      const [ofKnown, ofUnknown] = [await answers(known), await answers(unknown)];
      assert.deepEqual(ofKnown, ofUnknown);
      assert.match((await client.get('/outbox')).html, /You have an account already/);
      assert.match(
        (await client.get('/outbox')).html,
        /There is no account with this e-mail address/,
      );
    });
  });

  describe('signing in', () => {
    it('gives a new session whatever the browser held before, and ends the old one', async () => {
      const client = hubClient(platform.url);
      const planted = 'A'.repeat(43);
      client.cookies.set('gatehouse-hub-session', planted);
      await signIn(client, 'auditor@gatehouse.example', tryOutPassword(platform));
      const first = client.cookies.get('gatehouse-hub-session');
      assert.notEqual(first, planted);
      const old = hubClient(platform.url);
      old.cookies.set('gatehouse-hub-session', first ?? '');
      await signOut(client);
      assert.equal((await old.get('/account')).to, '/sign-in?return=%2Faccount');
    });

    it('sets a cookie that no script reads', async () => {
      const client = hubClient(platform.url);
      const done = await signIn(client, 'auditor@gatehouse.example', tryOutPassword(platform));
      const [cookie = ''] = done.headers
        .getSetCookie()
        .filter((one) => one.includes('hub-session='));
      assert.match(cookie, /; Path=\/; HttpOnly; SameSite=Lax; Max-Age=43200$/);
    });

    it('R097 is asked for by pages that need it, which one comes back to, and by no page that explains', async () => {
      const open = [
        '/',
        '/catalogue',
        '/products',
        '/status',
        '/guides',
        '/try',
        '/help',
        '/start',
      ];
      for (const path of open)
        assert.equal((await hubClient(platform.url).get(path)).status, 200, path);
      const closed = ['/apps', '/teams', '/account', '/subscriptions', '/requests', '/operations'];
      for (const path of [...closed, '/teams/new?x=1']) {
        const client = hubClient(platform.url);
        const led = await client.get(path);
        assert.deepEqual([led.status, led.to.split('?', 1)[0]], [303, '/sign-in'], path);
        const fields = { email: 'operator@gatehouse.example', password: tryOutPassword(platform) };
        const form = await client.get(led.to);
        assert.equal((await client.send(form, '/sign-in', fields)).to, path);
        assert.equal((await client.get(path)).status, 200, path);
      }
    });

    it('goes on where one wanted to go, and never to another site', async () => {
      for (const [back, to] of [
        ['/teams?x=1', '/teams?x=1'],
        ['//evil.example', '/welcome'],
        ['/\\evil.example', '/welcome'],
        ['https://evil.example/', '/welcome'],
        ['/teams\r\nset-cookie: a=b', '/welcome'],
      ] as const) {
        const client = hubClient(platform.url);
        const page = await client.get(`/sign-in?return=${encodeURIComponent(back)}`);
        const fields = { email: 'auditor@gatehouse.example', password: tryOutPassword(platform) };
        assert.equal((await client.send(page, '/sign-in', fields)).to, to, back);
      }
    });

    it('makes an account wait after ten wrong passwords at an address, also for the right one, until a new one is set', async () => {
      const { email } = await newAccount(platform);
      const client = hubClient(platform.url);
      const attempt = (password: string) => client.fill('/sign-in', { email, password });
      for (let time = 0; time < 10; time++)
        assert.equal((await attempt('wrong wrong wrong')).status, 401);
      const waits = await attempt(goodPassword);
      assert.equal(waits.status, 429);
      assert.match(waits.faults.join(), /Too many attempts. Try again in \d+ (seconds|minutes)/);
      await client.fill('/forgotten', { email });
      const link = await linkTo(client, email, '/forgotten/');
      assert.equal((await client.fill(link, { password: 'four loud badgers dig' })).to, '/sign-in');
      assert.equal((await attempt('four loud badgers dig')).status, 303);
    });

    it('ends by itself after an hour without use, and after twelve hours in use', async () => {
      const idle = await signedIn(platform, 'auditor');
      ahead = 61 * 60_000;
      assert.equal((await idle.get('/account')).status, 303);
      ahead = 0;
      const used = await signedIn(platform, 'auditor');
      for (ahead = 0; ahead < 12 * 3_600_000; ahead += 30 * 60_000)
        assert.equal((await used.get('/account')).status, 200, String(ahead));
      ahead = 12 * 3_600_000 + 60_000;
      assert.equal((await used.get('/account')).status, 303);
    });

    it('is over at once for a person whom the management API has revoked', async () => {
      const { client } = await newAccount(platform);
      const people = platform.store.open(administratorCollection);
      const { items } = await people.find({ index: 'all', equals: ['all'], limit: 500 });
      const stored = [...items].sort((a, b) => b.commit - a.commit)[0];
      assert.ok(stored);
      const revoked = { ...stored.value, state: 'revoked' as const };
      await people.put(stored.id, revoked, { expected: stored.version });
      assert.equal((await client.get('/account')).status, 303);
    });

    it('shows where one is signed in, and ends one session or all others', async () => {
      const { client, email } = await newAccount(platform);
      const [second, third] = [hubClient(platform.url), hubClient(platform.url)];
      await signIn(second, email, goodPassword);
      await signIn(third, email, goodPassword);
      const page = await client.get('/account/sessions');
      const ids = [...page.html.matchAll(/name="session" value="([^"]+)"/g)].map(
        ([, id = '']) => id,
      );
      assert.equal(ids.length, 3);
      assert.ok(!ids.includes(client.cookies.get('gatehouse-hub-session') ?? ''));
      await client.send(page, '/account/sessions', { session: '' });
      assert.equal((await second.get('/account')).status, 303);
      assert.equal((await third.get('/account')).status, 303);
      assert.equal((await client.get('/account')).status, 200);
      // somebody else's session is nothing to end
      const other = await signedIn(platform, 'operator');
      const theirs = await other.get('/account/sessions');
      const [, id = ''] = /name="session" value="([^"]+)"/.exec(theirs.html) ?? [];
      await client.send(await client.get('/account/sessions'), '/account/sessions', {
        session: id,
      });
      assert.equal((await other.get('/account')).status, 200);
    });
  });

  describe('the second factor', () => {
    it('is switched on with a code, asked for at sign-in, and takes each code and recovery code once', async () => {
      const { client, email } = await newAccount(platform);
      assert.equal(
        (await client.fill('/account/second-factor', { current_password: 'not my password' }))
          .status,
        422,
      );
      const begun = await client.fill('/account/second-factor', { current_password: goodPassword });
      assert.equal(begun.to, '/account/second-factor/app');
      const page = await client.get('/account/second-factor/app');
      const secret =
        /secret=([A-Z2-7]{32})/.exec(textOf(page.html.replaceAll('href="', '>')))?.[1] ?? '';
      const label = 'QR code of the key that stands below it';
      const address = textOf(/href="(otpauth:[^"]+)"/.exec(page.html)?.[1] ?? '');
      assert.ok(page.html.includes(qrCode(address, label)?.text ?? 'no code'));
      assert.ok(textOf(page.html).includes((secret.match(/.{4}/g) ?? []).join(' ')));
      assert.equal(
        (await client.send(page, '/account/second-factor/app', { code: '000000' })).status,
        422,
      );
      const now = () => systemClock.now() + ahead;
      const code = totpCode(secret, now());
      const on = await client.send(page, '/account/second-factor/app', { code });
      assert.equal(on.title, 'The second factor is on');
      const [, recovery = ''] = />([a-z2-7]{5}-[a-z2-7]{5})</.exec(on.html) ?? [];

      const enter = async (value: string) => {
        const other = hubClient(platform.url);
        const password = await other.fill('/sign-in', { email, password: goodPassword });
        assert.equal(password.to, '/sign-in/code');
        assert.equal((await other.get('/account')).status, 303, 'signed in without a code');
        return other.fill('/sign-in/code', { code: value });
      };
      assert.equal((await enter(code)).status, 401, 'the code that switched it on');
      ahead = 60_000;
      const next = totpCode(secret, now());
      assert.equal((await enter(next)).to, '/welcome');
      assert.equal((await enter(next)).status, 401, 'a code twice');
      assert.equal((await enter(recovery)).to, '/welcome');
      assert.equal((await enter(recovery)).status, 401, 'a recovery code twice');
      const accounts = platform.store.open<unknown>({
        name: 'portal.accounts',
        keys: () => ({ all: [['all']] }),
      });
      const { items } = await accounts.find({ index: 'all', equals: ['all'], limit: 500 });
      const stored = items.map(({ text }) => text).join();
      assert.ok(!stored.includes(secret) && !stored.includes(recovery));
    });

    it('lets nobody guess on: five codes in five minutes', async () => {
      const { client, email } = await newAccount(platform);
      await client.fill('/account/second-factor', { current_password: goodPassword });
      const page = await client.get('/account/second-factor/app');
      const secret = /secret=([A-Z2-7]{32})/.exec(page.html)?.[1] ?? '';
      const code = totpCode(secret, systemClock.now());
      await client.send(page, '/account/second-factor/app', { code });
      const other = hubClient(platform.url);
      await other.fill('/sign-in', { email, password: goodPassword });
      const statuses = [];
      for (let time = 0; time < 6; time++)
        statuses.push((await other.fill('/sign-in/code', { code: '123 456' })).status);
      assert.equal(statuses.at(-1), 429);
      assert.ok(statuses.slice(0, 4).every((status) => status === 401));
    });
  });

  describe('a forgotten password', () => {
    it('is set anew by a link that works once, and ends every session', async () => {
      const { client, email } = await newAccount(platform);
      const stranger = hubClient(platform.url);
      await stranger.fill('/forgotten', { email });
      const link = await linkTo(stranger, email, '/forgotten/');
      assert.equal((await stranger.fill(link, { password: 'too short' })).status, 422);
      assert.equal(
        (await stranger.fill(link, { password: 'six brave herons wade' })).to,
        '/sign-in',
      );
      assert.equal((await stranger.get(link)).status, 410);
      assert.equal((await client.get('/account')).status, 303);
      assert.match((await stranger.get('/outbox')).html, /a new password was set/);
    });

    it('is not set by an older link once it has been changed', async () => {
      const { client, email } = await newAccount(platform);
      await hubClient(platform.url).fill('/forgotten', { email });
      const link = await linkTo(client, email, '/forgotten/');
      ahead = 1000;
      const fields = { current_password: goodPassword, password: 'nine calm cranes rest' };
      assert.equal((await client.fill('/account/password', fields)).to, '/account');
      assert.equal((await client.get(link)).status, 410);
    });
  });

  describe('the profile', () => {
    it('changes the address only with the password and the link in the message, and tells the old address', async () => {
      const { client, email } = await newAccount(platform);
      const fresh = `new-${email}`;
      const refused = await client.fill('/account/email', {
        email: fresh,
        current_password: 'guessed guess',
      });
      assert.deepEqual(refused.faults, ['This is not your password']);
      assert.match(refused.html, new RegExp(`value="${fresh}"`));
      await client.fill('/account/email', { email: fresh, current_password: goodPassword });
      const link = await linkTo(client, fresh, '/account/email/');
      const other = await signedIn(platform, 'operator');
      assert.equal((await other.get(link)).status, 403);
      assert.equal((await client.fill(link, {})).to, '/account');
      await signIn(hubClient(platform.url), fresh, goodPassword);
      assert.equal(
        (await hubClient(platform.url).fill('/sign-in', { email, password: goodPassword })).status,
        401,
      );
      const outbox = (await client.get('/outbox')).html;
      assert.ok(
        outbox.includes(`To ${email},`) && outbox.includes('the e-mail address was changed'),
      );
    });

    it('does not take an address that has an account', async () => {
      const { client } = await newAccount(platform);
      const taken = 'auditor@gatehouse.example';
      await client.fill('/account/email', { email: taken, current_password: goodPassword });
      const link = await linkTo(client, taken, '/account/email/');
      const page = await client.fill(link, {});
      assert.notEqual(page.status, 303);
      assert.ok(page.status < 500);
      await signIn(hubClient(platform.url), taken, tryOutPassword(platform));
    });

    it('shows a name with markup as text, everywhere', async () => {
      const { client } = await newAccount(platform);
      await client.fill('/account/name', { name: '<script>alert(1)</script>"\'' });
      for (const path of ['/account', '/welcome', '/teams', '/account/name']) {
        const { html } = await client.get(path);
        assert.doesNotMatch(html, /<script/);
        assert.match(html, /&lt;script&gt;/);
      }
    });

    it('lists every subscription of the teams', async () => {
      const client = await signedIn(platform, 'developer');
      const { html } = await client.get('/account');
      assert.match(html, /PDS, application-restricted/);
      assert.match(html, /Demo team/);
      const { client: stranger } = await newAccount(platform);
      assert.doesNotMatch((await stranger.get('/account')).html, /PDS, application-restricted/);
    });
  });

  it('that are there from the start leave the first administrator their credential', () => {
    assert.match(readFileSync(join(platform.dataDir, 'administrator.json'), 'utf8'), /privateKey/);
  });

  it('enters failed attempts in the audit without the address that was typed', async () => {
    await hubClient(platform.url).fill('/sign-in', {
      email: 'typed@example.org',
      password: 'wrong wrong',
    });
    const found = await deeds();
    assert.ok(found.some(({ action, status }) => action === 'account.sign-in' && status === 401));
    for await (const line of searchAudit(join(platform.dataDir, 'audit'), {}))
      assert.doesNotMatch(JSON.stringify(line), /typed@example/);
    assert.doesNotMatch(platform.logged(), /typed@example|@gatehouse\.example/);
  });
});

describe('the hub of a live installation', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform({
      withoutDefaults: true,
      environment: { INSTALLATION: 'live', PUBLIC_URL: 'https://hub.example' },
    });
  });
  after(() => platform.end());

  it('sets cookies of this host alone, over https alone', async () => {
    const page = await hubClient(platform.url).get('/sign-up');
    const [cookie = ''] = page.headers.getSetCookie();
    assert.match(cookie, /^__Host-gatehouse-hub-visit=.*; Path=\/; HttpOnly; .*; Secure$/);
  });

  it('has no outbox to look into and no accounts to try', async () => {
    const client = hubClient(platform.url);
    assert.equal((await client.get('/outbox')).status, 404);
    assert.doesNotMatch((await client.get('/sign-in')).html, /Accounts to try/);
    assert.doesNotMatch(platform.welcome().join(), /accounts to try/);
    const fields = { email: 'developer@gatehouse.example', password: 'some long password' };
    assert.equal((await client.fill('/sign-in', fields)).status, 401);
  });

  it('lets a visitor sign up, with the message in the outbox of the management API', async () => {
    const fields = { name: 'Liv', email: 'liv@example.org', password: goodPassword, terms: 'yes' };
    const page = await hubClient(platform.url).fill('/sign-up', fields);
    assert.equal(page.to, '/sign-up/sent');
    const mails = platform.store.open<unknown>({ name: 'observe.mail', keys: () => ({}) });
    assert.equal(await mails.count(), 1);
  });
});
