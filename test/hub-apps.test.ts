/** Apps and their credentials in the hub over HTTP: register, change, hand over, keys, secrets; who may not, and what is refused. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  linkTo,
  newAccount,
  signedIn,
  textOf,
  type HubClient,
  type HubPage,
} from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

describe('apps of the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let owner: HubClient;
  let admin: HubClient;
  let viewer: HubClient;
  let outsider: HubClient;
  let outsiderEmail: string;
  let team: string;
  let app: string;
  let place: string;

  before(async () => {
    platform = await startTestPlatform({ environment: { LOCAL_ADDRESSES: 'allow' } });
    const make = async (name: string) => newAccount(platform, name);
    const [one, two, three, four] = [
      await make('Olive Owner'),
      await make('Adam Admin'),
      await make('Vera Viewer'),
      await make('Otto Outsider'),
    ];
    [owner, admin, viewer, outsider] = [one.client, two.client, three.client, four.client];
    outsiderEmail = four.email;
    team = (await owner.fill('/teams/new', { name: 'App team' })).to.slice('/teams/'.length);
    for (const [who, role] of [
      [two, 'admin'],
      [three, 'viewer'],
    ] as const) {
      await owner.fill(`/teams/${team}/invite`, { email: who.email, role });
      await who.client.fill(await linkTo(who.client, who.email, '/invitations/'), {});
    }
    app = (await register(owner, { name: 'Ward app' })).to;
    place = `${app}/in/sandbox`;
  });
  after(() => platform.end());

  const fields = (more: Record<string, string> = {}) => ({
    ...{ team, name: 'An app', description: '', kinds: 'point-of-care' },
    ...{ contact: 'ward@example.org', environments: 'sandbox', redirect_uris: '' },
    ...more,
  });
  const register = (by: HubClient, more: Record<string, string> = {}) =>
    by.fill('/apps/new', fields(more));

  it('R041 are registered with name, description, team, environment and a client id of their own', async () => {
    const made = await register(owner, {
      ...{ name: 'Clinic app', description: 'Shows records', environments: 'uat' },
      redirect_uris: 'https://clinic.example.org/callback\nhttp://localhost:3000/callback',
    });
    const page = await owner.get(made.to);
    assert.equal(page.title, 'Clinic app');
    assert.match(page.html, /Shows records/);
    assert.match(page.html, /App team/);
    assert.match(page.html, /UAT[\s\S]*approved[\s\S]*<code class="hub-code">\w{32}</);
    assert.match(
      (await owner.get(`${made.to}/in/uat`)).html,
      /https:\/\/clinic.example.org\/callback/,
    );
    assert.match((await owner.get('/apps')).html, /Clinic app[\s\S]*App team/);
    const production = await owner.fill(`${made.to}/environments`, { environments: 'production' });
    assert.equal(production.to, made.to);
    assert.match((await owner.get(made.to)).html, /Waits for approval/);
  });

  it('tell what is wrong beside the field and keep what was entered', async () => {
    const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ name: '' }, /Enter a name for the app/],
      [{ name: 'x'.repeat(101) }, /at most 100 characters/],
      [{ kinds: 'spaceship' }, /Choose at least one kind/],
      [{ contact: 'nobody' }, /e-mail address/],
      [{ environments: 'moon' }, /at least one environment/],
      [{ team: 'DEMO1' }, /Choose a team of yours/],
      [{ redirect_uris: 'http://evil.example/x' }, /must be https/],
      [{ redirect_uris: 'https://a.example/*' }, /no wildcard/],
      [{ redirect_uris: 'javascript:alert(1)' }, /must be/],
      [{ redirect_uris: 'https://a.example/1\nhttps://a.example/1' }, /each only once/],
      [{ description: 'x'.repeat(4001) }, /at most 4,000/],
    ];
    for (const [sent, told] of wrong) {
      const page = await register(owner, { description: 'Kept text', ...sent });
      assert.equal(page.status, 422, JSON.stringify(sent).slice(0, 80));
      assert.match(page.faults.join(), told);
      assert.match(page.html, /nhsuk-error-message/);
      if (!('description' in sent)) assert.match(page.html, /Kept text/);
    }
  });

  it('show hostile names as text and nothing else', async () => {
    const name = `<img src=x onerror=alert(1)> "'&amp; {{7*7}}`;
    const { to } = await register(owner, { name, description: '</textarea><script>1</script>' });
    for (const path of [to, '/apps', `${to}/in/sandbox`, `${to}/change`]) {
      const { html, headers } = await owner.get(path);
      assert.doesNotMatch(html, /<img src=x|<script/, path);
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
    }
    assert.equal((await owner.get(to)).title, name);
    const made = await owner.fill(`${to}/in/sandbox/keys/make`, { bits: '2048' });
    const file = await owner.get(`${made.to}/file`);
    assert.match(
      file.headers.get('content-disposition') ?? '',
      /^attachment; filename="[\w.-]+\.pem"$/,
    );
  });

  it('R043 are administered by any admin of the team, which keeps its last owner', async () => {
    assert.equal((await admin.fill(`${app}/change`, fields({ name: 'Ward app' }))).status, 303);
    const key = { pasted: ec().publicKey.export({ type: 'spki', format: 'pem' }).toString() };
    assert.equal(
      (await admin.fill(`${place}/keys/new`, { ...key, kid: 'admins-key' })).status,
      303,
    );
    const { html } = await owner.get(`/teams/${team}`);
    const idOf = (name: string) =>
      new RegExp(`${name}[\\s\\S]*?/members/([A-Za-z0-9]{32})`).exec(html)?.[1] ?? '';
    const [olive, vera] = [idOf('Olive Owner'), idOf('Vera Viewer')].map(
      (id) => `/teams/${team}/members/${id}`,
    );
    assert.equal((await owner.fill(olive ?? '', { remove: 'yes' })).status, 409);
    assert.equal((await owner.fill(olive ?? '', { role: 'viewer' })).status, 409);
    assert.equal((await viewer.fill(`${app}/change`, fields())).status, 403);
    assert.equal((await admin.fill(vera ?? '', { role: 'admin' })).status, 303);
    assert.equal((await viewer.fill(`${app}/change`, fields({ name: 'Ward app' }))).status, 303);
    assert.equal((await admin.fill(vera ?? '', { role: 'viewer' })).status, 303);
    assert.equal((await viewer.fill(`${app}/change`, fields())).status, 403);

    await admin.fill(`/teams/${team}/invite`, { email: outsiderEmail, role: 'viewer' });
    await outsider.fill(await linkTo(outsider, outsiderEmail, '/invitations/'), {});
    assert.equal((await outsider.get(app)).status, 200);
    const members = (await owner.get(`/teams/${team}`)).html;
    const [, otto = ''] = /Otto Outsider[\s\S]*?\/members\/([A-Za-z0-9]{32})/.exec(members) ?? [];
    await admin.fill(`/teams/${team}/members/${otto}`, { remove: 'yes' });
    assert.equal((await outsider.get(app)).status, 404);
  });

  it('are seen by viewers, changed by none of them, and not there for others', async () => {
    for (const path of [app, place]) {
      const { status, html } = await viewer.get(path);
      assert.equal(status, 200);
      assert.doesNotMatch(html, /Change the app|Add a public key|Revoke/);
    }
    const sent: readonly (readonly [string, Record<string, string>])[] = [
      [`${app}/change`, fields()],
      [`${app}/environments`, { environments: 'sit' }],
      [`${place}/addresses`, { smart: 'none', redirect_uris: '', origins: '', launch_url: '' }],
      [`${place}/keys/new`, { pasted: pem }],
      [`${place}/keys/make`, { bits: '2048' }],
      [`${place}/keys/address`, { url: 'https://keys.example.org/jwks' }],
      [`${place}/secrets/new`, {}],
      [`${place}/state`, { revoke: 'yes' }],
      [`${app}/owner`, { team }],
    ];
    for (const [path, values] of sent) {
      const token = await viewer.get('/account/name');
      assert.equal((await viewer.send(token, path, values)).status, 403, path);
      const stranger = await outsider.get('/account/name');
      assert.equal((await outsider.send(stranger, path, values)).status, 404, path);
      assert.equal((await outsider.get(path)).status, 404, path);
    }
    for (const path of ['/apps/none', `${app}/in/moon`, `${app}/in/int`, `${app}/in/production`])
      assert.equal((await owner.get(path)).status, 404, path);
    assert.equal((await hubLess(platform, app)).to, `/sign-in?return=${encodeURIComponent(app)}`);
  });

  it('take public keys in every usual form, from a file or a text', async () => {
    const { to } = await register(owner, { name: 'Many keys' });
    const keys = `${to}/in/sandbox/keys/new`;
    const { publicKey } = ec();
    const jwk = ec().publicKey.export({ format: 'jwk' });
    const set = { keys: [{ ...ec().publicKey.export({ format: 'jwk' }), kid: 'in-a-set' }] };
    const pkcs1 = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' });
    for (const content of [
      publicKey.export({ type: 'spki', format: 'pem' }),
      ec().publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(jwk),
      JSON.stringify(set),
      pkcs1,
    ]) {
      const done = await owner.upload(keys, {}, { field: 'file', name: 'key.any', content });
      assert.equal(done.to, `${to}/in/sandbox`, done.faults.join());
    }
    const pasted = ec().publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await owner.fill(keys, { pasted, kid: 'my-own-name' });
    const { html } = await owner.get(`${to}/in/sandbox`);
    for (const kid of ['key-1', 'key-2', 'key-3', 'in-a-set', 'key-4', 'my-own-name'])
      assert.match(html, new RegExp(`>${kid}<`), kid);
    assert.match((await owner.get(`${to}/in/sandbox/keys/check`)).html, /Good/);
  });

  it('tell what is wrong with a key', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    const odd = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['', /Choose a file or paste a key/],
      ['hello!', /This is no key/],
      ['ssh-rsa AAAAB3NzaC1yc2E= me', /for SSH/],
      ['{"kty": "RSA",', /no JSON/],
      ['{"hello": "world"}', /no key/],
      ['{"keys": []}', /no key in it/],
      ['{"kty":"RSA","n":"AQAB","e":"AQAB"}', /modulus/],
      ['-----BEGIN PUBLIC KEY-----\nMIIB', /cut off/],
      ['-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----', /can be read/],
      ['-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----', /request/],
      [weak.export({ type: 'spki', format: 'pem' }).toString(), /1024 bits/],
      [odd.export({ type: 'spki', format: 'pem' }).toString(), /curve/],
    ];
    for (const [pasted, told] of wrong) {
      const page = await owner.fill(`${place}/keys/new`, { pasted, kid: 'kept' });
      assert.equal(page.status, 422, pasted);
      assert.match(page.faults.join(), told, pasted);
    }
    const twice = await owner.fill(`${place}/keys/new`, { pasted: pem, kid: 'a b' });
    assert.match(twice.faults.join(), /kid/);
  });

  it('take nothing of hostile files, and no harm', async () => {
    const keys = `${place}/keys/new`;
    const file = (content: string | Buffer, name = 'key.pem') => ({ field: 'file', name, content });
    const big = await owner.upload(keys, { kid: 'kept-kid' }, file(Buffer.alloc(5_000_000, 'A')));
    assert.equal(big.status, 422);
    assert.match(big.faults.join(), /more than 64 KB/);
    assert.match(big.html, /value="kept-kid"/);
    const huge = await owner.upload(keys, {}, file(Buffer.alloc(9_000_000)));
    assert.equal(huge.status, 413);
    for (const content of [
      Buffer.from([0, 1, 2, 0xff, 0xfe]),
      Buffer.alloc(60_000, 0x30),
      Buffer.concat([Buffer.from('-----BEGIN PUBLIC KEY-----\n'), Buffer.alloc(50_000, 'A')]),
      '['.repeat(20_000),
      `{"keys":${JSON.stringify(Array.from({ length: 500 }, () => ({ kty: 'RSA' })))}}`,
      '{"__proto__":{"kty":"RSA"}}',
    ]) {
      const page = await owner.upload(keys, {}, file(content, '../../<script>.pem'));
      assert.equal(page.status, 422);
      assert.equal(page.faults.length, 1);
      assert.doesNotMatch(page.html, /<script>/);
    }
    const page = await owner.get(keys);
    for (const [type, body] of [
      ['multipart/form-data', 'x'],
      ['multipart/form-data; boundary=b', 'x'],
      ['multipart/form-data; boundary=b', '--b\r\n\r\nx\r\n--b--'],
      [
        'multipart/form-data; boundary=b',
        '--b\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\nx\r\n--b--',
      ],
      [
        'multipart/form-data; boundary=b',
        `${'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'.repeat(60)}--b--`,
      ],
      ['application/json', '{}'],
    ] as const)
      assert.ok((await owner.post(keys, body, { 'content-type': type })).status < 500);
    assert.equal(page.status, 200);
  });

  it('refuse private keys loudly, and keep them nowhere', async () => {
    const { to } = await register(owner, { name: 'Careless' });
    const keys = `${to}/in/sandbox/keys/new`;
    const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const [one, two, three] = [pair(), pair(), ec().privateKey];
    const locked = ec().privateKey.export({
      ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    });
    const secrets: string[] = [];
    const refused = (page: HubPage, text: string) => {
      assert.equal(page.status, 422);
      assert.match(page.faults.join(), /This is a private key. It was not kept/);
      const mark = text.replace(/-----[^-]+-----|\s/g, '').slice(40, 100);
      secrets.push(mark);
      assert.ok(!page.html.includes(mark), 'the page shows it again');
    };
    for (const text of [
      one.export({ type: 'pkcs8', format: 'pem' }).toString(),
      two.export({ type: 'pkcs1', format: 'pem' }).toString(),
      JSON.stringify(three.export({ format: 'jwk' })),
      locked.toString(),
    ]) {
      refused(await owner.fill(keys, { pasted: text }), text);
      refused(await owner.upload(keys, {}, { field: 'file', name: 'k', content: text }), text);
    }
    const der = one.export({ type: 'pkcs8', format: 'der' });
    const page = await owner.upload(keys, {}, { field: 'file', name: 'k.der', content: der });
    assert.match(page.faults.join(), /private key/);

    const burnt = createPublicKey(one).export({ type: 'spki', format: 'pem' }).toString();
    const again = await owner.fill(keys, { pasted: burnt });
    assert.match(again.faults.join(), /can never be used again/);

    const kept = allBytes(platform.dataDir) + platform.logged();
    for (const secret of secrets) assert.ok(!kept.includes(secret), 'it is in a file or the log');
  });

  it('keep no private key over a sign-in either', async () => {
    const { client } = await newAccount(platform, 'Late Comer');
    const page = await client.get('/apps/new');
    client.cookies.delete('gatehouse-hub-session');
    const text = ec().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const away = await client.send(page, `${place}/keys/new`, { pasted: text, kid: 'k' });
    assert.match(away.to, /^\/sign-in\?return=/);
    const withFile = await client.upload(
      '/sign-up',
      {},
      { field: 'file', name: 'k', content: text },
    );
    assert.equal(withFile.status, 415);
    const kept = client.cookies.get('gatehouse-hub-kept') ?? '';
    assert.ok(kept.length < 250, 'the sealed form holds no more than a kid');
  });

  it('have a key pair made, shown once to its maker, however often the button is pressed', async () => {
    const form = await owner.get(`${place}/keys/make`);
    const [one, two] = await Promise.all([
      owner.send(form, `${place}/keys/make`, { bits: '2048', kid: 'made' }),
      owner.send(form, `${place}/keys/make`, { bits: '2048', kid: 'made' }),
    ]);
    assert.equal(one.to, two.to);
    const shown = await owner.get(one.to);
    assert.match(shown.html, /BEGIN PRIVATE KEY/);
    assert.equal(shown.headers.get('cache-control'), 'no-store');
    const file = await owner.get(`${one.to}/file`);
    assert.match(file.html, /^-----BEGIN PRIVATE KEY-----/);
    for (const other of [admin, outsider, await signedIn(platform, 'administrator')])
      assert.equal((await other.get(one.to)).status, 410);
    const text = textOf(/<pre[^>]*>([\s\S]*?)<\/pre>/.exec(shown.html)?.[1] ?? '').slice(40, 90);
    assert.ok(!allBytes(platform.dataDir).includes(text), 'it lies open in the store');
    assert.equal((await owner.fill(one.to, {})).to, place);
    assert.equal((await owner.get(one.to)).status, 410);
    assert.equal((await owner.get(`${one.to}/file`)).status, 410);
    const production = await register(owner, { name: 'Real app', environments: 'production' });
    const refused = await owner.send(form, `${production.to}/in/production/keys/make`, {
      bits: '2048',
    });
    assert.equal(refused.status, 403);
  });

  it('rotate a key: the new one beside the old, then the old one goes', async () => {
    const { to } = await register(owner, { name: 'Rotating' });
    const here = `${to}/in/sandbox`;
    const key = () => ec().publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await owner.fill(`${here}/keys/new`, { pasted: key(), kid: 'old' });
    const only = await owner.get(`${here}/keys/remove/old`);
    assert.match(only.html, /the only key/);
    const token = await owner.get('/account/name');
    assert.equal((await owner.send(token, `${here}/keys/remove/old`, {})).status, 422);
    const before = await owner.get(`${here}/keys/new`);
    await owner.send(before, `${here}/keys/new`, { pasted: key(), kid: 'new' });
    const stale = await owner.send(before, `${here}/keys/new`, { pasted: key(), kid: 'third' });
    assert.equal(stale.status, 409);
    assert.match(stale.faults.join(), /changed this since you opened/);
    assert.match(stale.html, /value="third"/);
    assert.equal((await owner.fill(`${here}/keys/remove/old`, {})).to, here);
    const { html } = await owner.get(here);
    assert.match(html, />new</);
    assert.doesNotMatch(html, />old</);
    assert.equal((await owner.get(`${here}/keys/remove/old`)).status, 404);
  });

  it('read keys from an address, and say what was found there', async () => {
    const jwk = { ...ec().publicKey.export({ format: 'jwk' }), kid: 'from-afar' };
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { to } = await register(owner, { name: 'Far keys' });
      const path = `${to}/in/sandbox/keys/address`;
      const { port } = server.address() as AddressInfo; // it listens on a port
      const good = await owner.fill(path, { url: `http://127.0.0.1:${port}/jwks` });
      assert.equal(good.status, 303, good.faults.join());
      assert.match((await owner.get(good.to)).html, /Good[\s\S]*from-afar/);
      for (const url of ['', 'ftp://x.example/', 'https://u:p@x.example/', 'nonsense']) {
        const page = await owner.fill(path, { url });
        assert.equal(page.status, 422, url);
        assert.match(page.html, /id="url-error"/);
      }
      const nobody = await owner.fill(path, { url: 'http://127.0.0.1:1/jwks' });
      assert.match((await owner.get(nobody.to)).html, /Not usable/);
    } finally {
      server.close();
    }
  });

  it('have two client secrets at most, each shown once, and end them after an overlap', async () => {
    const make = async () => {
      const made = await owner.fill(`${place}/secrets/new`, {});
      return textOf(/<pre[^>]*>([\s\S]*?)<\/pre>/.exec((await owner.get(made.to)).html)?.[1] ?? '');
    };
    const [one, two] = [await make(), await make()];
    assert.match(one, /^[\w-]{43}$/);
    assert.notEqual(one, two);
    const third = await owner.fill(`${place}/secrets/new`, {});
    assert.equal(third.status, 409);
    assert.match(third.faults.join(), /At most 2 secrets/);
    const { html } = await owner.get(place);
    assert.ok(!html.includes(one));
    const [end = ''] = /\/apps\/[^"]+\/secrets\/end\/[^"]+/.exec(html) ?? [];
    assert.match((await owner.fill(end, {})).faults.join(), /Choose when it ends/);
    assert.equal((await owner.fill(end, { overlap: '24h' })).to, place);
    assert.match((await owner.get(place)).html, /Until <time/);
    assert.equal((await owner.get(`${place}/secrets/end/none`)).status, 404);
  });

  it('change their addresses, and tell a form of yesterday from one of today', async () => {
    const path = `${place}/addresses`;
    const sent = {
      redirect_uris: 'https://w.example/cb',
      origins: '',
      launch_url: '',
      smart: 'none',
    };
    const page = await owner.get(path);
    assert.equal((await owner.send(page, path, sent)).to, place);
    const stale = await owner.send(page, path, { ...sent, redirect_uris: 'https://w.example/2' });
    assert.equal(stale.status, 409);
    assert.match(stale.html, /https:\/\/w.example\/2/);
    assert.match((await owner.get(place)).html, /https:\/\/w.example\/cb/);
    for (const [field, value] of [
      ['origins', 'https://w.example/path'],
      ['launch_url', 'http://w.example/launch'],
      ['smart', 'magic'],
    ] as const) {
      const wrong = await owner.fill(path, { ...sent, [field]: value });
      assert.equal(wrong.status, 422);
      assert.match(wrong.html, new RegExp(`id="${field}-error"`));
    }
  });

  it('go to another team with all they have', async () => {
    const other = (await owner.fill('/teams/new', { name: 'Other team' })).to.slice(
      '/teams/'.length,
    );
    const { to } = await register(owner, { name: 'Wanderer' });
    assert.equal((await admin.get(to)).status, 200);
    const page = await owner.get(`${to}/owner`);
    assert.match(page.html, /Other team/);
    const stolen = await admin.fill(`${to}/owner`, { team: other });
    assert.match(stolen.faults.join(), /Choose a team of yours/);
    assert.equal((await owner.send(page, `${to}/owner`, { team: other })).to, to);
    assert.match((await owner.get(to)).html, /Other team/);
    assert.equal((await admin.get(to)).status, 404);
    assert.equal((await owner.send(page, `${to}/owner`, { team })).status, 409);
  });

  it('are approved for production by staff and revoked by their team, after a page that asks', async () => {
    const { to } = await register(owner, { name: 'Going live', environments: 'production' });
    const path = `${to}/in/production/state`;
    assert.equal((await owner.fill(path, { approve: 'yes' })).status, 403);
    const staff = await signedIn(platform, 'operator');
    assert.match((await staff.get('/requests')).html, /Going live/);
    assert.match((await staff.fill(path, {})).faults.join(), /Choose one of the buttons/);
    assert.equal((await staff.fill(path, { approve: 'yes' })).status, 303);
    assert.match((await owner.get(to)).html, /approved/);
    assert.equal((await owner.fill(path, { revoke: 'yes' })).status, 303);
    assert.match((await owner.get(to)).html, /revoked/);
    assert.equal((await owner.fill(path, { approve: 'yes' })).status, 403);
    assert.doesNotMatch((await viewer.get('/requests')).html, /Registrations/);
  });
});

async function hubLess({ url }: TestPlatform, path: string): Promise<{ readonly to: string }> {
  const answer = await fetch(url + path, { redirect: 'manual' });
  return { to: answer.headers.get('location') ?? '' };
}

/** Every byte below a folder, as text. */
function allBytes(dir: string): string {
  return readdirSync(dir)
    .map((name) => join(dir, name))
    .map((path) => (statSync(path).isDirectory() ? allBytes(path) : readFileSync(path, 'latin1')))
    .join('');
}
