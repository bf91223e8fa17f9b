/** Try it over HTTP, as a browser without script: open lane, keys, tokens of apps and people, certificates. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSealer } from '../server/auth/sealing.ts';
import { randomKey } from '../server/key-files.ts';
import { tryTokenCollection } from '../server/portal/try-tokens.ts';
import {
  hubClient,
  newAccount,
  signedIn,
  textOf,
  tryOutPassword,
  type HubClient,
} from './hub-ground.ts';
import { fieldFor, fieldsIn, optionsOf, partOf, tryIt } from './hub-try-ground.ts';
import { Browser } from './sign-in-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const patient = '/try/personal-demographics/getPatient';
const hello = (name: string) => `/try/hello-world/hello-${name}`;

describe('Try it', () => {
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  it('lists the operations of each API', async () => {
    const { html, status } = await hubClient(platform.url).get('/try');
    assert.equal(status, 200);
    for (const path of [patient, hello('world')]) assert.ok(html.includes(`href="${path}"`), path);
  });

  it('R025 leads from the page of each operation to its console', async () => {
    const client = hubClient(platform.url);
    const { html } = await client.get('/try');
    const consoles = [...html.matchAll(/href="\/try\/([^/"]+)\/([^/"]+)"/g)];
    assert.ok(consoles.length > 10);
    for (const [, api = '', operation = ''] of consoles) {
      const page = await client.get(`/catalogue/${api}/operations/${operation}`);
      assert.ok(page.html.includes(`href="/try/${api}/${operation}"`), `${api} ${operation}`);
      const console = await client.get(`/try/${api}/${operation}`);
      assert.match(console.title, /^Try [A-Z]+ \//);
    }
  });

  it('calls the open lane for a stranger, and answers as the API itself does', async () => {
    const answer = partOf(await tryIt(hubClient(platform.url), patient), 'try-answer');
    const direct = await platform.call('/Patient/9000000009');
    assert.match(answer, /^Response: 200 OK/);
    assert.match(answer, /[\d.]+ ms/);
    assert.match(answer, /content-type: application\/fhir\+json/);
    const body = answer.slice(answer.indexOf('Body\n') + 5, answer.lastIndexOf('}') + 1);
    assert.deepEqual(JSON.parse(body), direct.json);
  });

  it('R002 sends real calls for who is signed in, answered as outside the browser', async () => {
    const client = await signedIn(platform, 'developer');
    const sent = partOf(await tryIt(client, patient, { subscription: '' }), 'try-answer');
    const direct = await platform.call('/Patient/9000000009');
    assert.match(sent, new RegExp(`^Response: ${direct.status} `));
    const body = sent.slice(sent.indexOf('Body\n') + 5, sent.lastIndexOf('}') + 1);
    assert.deepEqual(JSON.parse(body), direct.json);
  });

  it('R038 shows the exact request, which gives the same answer on a command line', async function () {
    const page = await tryIt(hubClient(platform.url), patient);
    const request = partOf(page, 'try-request');
    const [, path = ''] = /GET (\S+) HTTP\/1\.1/.exec(request) ?? [];
    const id = /X-Request-ID: (\S+)/.exec(request)?.[1] ?? '';
    assert.match(id, /^[0-9a-f-]{36}$/);
    const again = await fetch(platform.url + path, { headers: { 'x-request-id': id } });
    assert.equal(again.status, 200);
    const [, command = ''] = /(curl '[^]*?'(?: \\\n {2}-H '[^\n]*')*)/.exec(request) ?? [];
    const { stdout } = await run('bash', ['-c', command]).catch((error: unknown) => {
      if ((error as { code?: unknown }).code === 'ENOENT') this.skip(); // what execFile rejects with
      throw error;
    });
    const answer = partOf(page, 'try-answer');
    const body = answer.slice(answer.indexOf('Body\n') + 5, answer.lastIndexOf('}') + 1);
    assert.deepEqual(JSON.parse(stdout), JSON.parse(body));
  });

  it('changes the request with the values, and says beside the field what is wrong', async () => {
    const client = hubClient(platform.url);
    const page = await client.get(patient);
    const id = fieldFor(page, 'id');
    const role = fieldFor(page, 'NHSD-Session-URID');
    const other = await client.send(page, patient, {
      ...fieldsIn(page),
      [id]: '9000000017',
      preview: 'yes',
    });
    assert.match(partOf(other, 'try-request'), /Patient\/9000000017/);
    const wrong = await client.send(page, patient, {
      ...fieldsIn(page),
      [id]: '',
      [role]: 'seven',
    });
    assert.equal(wrong.status, 422);
    assert.deepEqual(wrong.faults, [
      'id: enter a value',
      'NHSD-Session-URID: must be of the form ^[0-9]+$',
    ]);
    assert.ok(wrong.html.includes(`id="${id}-error"`));
    assert.equal(fieldsIn(wrong)[role], 'seven');
  });

  it('offers what is of the sandbox alone in the sandbox alone', async () => {
    const client = hubClient(platform.url);
    const search = '/try/personal-demographics/searchPatients';
    const page = await client.get(search);
    const explain = fieldFor(page, 'X-Gatehouse-Explain');
    const inUat = await client.send(page, search, {
      ...fieldsIn(page),
      ...{ environment: 'uat', [explain]: 'true' },
    });
    assert.doesNotMatch(inUat.html, /Sandbox only|X-Gatehouse-Explain/i);
    assert.ok(fieldFor(inUat, 'family'));
  });

  it('R026 sends path, query, header and body as they were typed, and what is needed first', async () => {
    const client = hubClient(platform.url);
    const search = '/try/personal-demographics/searchPatients';
    const page = await client.get(search);
    const fields = {
      [fieldFor(page, 'family')]: 'Smith & Sons/é',
      [fieldFor(page, 'birthdate')]: 'eq2010-10-22',
      [fieldFor(page, 'X-Correlation-ID')]: 'tie-1',
    };
    const sent = await client.send(page, search, { ...fieldsIn(page), ...fields });
    const request = partOf(sent, 'try-request');
    assert.match(request, /family=Smith%20%26%20Sons%2F%C3%A9&birthdate=eq2010-10-22 HTTP/);
    assert.match(partOf(sent, 'try-answer'), /x-correlation-id: tie-1/i);

    const patch = '/try/personal-demographics/updatePatient';
    const form = await client.get(patch);
    const body = '{"patches":[{"op":"replace","path":"/gender","value":"male"}]}';
    const changed = await client.send(form, patch, {
      ...fieldsIn(form),
      ...{ body, [fieldFor(form, 'If-Match')]: 'W/"2"' },
    });
    assert.match(partOf(changed, 'try-answer'), /^Response: 200/);
    const broken = await client.send(form, patch, { ...fieldsIn(form), body: '{"patches":' });
    const empty = {
      ...fieldsIn(form),
      body: '',
      [fieldFor(form, 'If-Match')]: '',
      [fieldFor(form, 'id')]: '',
    };
    const lacking = await client.send(form, patch, empty);
    assert.deepEqual(lacking.faults, [
      'id: enter a value',
      'If-Match: enter a value',
      'Enter a body',
    ]);
    assert.ok(!lacking.html.includes('answer-heading'));
    assert.deepEqual([broken.status, broken.faults], [422, ['The body is no sound JSON: syntax']]);
  });

  it('R037 shows status, time, headers and formatted body, of refusals too', async () => {
    for (const [path, status] of [
      [hello('world'), 200],
      [hello('application'), 401],
    ] as const) {
      const answer = partOf(await tryIt(hubClient(platform.url), path), 'try-answer');
      assert.match(answer, new RegExp(`^Response: ${status}`));
      assert.match(answer, /[\d.]+ ms/);
      assert.match(answer, /content-type: application\//);
      assert.match(answer, /Body\n\{\n {2}"/);
    }
  });

  it('comes back from signing in with what was typed', async () => {
    const client = hubClient(platform.url);
    const page = await client.get(patient);
    const id = fieldFor(page, 'id');
    const led = await client.send(page, patient, {
      ...fieldsIn(page),
      [id]: '9000000017',
      sign_in: 'yes',
    });
    assert.equal(led.to, `/sign-in?return=${encodeURIComponent(patient)}`);
    const done = await client.send(await client.get(led.to), '/sign-in', {
      email: 'developer@gatehouse.example',
      password: tryOutPassword(platform),
    });
    assert.equal(done.to, patient);
    assert.equal(fieldsIn(await client.get(done.to))[id], '9000000017');
  });

  describe('for somebody with apps', () => {
    let client: HubClient;
    before(async () => {
      client = await signedIn(platform, 'developer');
    });

    it('R028 pre-fills the key of the chosen subscription, masked, and sends it', async () => {
      const without = await tryIt(client, hello('application'));
      assert.match(partOf(without, 'try-answer'), /^Response: 401/);
      const made = await tryIt(client, hello('application'), { make_key: 'yes' });
      assert.match(partOf(made, 'try-request'), /Ocp-Apim-Subscription-Key: ghks_.{3}….{4}\n/);
      const sent = await tryIt(client, hello('application'));
      assert.match(partOf(sent, 'try-answer'), /Hello Application!/);
      const options = optionsOf(sent, 'subscription');
      assert.ok(options.includes('demo.sandbox.hello-world'));
      const none = await tryIt(client, hello('application'), { subscription: '' });
      assert.match(partOf(none, 'try-answer'), /^Response: 401/);
      // no page holds a whole key
      for (const { html } of [made, sent]) assert.doesNotMatch(html, /ghks_[0-9A-Za-z]{20}/);
    });

    it('R029 calls with the app of another subscription when that is chosen', async () => {
      for (const app of ['demo', 'demo-two-keys']) {
        const subscription = `${app}.sandbox.hello-world`;
        await tryIt(client, hello('application'), { subscription, make_key: 'yes' });
        const sent = await tryIt(client, hello('application'), { subscription });
        assert.match(partOf(sent, 'try-answer'), /Hello Application!/);
        const id = /X-Request-ID: (\S+)/.exec(partOf(sent, 'try-request'))?.[1] ?? '';
        const line = platform
          .logged()
          .split('\n')
          .find((one) => one.includes(id) && one.includes('"route"'));
        assert.match(line ?? '', new RegExp(`"app":"${app}"`));
      }
    });

    it('R033 offers the grants that the API allows in an environment, and no others', async () => {
      assert.deepEqual(optionsOf(await client.get(hello('world')), 'access'), ['none']);
      assert.deepEqual(optionsOf(await client.get(hello('user')), 'access'), [
        'app',
        'nhs-cis2',
        'nhs-login',
      ]);
      const uat = await client.get(`${patient}?environment=uat`);
      assert.ok(!optionsOf(uat, 'access').includes('none'));
      const wrong = await tryIt(client, `${patient}?environment=uat`, { access: 'none' });
      assert.deepEqual(wrong.faults, ['Choose one of the ways in of this environment']);
    });

    it('calls with a token that it got by an assertion, and with one of a test user', async () => {
      const app = await tryIt(client, patient, {
        environment: 'uat',
        access: 'app',
        subscription: 'demo.uat.pds-application-restricted',
      });
      assert.match(partOf(app, 'try-answer'), /^Response: 200 OK/);
      assert.match(partOf(app, 'try-request'), /Authorization: Bearer \(kept by the server\)/);
      for (const access of ['nhs-cis2', 'nhs-login']) {
        const sent = await tryIt(client, hello('user'), { access, test_user: 'yes' });
        assert.match(partOf(sent, 'try-answer'), /Hello User!/, access);
      }
      const refused = await tryIt(client, hello('user'), { access: 'app' });
      assert.match(partOf(refused, 'try-answer'), /^Response: 403/);
    });

    it('keeps tokens from every page, cookie and address', async () => {
      const pages = [
        await tryIt(client, hello('user'), { access: 'nhs-cis2', test_user: 'yes' }),
        await client.get(hello('user')),
      ];
      const kept = platform.store.open(tryTokenCollection);
      const { items } = await kept.find({ index: 'end', limit: 100 });
      assert.ok(items.length > 0);
      const sealer = createSealer([randomKey(join(platform.dataDir, 'keys', 'sealing.key'))]);
      const tokens = items.map(
        ({ id, value }) => sealer.open(value.sealed, `try token ${id}`) ?? '',
      );
      assert.ok(tokens.every((token) => token.length > 20));
      for (const { html, headers } of pages) {
        const all = html + [...headers.values()].join() + [...client.cookies.values()].join();
        assert.doesNotMatch(all, /Bearer (?!\(kept|\$TOKEN)/);
        assert.doesNotMatch(all, /access_token|client_assertion|eyJ[A-Za-z0-9_-]{10}/);
        for (const token of tokens) assert.ok(!all.includes(token));
      }
    });

    it('sends one off to sign in at the provider, and comes back to the call', async () => {
      const page = await tryIt(client, hello('user'), { access: 'nhs-cis2', choose: 'yes' });
      assert.equal(fieldsIn(page).test_user, 'yes');
      const values = fieldsIn(page);
      const [correlation] = Object.keys(values).filter((name) => name.startsWith('value-'));
      const off = await client.send(page, hello('user'), {
        ...withoutTick(values),
        [correlation ?? '']: '60e0b220-8136-4ca5-ae46-1d97ef59d068',
      });
      assert.equal(off.status, 303);
      const back = await answerProvider(off.to, '656005750104');
      const resumed = await client.get(back.slice(platform.url.length));
      assert.equal(resumed.status, 303, resumed.title);
      const console = await client.get(resumed.to);
      assert.match(partOf(console, 'try-answer'), /You are signed in/);
      assert.equal(fieldsIn(console)[correlation ?? ''], '60e0b220-8136-4ca5-ae46-1d97ef59d068');
      const sent = await client.send(console, resumed.to, withoutTick(fieldsIn(console)));
      assert.match(partOf(sent, 'try-answer'), /Hello User!/);
      const twice = await client.get(back.slice(platform.url.length));
      assert.equal(twice.status, 422);
    });

    it('takes no sign-in that another session began', async () => {
      const page = await tryIt(client, hello('user'), { access: 'nhs-login', choose: 'yes' });
      const off = await client.send(page, hello('user'), withoutTick(fieldsIn(page)));
      const back = await answerProvider(off.to, '9912003071');
      const other = await signedIn(platform, 'developer');
      assert.equal((await other.get(back.slice(platform.url.length))).status, 422);
    });

    it('makes a signing key for an app, keeps it, and gets tokens with it', async () => {
      const app = { subscription: 'demo-no-key.sandbox.hello-world', access: 'nhs-cis2' };
      const without = await tryIt(client, hello('user'), app);
      assert.deepEqual(without.faults, ['Make a signing key of the app first']);
      const made = await tryIt(client, hello('user'), { ...app, make_signing: 'yes' });
      assert.match(partOf(made, 'try-answer'), /made and kept here/);
      assert.doesNotMatch(made.html, /PRIVATE KEY/);
      assert.match(partOf(await tryIt(client, hello('user'), app), 'try-answer'), /Hello User!/);
    });

    it('tells somebody without an app what is needed', async () => {
      const { client: newcomer } = await newAccount(platform, 'New Comer');
      const refused = await tryIt(newcomer, hello('user'), { access: 'app' });
      assert.deepEqual(refused.faults, ['Choose the subscription of an app that is to call so']);
      const stranger = await tryIt(hubClient(platform.url), hello('user'), { access: 'app' });
      assert.match(stranger.faults.join(), /^Sign in to call with an app of your own/);
    });
  });

  /** Answers the simulated provider's page; gives where it leads. */
  async function answerProvider(address: string, username: string): Promise<string> {
    const browser = new Browser();
    const page = await browser.get(address);
    const action = /action="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const done = await browser.post(textOf(action), { username });
    return done.headers.get('location') ?? '';
  }
});

const run = promisify(execFile);

function withoutTick({
  test_user: _ticked,
  ...fields
}: Record<string, string>): Record<string, string> {
  return fields;
}
