/** What is sent to the hub that no page of it would send: forms of others, old, twice, huge, broken; and the answers' own fields. */
import assert from 'node:assert/strict';
import { get } from 'node:http';
import {
  hubClient,
  newAccount,
  signedIn,
  signIn,
  tryOutPassword,
  type HubClient,
} from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('forms of the hub', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let client: HubClient;
  before(async () => {
    platform = await startTestPlatform();
    ({ client } = await newAccount(platform, 'Form Filler'));
  });
  after(() => platform.end());

  const teamNames = async (one = client) =>
    [...(await one.get('/teams')).html.matchAll(/href="\/teams\/[A-Z0-9]{5,12}">([^<]+)</g)].map(
      ([, name]) => name,
    );

  it('are refused without their token and with that of another session, and keep what was entered', async () => {
    const other = await signedIn(platform, 'operator');
    const theirs = await other.get('/teams/new');
    const [, token = ''] = /name="form_token" value="([^"]+)"/.exec(theirs.html) ?? [];
    for (const sent of [
      '',
      `form_token=${token}&`,
      'form_token=&',
      `form_token=${'A'.repeat(43)}&`,
    ]) {
      const page = await client.post('/teams/new', `${sent}name=Forged+team`);
      assert.equal(page.status, 403);
      assert.match(page.faults.join(), /open for too long/);
      assert.match(page.html, /value="Forged team"/);
    }
    assert.ok(!(await teamNames()).includes('Forged team'));
  });

  it('are refused from another site, whatever token they bear', async () => {
    const page = await client.get('/teams/new');
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `${platform.url}.evil.example` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[]) {
      const answer = await client.send(page, '/teams/new', { name: 'Foreign team' }, headers);
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.doesNotMatch(answer.html, /Foreign team/);
    }
    assert.ok(!(await teamNames()).includes('Foreign team'));
    const own = { origin: platform.url, 'sec-fetch-site': 'same-origin' };
    assert.equal((await client.send(page, '/teams/new', { name: 'Own team' }, own)).status, 303);
  });

  it('that make something make it once, sent twice or at the same moment', async () => {
    const page = await client.get('/teams/new');
    const send = () => client.send(page, '/teams/new', { name: 'Only team' });
    const [one, two] = await Promise.all([send(), send()]);
    const three = await send();
    assert.deepEqual([one.status, two.status, three.status], [303, 303, 303]);
    assert.equal(new Set([one.to, two.to, three.to]).size, 1);
    assert.equal((await teamNames()).filter((name) => name === 'Only team').length, 1);
  });

  it('that were wrong at first can be put right and sent again', async () => {
    const page = await client.get('/teams/new');
    const wrong = await client.send(page, '/teams/new', { name: '' });
    assert.deepEqual(wrong.faults, ['Enter a name for the team']);
    const right = await client.send(wrong, '/teams/new', { name: 'Corrected team' });
    assert.equal(right.status, 303);
  });

  it('of a page that somebody changed meanwhile change nothing, and keep what was entered', async () => {
    const made = await client.fill('/teams/new', { name: 'Stale team' });
    const first = await client.get(`${made.to}/change`);
    const path = `${made.to}/change`;
    assert.equal((await client.fill(path, { name: 'Changed first' })).status, 303);
    const late = await client.send(first, path, { name: 'Changed late' });
    assert.equal(late.status, 409);
    assert.match(late.faults.join(), /Somebody has changed this/);
    assert.match(late.html, /value="Changed late"/);
    assert.match((await client.get(made.to)).html, /<h1>Changed first<\/h1>/);
  });

  it('sent when the session had ended come back filled in after the sign-in', async () => {
    const mine = hubClient(platform.url);
    const password = tryOutPassword(platform);
    await signIn(mine, 'operator@gatehouse.example', password);
    const page = await mine.get('/teams/new');
    mine.cookies.delete('gatehouse-hub-session');
    const lost = await mine.send(page, '/teams/new', { name: 'Kept & typed' });
    assert.equal(lost.to, '/sign-in?return=%2Fteams%2Fnew');
    const signing = await mine.get(lost.to);
    assert.match(signing.html, /What you entered is kept/);
    const fields = { email: 'operator@gatehouse.example', password };
    const back = await mine.send(signing, '/sign-in', fields);
    const again = await mine.get(back.to);
    assert.match(again.html, /value="Kept &amp; typed"/);
    assert.equal((await mine.send(again, '/teams/new', { name: 'Kept & typed' })).status, 303);
    assert.doesNotMatch((await mine.get('/teams/new')).html, /value="Kept/);
  });

  it('that no browser sends are refused with less than 500', async () => {
    const token = /name="form_token" value="([^"]+)"/.exec(
      (await client.get('/teams/new')).html,
    )?.[1];
    const broken: [number, string, Record<string, string>?][] = [
      [413, `form_token=${token}&name=${'a'.repeat(5_000_000)}`],
      [422, `form_token=${token}&name=${'a'.repeat(60_000)}`],
      [400, 'name=%'],
      [400, 'name=%c3%28'],
      [400, 'name=%ff%fe'],
      [400, 'name=a%00b'],
      [400, 'name=ä'],
      [400, '__proto__=1'],
      [400, '=1'],
      [400, 'a=1&'.repeat(500)],
      [415, '{}', { 'content-type': 'application/json' }],
      [415, 'name=a', { 'content-type': 'application/x-www-form-urlencoded; charset=utf-16' }],
      [415, 'name=a', { 'content-type': 'multipart/form-data; boundary=x' }],
      [403, ''],
      [403, 'constructor=1&toString=2&form_token[]=x'.replace('[]', '')],
    ];
    for (const [status, body, headers] of broken) {
      const page = await client.post('/teams/new', body, headers);
      assert.equal(page.status, status, body.slice(0, 40));
      assert.doesNotMatch(page.html, /\.ts:|at .*\(|Error:\s+at/);
    }
    assert.equal((await client.get('/teams')).status, 200);
  });

  it('and addresses that are not there are answered as pages', async () => {
    for (const path of [
      '/teams/TNOWHERE',
      '/teams/%00',
      '/teams/%c3%28',
      `/teams/${'x'.repeat(3000)}`,
      '/account/nothing',
      '/assets/none.css',
      '/teams/a/b/c/d/e',
    ]) {
      const page = await client.get(path);
      assert.equal(page.status, 404, path.slice(0, 40));
      assert.equal(page.title, 'Page not found');
    }
    const put = await fetch(`${platform.url}/teams`, { method: 'PUT', body: 'x' });
    assert.equal(put.status, 405);
    await put.text();
  });

  it('and cookies of any kind do no harm', async () => {
    for (const cookie of [
      'gatehouse-hub-session=',
      'gatehouse-hub-session=../../etc/passwd',
      `gatehouse-hub-session=${'A'.repeat(4000)}`,
      'gatehouse-hub-session=a; gatehouse-hub-session=b',
      'gatehouse-hub-told=%%%; gatehouse-hub-kept=x.y.z.w; gatehouse-hub-second=q',
      'gatehouse-hub-visit=<script>',
    ]) {
      const page = await client.get('/sign-in', { cookie });
      assert.equal(page.status, 200, cookie.slice(0, 60));
      assert.doesNotMatch(page.html, /<script/);
    }
  });

  it('come with a policy that lets nothing in, are kept by nobody where they are personal, and files for ever', async () => {
    const page = await client.get('/account');
    assert.equal(page.headers.get('cache-control'), 'no-store');
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.equal(page.headers.get('referrer-policy'), 'same-origin');
    assert.doesNotMatch(page.html, /<script|\sstyle=|\son[a-z]+=|https?:\/\/(?!localhost)/);
    const href = /<link rel="stylesheet" href="([^"]+)"/.exec(page.html)?.[1] ?? '';
    assert.match(href, /^\/assets\/styles-[0-9a-f]{12}\.css$/);
    const file = await fetch(platform.url + href);
    assert.match(file.headers.get('cache-control') ?? '', /immutable/);
    const css = await file.text();
    assert.doesNotMatch(css, /@font-face|url\(["']?(https?:|data:|\/\/)|@import/);
    const icons = new Set([...css.matchAll(/url\("([^"]+)"\)/g)].map(([, one = '']) => one));
    assert.ok(icons.size > 0);
    for (const icon of icons) assert.equal((await fetch(platform.url + icon)).status, 200, icon);
  });

  it('show the outbox and the accounts to try to this machine alone, and under its own name', async () => {
    const under = (host: string, path: string) =>
      new Promise<[number, string]>((resolve, reject) => {
        get(platform.url + path, { headers: { host } }, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => {
            resolve([response.statusCode ?? 0, text]);
          });
        }).on('error', reject);
      });
    const [status] = await under('evil.example', '/outbox');
    assert.equal(status, 404);
    const [, page] = await under('evil.example', '/sign-in');
    assert.ok(!page.includes(tryOutPassword(platform)));
    const [, own] = await under('localhost:1', '/sign-in');
    assert.ok(own.includes(tryOutPassword(platform)));
  });
});
