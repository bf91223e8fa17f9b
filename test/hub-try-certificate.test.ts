/** Try it with a client certificate, made by the platform for an app's live deployment, and the diary of its name. */
import assert from 'node:assert/strict';
import { signedIn, textOf, type HubClient } from './hub-ground.ts';
import { optionsOf, partOf, tryIt } from './hub-try-ground.ts';
import { liveSystem, type LiveSystem } from './live-system.ts';
import { callTls } from './mutual-tls-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const path = '/try/personal-demographics/getPatient?environment=uat';
const chosen = {
  access: 'certificate',
  subscription: 'demo.uat.pds-application-restricted',
};

describe('Try it with a client certificate', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let system: LiveSystem;
  let client: HubClient;
  before(async () => {
    platform = await startTestPlatform({
      environment: { TLS_PORT: '0', TLS_PORT_PRODUCTION: '0' },
    });
    client = await signedIn(platform, 'developer');
  });
  after(() => platform.end());

  it('makes none for an app without a live deployment', async () => {
    assert.ok(optionsOf(await client.get(path), 'access').includes('certificate'));
    const sent = await tryIt(client, path, chosen);
    assert.deepEqual(sent.faults, ['Make a client certificate of the app first']);
    const made = await tryIt(client, path, { ...chosen, make_certificate: 'yes' });
    assert.match(made.faults.join(), /no live deployment in this environment/);
  });

  describe('of an app with a live deployment', () => {
    before(async () => {
      system = await liveSystem(platform);
    });

    it('makes one, calls with it on a connection of mutual TLS, and shows no key', async () => {
      const made = await tryIt(client, path, { ...chosen, make_certificate: 'yes' });
      assert.match(partOf(made, 'try-answer'), /made and kept here/, made.faults.join());
      const sent = await tryIt(client, path, chosen);
      assert.match(partOf(sent, 'try-answer'), /^Response: 200 OK/);
      const request = partOf(sent, 'try-request');
      assert.match(request, new RegExp(`NHSD-ASID: ${system.asid}`));
      assert.match(request, /curl 'https:\/\/localhost:\d+\/env\/int.*--cert client\.pem/s);
      for (const { html } of [made, sent])
        assert.doesNotMatch(html, /PRIVATE KEY|BEGIN CERTIFICATE/);
    });

    it('N2 calls with a signed JWT, for somebody who signed in, and with a certificate, and the browser sees no key', async () => {
      const made = await tryIt(client, path, { ...chosen, make_certificate: 'yes' });
      assert.match(partOf(made, 'try-answer'), /made and kept here/, made.faults.join());
      const hello = '/try/hello-world/hello-user';
      for (const [way, fields, answer] of [
        [path, { environment: 'uat', access: 'app', subscription: chosen.subscription }, '200 OK'],
        [hello, { access: 'nhs-cis2', test_user: 'yes' }, 'Hello User!'],
        [hello, { access: 'nhs-login', test_user: 'yes' }, 'Hello User!'],
        [path, chosen, '200 OK'],
      ] as const) {
        const page = await tryIt(client, way, fields);
        assert.ok(partOf(page, 'try-answer').includes(answer), JSON.stringify(fields));
        const all =
          page.html + [...page.headers.values()].join() + [...client.cookies.values()].join();
        // Neither private key nor certificate, neither assertion nor token.
        assert.doesNotMatch(all, /PRIVATE KEY|BEGIN CERTIFICATE|eyJ[A-Za-z0-9_-]{10}/);
        assert.doesNotMatch(all, /Bearer (?!\(kept|\$TOKEN)/);
      }
    });

    it('writes into the diary of the name why it was refused, for its owners', async () => {
      await system.change({ state: 'suspended' });
      const answer = await callTls(
        platform.tls?.test ?? 0,
        '/env/int/personal-demographics/FHIR/R4/Patient/9000000009',
        undefined,
        {
          ...{ cert: system.sent.cert, key: system.sent.key },
          headers: { 'x-request-id': crypto.randomUUID(), 'nhsd-asid': system.asid },
        },
      );
      assert.ok(answer.status >= 400);
      const diary = await client.get(`/explain/handshakes?fqdn=${system.fqdn.toUpperCase()}`);
      assert.doesNotMatch(diary.html, />TLS_PORT/);
      assert.equal(diary.status, 200, diary.faults.join());
      assert.ok(textOf(diary.html).includes(system.fqdn));
    });
  });
});
