/** The pages that explain, over HTTP: doctor, look-up with trace, limits, diary of handshakes, workspaces. */
import assert from 'node:assert/strict';
import { hubClient, newAccount, signedIn, textOf, type HubClient } from './hub-ground.ts';
import { fieldFor, fieldsIn, partOf, tryIt } from './hub-try-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const hello = (name: string) => `/try/hello-world/hello-${name}`;

describe('the pages that explain', () => {
  let platform: TestPlatform;
  let developer: HubClient;
  before(async () => {
    platform = await startTestPlatform();
    developer = await signedIn(platform, 'developer');
  });
  after(() => platform.end());

  describe('the assertion doctor', () => {
    const path = '/explain/token';
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'RS512', typ: 'JWT', kid: 'demo-1' })}.${part({ iss: 'demo-app-int', sub: 'demo-app-int', aud: 'https://elsewhere.example/token', exp: 1, jti: 'a' })}.${'A'.repeat(342)}`;

    it('says of every rule what was expected and found, and never shows the token', async () => {
      const client = hubClient(platform.url);
      const report = await client.fill(path, {
        token,
        environment: 'uat',
        kind: 'client_assertion',
      });
      assert.equal(report.status, 200);
      assert.match(report.html, /It would be refused/);
      assert.match(textOf(report.html), /elsewhere\.example/);
      assert.match(report.html, /What would be accepted/);
      assert.ok(!report.html.includes(token) && !report.html.includes('A'.repeat(50)));
      assert.ok(!platform.logged().includes(token.slice(0, 40)));
    });

    it('says what is lacking in the form', async () => {
      const client = hubClient(platform.url);
      for (const [fields, fault] of [
        [{ token: '' }, 'Paste a token'],
        [{ token: 'x'.repeat(33_000) }, 'That is longer than any token'],
        [{ token: 'x', environment: 'moon' }, 'Choose an environment'],
        [
          { token, environment: 'production', face: '/oauth2-mock' },
          'The face /oauth2-mock is not served in environment production',
        ],
      ] as const) {
        const shown = await client.fill(path, { environment: 'sandbox', ...fields });
        assert.deepEqual([shown.status, shown.faults], [422, [fault]]);
      }
      const odd = await client.fill(path, {
        token: '<script>alert(1)</script>',
        environment: 'sandbox',
      });
      assert.equal(odd.status, 200);
      assert.ok(!odd.html.includes('<script>alert'));
    });
  });

  describe('the look-up of a call', () => {
    const lookUp = (client: HubClient, id: string) =>
      client.get(`/explain/call?${new URLSearchParams({ id }).toString()}`);

    it('draws what the gateway did with a call from Try it', async () => {
      const sent = await tryIt(developer, hello('world'));
      const id = /X-Request-ID: (\S+)/.exec(partOf(sent, 'try-request'))?.[1] ?? '';
      assert.ok(sent.html.includes(`/explain/call?id=${id}`));
      const page = await lookUp(developer, id);
      assert.match(page.html, /What became of it/);
      assert.match(page.html, /<svg role="img" aria-labelledby="drawing-title drawing-text"/);
      for (const step of ['received', 'answered'])
        assert.match(page.html, new RegExp(`>${step}</strong>`));
      assert.match(textOf(page.html), /call to hello-world in sandbox/);
    });

    it('tells where a call was refused', async () => {
      const sent = await tryIt(developer, hello('application'), { subscription: '' });
      const id = /X-Request-ID: (\S+)/.exec(partOf(sent, 'try-request'))?.[1] ?? '';
      const page = await lookUp(developer, id);
      assert.match(page.html, />refused<\/strong> HTTP 401/);
      assert.match(page.html, /KEY_MISSING/);
    });

    it('tells why the authorisation server refused, to whoever has the id', async () => {
      const answer = await fetch(`${platform.url}/env/int/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
      const { message_id } = (await answer.json()) as { message_id: string }; // of a refusal
      const page = await lookUp(hubClient(platform.url), message_id);
      assert.match(page.html, /The authorisation server refused it/);
      assert.match(page.html, /Rule that failed/);
      assert.match(page.html, /Sign in<\/a> to see/);
    });

    it('shows nobody the calls of another team, and knows what it does not know', async () => {
      await tryIt(developer, hello('application'), { make_key: 'yes' });
      const sent = await tryIt(developer, hello('application'));
      const id = /X-Request-ID: (\S+)/.exec(partOf(sent, 'try-request'))?.[1] ?? '';
      assert.match((await lookUp(developer, id)).html, /What became of it/);
      const { client } = await newAccount(platform, 'Some Body');
      assert.match((await lookUp(client, id)).html, /It is not yours to see/);
      assert.match((await lookUp(developer, 'never-was')).html, /Nothing is known of it/);
      const odd = await lookUp(developer, '<b>é');
      assert.deepEqual([odd.status, odd.faults], [422, ['Enter an id as it stands in the call']]);
    });
  });

  describe('the limit explainer', () => {
    it('tells which limits apply to an own app, and what is left', async () => {
      const page = await developer.get(
        '/explain/limits?app=demo&api=hello-world&environment=sandbox',
      );
      assert.equal(page.status, 200);
      assert.match(page.html, /600 a minute|Not known for an address|No limit applies/);
    });

    it('tells nobody of another team’s app, nor of what does not run', async () => {
      const { client } = await newAccount(platform, 'No App');
      const others = await client.get('/explain/limits?app=demo&api=hello-world');
      assert.deepEqual([others.status, others.faults], [422, ['Choose an app of your teams']]);
      const nowhere = await developer.get(
        '/explain/limits?app=demo&api=hello-world&environment=sit',
      );
      assert.deepEqual(nowhere.faults, ['This API does not run in that environment']);
      const moon = await developer.get('/explain/limits?app=demo&api=hello-world&environment=moon');
      assert.deepEqual(moon.faults, ['Choose an environment']);
      const stranger = await hubClient(platform.url).get('/explain/limits');
      assert.match(stranger.to, /^\/sign-in/);
    });
  });

  it('keeps the diary of handshakes to the owners of the name', async () => {
    const others = await developer.get('/explain/handshakes?fqdn=somebody.else.example');
    assert.deepEqual(
      [others.status, others.faults],
      [422, ['Enter a name of one of your own systems']],
    );
    const { client } = await newAccount(platform, 'Diary Reader');
    assert.match(
      (await client.get('/explain/handshakes')).html,
      /None of your deployments has a name yet/,
    );
  });

  describe('workspaces', () => {
    const read = '/try/personal-demographics/getPatient';

    it('lists the views that are one’s own, with their patients', async () => {
      const list = await developer.get('/workspaces');
      for (const id of ['app-demo', 'shared'])
        assert.ok(list.html.includes(`/workspaces/${id}"`), id);
      const page = await developer.get('/workspaces/app-demo?born=2010');
      assert.match(page.html, /<th scope="row"[^>]*><span class="hub-nowrap">\d{10}<\/span>/);
      const [, next = ''] = /<a href="([^"]+)">Next patients/.exec(page.html) ?? [];
      assert.equal((await developer.get(textOf(next))).status, 200);
      const wrong = await developer.get('/workspaces/app-demo?born=yesterday');
      assert.deepEqual(wrong.faults, ['Enter a year, or a date as 1985-04-26']);
    });

    it('makes, seeds, arms, resets and removes one, which calls can name', async () => {
      const made = await developer.fill('/workspaces/new', { name: 'My view' });
      const id = made.to.slice('/workspaces/'.length);
      const patient = (await platform.call('/Patient/9000000009')).json as Record<string, unknown>;
      const own = { ...patient, id: '9990000018', identifier: undefined };
      const page = await developer.get(made.to);
      const deed = (fields: Record<string, string>) => developer.send(page, made.to, fields);

      const bad = await deed({ deed: 'seed', patients: '{"resourceType":"Patient"}' });
      assert.equal(bad.status, 422);
      assert.equal((await deed({ deed: 'seed', patients: ' ' })).status, 422);
      const { status, faults } = await deed({
        deed: 'seed',
        patients: JSON.stringify({
          ...own,
          identifier: [{ ...(patient.identifier as object[])[0], value: '9990000018' }],
        }),
      });
      assert.deepEqual([status, faults], [303, []]);
      const console = await developer.get(read);
      const seen = await developer.send(console, read, {
        ...fieldsIn(console),
        ...{ subscription: '', [fieldFor(console, 'id')]: '9990000018' },
        [fieldFor(console, 'X-Gatehouse-Workspace')]: id,
      });
      assert.match(partOf(seen, 'try-answer'), /^Response: 200/);

      assert.equal((await deed({ deed: 'arm', scenario: 'nonsense', calls: '1' })).status, 422);
      assert.equal(
        (await deed({ deed: 'arm', scenario: 'too-many-requests', calls: '0' })).status,
        422,
      );
      assert.equal(
        (await deed({ deed: 'arm', scenario: 'too-many-requests', calls: '2' })).status,
        303,
      );
      assert.match(
        (await developer.get(made.to)).html,
        /too-many-requests<\/code> for the next 2 calls/,
      );
      assert.equal((await deed({ deed: 'disarm' })).status, 303);
      assert.equal((await deed({ deed: 'nonsense' })).status, 422);
      assert.equal((await deed({ deed: 'reset' })).status, 303);
      assert.match((await developer.get(made.to)).html, /1 changed records are dropped/);
      assert.equal((await deed({ deed: 'remove' })).to, '/workspaces');
      assert.equal((await developer.get(made.to)).status, 404);
    });

    it('is there for its owners alone', async () => {
      const made = await developer.fill('/workspaces/new', { name: 'Private' });
      const { client } = await newAccount(platform, 'Cur Ious');
      const shared = await client.get('/workspaces/shared');
      for (const path of [made.to, '/workspaces/app-demo']) {
        assert.equal((await client.get(path)).status, 404, path);
        const reset = await client.post(
          path,
          new URLSearchParams({ deed: 'reset', form_token: tokenIn(shared.html) }).toString(),
        );
        assert.equal(reset.status, 404, path);
      }
      const all = await client.post(
        '/workspaces/shared',
        new URLSearchParams({ deed: 'reset', form_token: tokenIn(shared.html) }).toString(),
      );
      assert.deepEqual([all.status, all.faults], [403, ['Only its owners may change this view']]);
      const viewer = await signedIn(platform, 'viewer');
      const view = await viewer.get('/workspaces/app-demo');
      assert.match(view.html, /You may look at this view/);
      const stranger = await hubClient(platform.url).get('/workspaces');
      assert.match(stranger.to, /^\/sign-in/);
    });
  });
});

function tokenIn(html: string): string {
  return /name="form_token" value="([^"]+)"/.exec(html)?.[1] ?? '';
}
