/**
 * One organisation's system calls another's, and a national service, with certificate, directory and token, over mutual TLS:
 * through the Spine Secure Proxy to a provider of its own, and PDS with the user of a cross-organisation token.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { directoryView } from '../server/directory-views.ts';
import { handlerEntry, partsOf } from '../spine/sds/service-entries.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { checkCrossOrganisationToken } from '../spine/sso/check-token.ts';
import type { AssertedContext } from '../spine/sso/claims.ts';
import {
  makeCrossOrganisationToken,
  type CrossOrganisationOrder,
} from '../spine/sso/make-token.ts';
import { keyPem, newKey } from './certificates/keys.ts';
import { makeRequest } from './certificates/requests.ts';
import { liveSystem, type LiveSystem, type Sent } from './live-system.ts';
import { callTls, type TlsAnswer } from './mutual-tls-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';
import { addApp } from './token-ground.ts';

const interaction = 'urn:nhs:names:services:gatehouse:fhir:rest:read:patient-2';
const pds = '/env/int/personal-demographics/FHIR/R4';

describe('a call between organisations', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let consumer: LiveSystem;
  let provider: LiveSystem;
  let server: Server;
  let base: string;
  /** What the provider found in each call: CN of the certificate, and the token's context. */
  let taken: { shown: unknown; context: AssertedContext }[];

  before(async () => {
    platform = await startTestPlatform();
    consumer = await liveSystem(platform, { odsCode: 'Y90001', interactions: [interaction] });
    provider = await liveSystem(platform, { odsCode: 'Y90002', interactions: [interaction] });
    await startProvider();
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await platform.end();
  });

  /** A provider with a certificate of its own, which asks for the platform's and judges the token. */
  async function startProvider(): Promise<void> {
    const { deployment, fqdn } = provider;
    const key = await newKey('P-256');
    const { record, chain } = await platform.certificates.register.issue({
      csr: makeRequest({ key, subject: [['CN', fqdn]] }),
      holder: {
        ...{ environment: 'uat', deployment: deployment.id, fqdn, profile: 'endpoint' },
        partyKey: deployment.partyKey ?? '',
      },
      by: 'test',
      approvedBy: 'another',
    });
    taken = [];
    server = createServer(
      {
        ...{ key: keyPem(key), cert: record.pem + chain, ca: chain },
        ...{ requestCert: true, rejectUnauthorized: true },
      },
      (request, response) => {
        const [, token = ''] = (request.headers.authorization ?? '').split(' ');
        checkCrossOrganisationToken(token, {
          ...{ now: Date.now(), expectedAudience: base, asid: consumer.asid, odsCode: 'Y90001' },
          access: 'read',
        }).then(
          (context) => {
            // an https server's sockets are TLS sockets
            const shown = (request.socket as TLSSocket).getPeerCertificate().subject.CN;
            taken.push({ shown, context });
            const body = { resourceType: 'Patient', id: '1', from: request.headers['ssp-from'] };
            response.setHeader('content-type', 'application/fhir+json').end(JSON.stringify(body));
          },
          () => response.writeHead(400).end(),
        );
      },
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on a port
    base = `https://127.0.0.1:${port}/fhir`;
    await register(base, fqdn);
  }

  async function register(address: string, fqdn: string): Promise<void> {
    const { partyKey = '' } = provider.deployment;
    const product = { key: '1', name: 'Provider', version: '1' };
    const approval = {
      ...{ requestor: 'test', requested: '20260101000000' },
      ...{ approver: 'test', approved: '20260101000000' },
    };
    const handler = {
      ...{ id: 'S2009Y90002001', cpaId: 'S2009Y90002001', odsCode: 'Y90002', partyKey, product },
      ...{ interaction, ...partsOf(interaction), endpoints: [address], fqdn, actors: [] },
      interactionType: 'FHIR',
    };
    const entry = handlerEntry(handler, { authenticated: 'transient', template: '1' }, approval);
    const directory = openDirectory(platform.store).in(directoryView('uat'));
    const there = await directory.entry(entry.dn);
    await (there ? directory.replace(entry, 'test') : directory.add(entry, 'test'));
  }

  const token = (order: Partial<CrossOrganisationOrder> = {}) =>
    makeCrossOrganisationToken({
      ...{ profile: 'spine', issuer: 'https://consumer.example', audience: base, now: Date.now() },
      ...{ reason: 'directcare', scopes: ['patient/*.read'], asid: consumer.asid },
      ...{ odsCode: 'Y90001', user: { roleProfile: '555254240100' } },
      ...order,
    });
  const call = (
    path: string,
    headers: Readonly<Record<string, string>>,
    sent: Sent = consumer.sent,
    more: { method?: string; body?: string } = {},
  ): Promise<TlsAnswer> =>
    callTls(platform.tls?.test ?? 0, path, undefined, {
      ...{ cert: sent.cert, key: sent.key },
      headers: { 'x-request-id': crypto.randomUUID(), ...headers },
      ...more,
    });
  const through = (change: Readonly<Record<string, string>> = {}, sent?: Sent, target = base) =>
    call(
      `/env/int/spine-secure-proxy/${target}/Patient/1`,
      {
        'ssp-traceid': '09a01679-2564-0fb4-5129-aecc81ea2706',
        'ssp-from': consumer.asid,
        'ssp-to': provider.asid,
        'ssp-interactionid': interaction,
        authorization: `Bearer ${token()}`,
        ...change,
      },
      sent,
    );
  const diagnosticsOf = ({ text }: TlsAnswer) => JSON.parse(text).issue[0].diagnostics as string;

  it('R170 goes from one local system to another by directory, certificates and token', async () => {
    const answer = await through();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(JSON.parse(answer.text).from, consumer.asid);
    const [one] = taken;
    assert.equal(one?.context.roleProfile, '555254240100');
    assert.equal(one.context.odsCode, 'Y90001');
    assert.match(String(one.shown), /\./, 'the certificate of the platform');
  });

  it('is let through the proxy only with the certificate of the system it says it is', async () => {
    const other = await through({}, provider.sent);
    assert.equal(other.status, 403);
    const nobody = await call(
      '/env/int/spine-secure-proxy/https://a.example/',
      {
        'ssp-traceid': 'trace-id-1',
        'ssp-from': consumer.asid,
        'ssp-to': provider.asid,
        'ssp-interactionid': interaction,
      },
      { cert: '', key: '', thumbprint: '' },
    );
    assert.equal(nobody.status, 403, nobody.text);
    assert.match(nobody.text, /client certificate/);
    const elsewhere = await through({}, undefined, 'https://127.0.0.1:1/fhir');
    assert.equal(elsewhere.status, 400);
    assert.match(diagnosticsOf(elsewhere), /^ENDPOINT_https:.*_VARIES_FROM_TARGETURL_https/);
    const unknown = await through({ 'ssp-to': '200000000999' });
    assert.match(diagnosticsOf(unknown), /^PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_/);
  });

  it('fails when the directory moves the name under which the provider is trusted', async () => {
    await register(base, 'other.y90002.example');
    const refused = await through();
    assert.equal(refused.status, 502, refused.text);
    assert.match(diagnosticsOf(refused), /^ERROR_COMMUNICATING_TO_ENDPOINT_URL_/);
    await register(base, provider.fqdn);
    assert.equal((await through()).status, 200);
  });

  it('reads PDS as the worker whom the token names, and only with the right one', async () => {
    const audience = `${platform.url}${pds}`;
    const read = (order: Partial<CrossOrganisationOrder>) =>
      call(`${pds}/Patient/9000000009`, {
        'nhsd-asid': consumer.asid,
        authorization: `Bearer ${token({ audience, ...order })}`,
      });
    const answer = await read({});
    assert.equal(answer.status, 200, answer.text);
    const tls = await read({ audience: `https://localhost:${platform.tls?.test ?? 0}${pds}` });
    assert.equal(tls.status, 200, tls.text);
    const refusals: [Partial<CrossOrganisationOrder>, number, RegExp][] = [
      [{ asid: provider.asid }, 403, /rule asid/],
      [{ odsCode: 'Y90002' }, 403, /rule organisation/],
      [{ audience: base }, 400, /rule aud/],
      [{ now: Date.now() - 400_000 }, 400, /rule exp/],
      [{ scopes: ['patient/*.write'] }, 403, /rule access/],
    ];
    for (const [order, status, why] of refusals) {
      const refused = await read(order);
      assert.equal(refused.status, status, refused.text);
      assert.match(diagnosticsOf(refused), why);
    }
    assert.doesNotMatch(platform.logged(), /9000000009/);
  });

  it('is refused with an access token, also one in the form of a JWT', async () => {
    const head = (typ: string) => Buffer.from(JSON.stringify({ alg: 'none', typ }));
    const [, body = ''] = token({ audience: `${platform.url}${pds}` }).split('.');
    for (const [typ, status] of [
      ['at+jwt', 401],
      ['application/at+JWT', 401],
      ['another', 400],
    ] as const) {
      const authorization = `Bearer ${head(typ).toString('base64url')}.${body}.`;
      const read = await call(`${pds}/Patient/9000000009`, {
        ...{ 'nhsd-asid': consumer.asid, authorization },
      });
      assert.equal(read.status, status, read.text);
    }
  });

  it('has no user whom the token names where its app may call PDS as an application only', async () => {
    await addApp({ platform }, 'machine');
    const machine = await liveSystem(platform, { app: 'machine' });
    const audience = `${platform.url}${pds}`;
    const path = `${pds}/Patient/9000000009`;
    const known = { 'nhsd-asid': machine.asid };
    const bearing = (order: Partial<CrossOrganisationOrder>) => ({
      ...known,
      authorization: `Bearer ${token({ audience, asid: machine.asid, ...order })}`,
    });
    const refused = await call(path, bearing({}), machine.sent);
    assert.equal(refused.status, 403, refused.text);
    assert.match(diagnosticsOf(refused), /names a worker, and the app .* has no right/);
    const write = await call(path, bearing({ scopes: ['patient/*.write'] }), machine.sent, {
      method: 'PATCH',
      body: '{}',
    });
    assert.equal(write.status, 403, write.text);
    const citizen = bearing({ user: undefined, patient: '9000000009' });
    const own = await call(path, citizen, machine.sent);
    assert.match(`${own.status} ${diagnosticsOf(own)}`, /^403 .*names a patient/);
    assert.equal((await call(path, known, machine.sent)).status, 200);
  });
});
