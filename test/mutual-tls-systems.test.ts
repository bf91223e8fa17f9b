/** Accredited systems over real sockets: PDS with a certificate and an ASID, each refusal, and what ends a certificate. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { searchAudit } from '../server/audit/search.ts';
import { allOf } from './audit-folder.ts';
import { liveSystem, type LiveSystem, type Sent } from './live-system.ts';
import { callTls, type TlsAnswer } from './mutual-tls-ground.ts';
import { startSmartGround, type SmartGround } from './smart-launch-ground.ts';
import type { TestPlatform } from './start-platform.ts';
import { assertionOf, demo, withAssertion } from './token-ground.ts';

const patient = '/personal-demographics/FHIR/R4/Patient/9000000009';

describe('an accredited system', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  let platform: TestPlatform;
  let system: LiveSystem;
  before(async () => {
    ground = await startSmartGround();
    ({ platform } = ground);
    system = await liveSystem(platform);
  });
  after(() => platform.end());

  const read = (
    sent: Sent | undefined,
    headers: Readonly<Record<string, string>>,
    options: { agent?: Agent; path?: string } = {},
  ): Promise<TlsAnswer> =>
    callTls(platform.tls?.test ?? 0, options.path ?? `/env/int${patient}`, undefined, {
      ...(sent ? { cert: sent.cert, key: sent.key } : {}),
      ...(options.agent ? { agent: options.agent } : {}),
      headers: { 'x-request-id': crypto.randomUUID(), ...headers },
    });
  const codeOf = ({ text }: TlsAnswer) => JSON.parse(text).issue[0].details.coding[0].code;
  const whyOf = ({ text }: TlsAnswer) => JSON.parse(text).issue[0].diagnostics;

  it('reads a patient with certificate and ASID, without a token', async () => {
    const answer = await read(system.sent, { 'nhsd-asid': system.asid });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(JSON.parse(answer.text).id, '9000000009');
  });

  it('R081 is one of three ways to prove an app, beside key and signed JWT; a wrong one of each is refused', async () => {
    const hello = async (headers: Record<string, string>) =>
      (await fetch(`${platform.url}/env/int/hello-world/hello/application`, { headers })).status;
    assert.equal(await hello({ apikey: demo }), 200);
    for (const headers of [{}, { apikey: 'none-such' }, { apikey: 'demo-app-sandbox' }])
      assert.equal(await hello(headers as Record<string, string>), 401, JSON.stringify(headers));

    const asked = async (assertion: string) => {
      const form = withAssertion(ground, assertion);
      return (await form).status;
    };
    assert.equal(await asked(assertionOf(ground)), 200);
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const pem = stranger.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const wrong of [
      assertionOf(ground, {}, {}, pem),
      assertionOf(ground, { exp: Math.floor(ground.clock.time / 1000) - 60 }),
      assertionOf(ground, { aud: 'https://elsewhere.example.org/token' }),
      assertionOf(ground, {}, { kid: 'none-such' }),
    ])
      assert.match(String(await asked(wrong)), /^40[01]$/);

    assert.equal((await read(system.sent, { 'nhsd-asid': system.asid })).status, 200);
    const other = await liveSystem(platform, { app: 'demo-two-keys', odsCode: 'Y90007' });
    for (const [sent, asid] of [
      [undefined, system.asid],
      [other.sent, system.asid],
      [system.sent, other.asid],
    ] as const)
      assert.match(String((await read(sent, { 'nhsd-asid': asid })).status), /^40[13]$/);
  });

  it('is in the audit with the certificate, its name and the ASID', async () => {
    await read(system.sent, { 'nhsd-asid': system.asid });
    const entries = await allOf(
      searchAudit(join(ground.dataDir, 'audit'), { patient: '9000000009' }),
    );
    const entry = entries.findLast(({ status }) => status === 200);
    assert.deepEqual(entry?.system, {
      fqdn: system.fqdn,
      certificate: system.sent.thumbprint,
      asid: system.asid,
    });
    assert.equal(entry.app, 'demo');
    assert.equal(entry.mode, 'app');
  });

  it('has the application rights of its app and no others', async () => {
    const coverage = await callTls(
      platform.tls?.test ?? 0,
      '/env/int/personal-demographics/FHIR/R4/Coverage?subscriber%3Aidentifier=9000000009',
      undefined,
      {
        cert: system.sent.cert,
        key: system.sent.key,
        headers: { 'x-request-id': crypto.randomUUID(), 'nhsd-asid': system.asid },
      },
    );
    assert.equal(coverage.status, 403, coverage.text);
  });

  it('is refused without an ASID, with one that is none, and with that of another system', async () => {
    const none = await read(system.sent, {});
    assert.equal(none.status, 400, none.text);
    assert.match(whyOf(none), /names no accredited system/);
    assert.equal((await read(system.sent, { 'nhsd-asid': '1' })).status, 400);
    const other = await liveSystem(platform, { odsCode: 'Y90002' });
    const wrong = await read(system.sent, { 'nhsd-asid': other.asid });
    assert.equal(wrong.status, 403);
    assert.equal(codeOf(wrong), 'ASID_CHECK_FAILED');
    assert.match(whyOf(wrong), /not among the systems of party key/);
    assert.match(whyOf(wrong), new RegExp(system.deployment.partyKey ?? '-'));
  });

  it('is refused in another environment, by name of both', async () => {
    const answer = await read(system.sent, { 'nhsd-asid': system.asid }, { path: patient });
    assert.equal(answer.status, 403);
    assert.equal(codeOf(answer), 'ACCESS_DENIED_SSL');
    assert.match(whyOf(answer), /is for uat, and this call is for sandbox/);
  });

  it('is refused while its deployment is suspended, from the next call on', async () => {
    const held = await liveSystem(platform);
    const headers = { 'nhsd-asid': held.asid };
    assert.equal((await read(held.sent, headers)).status, 200);
    await held.change({ state: 'suspended', suspended: { by: 'x', at: 0, reason: 'A test' } });
    const answer = await read(held.sent, headers);
    assert.equal(codeOf(answer), 'ASID_CHECK_FAILED');
    assert.match(whyOf(answer), /its deployment is suspended \(A test\)/);
    await held.change({ state: 'live' });
    assert.equal((await read(held.sent, headers)).status, 200);
  });

  it('is not known by a certificate in a header, nor on the plain port', async () => {
    const pem = encodeURIComponent(system.sent.cert);
    const plain = await fetch(`${platform.url}/env/int${patient}`, {
      headers: {
        'x-request-id': crypto.randomUUID(),
        'x-client-cert': pem,
        'nhsd-asid': system.asid,
      },
    });
    assert.equal(plain.status, 401);
  });

  it('is cut off within a second when its certificate is revoked, on open connections too', async () => {
    const ended = await liveSystem(platform);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...ended.sent });
    const headers = { 'nhsd-asid': ended.asid };
    assert.equal((await read(undefined, headers, { agent })).status, 200);
    const [socket] = Object.values(agent.freeSockets).flat();
    assert.ok(socket);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const began = performance.now();
    await platform.certificates.register.revoke(ended.sent.thumbprint, 'keyCompromise', 'test');
    await closed;
    assert.ok(performance.now() - began < 1000);
    const answer = await read(undefined, headers, { agent });
    assert.equal(codeOf(answer), 'ACCESS_DENIED_SSL');
    assert.match(whyOf(answer), /has been revoked/);
    agent.destroy();
    const [kept] = await platform.handshakes.recent({ fqdn: ended.fqdn.toUpperCase() });
    assert.equal(kept?.reason, 'CERT_REVOKED');
    assert.deepEqual(kept.names, [ended.fqdn]);
  });

  it('goes on with the old certificate beside the new one, and not beside a third', async () => {
    const turned = await liveSystem(platform);
    const headers = { 'nhsd-asid': turned.asid };
    const second = await turned.renewed();
    for (const sent of [turned.sent, second]) assert.equal((await read(sent, headers)).status, 200);
    const third = await turned.renewed();
    assert.match((await read(turned.sent, headers)).text, /SUPERSEDED|CERT_REVOKED/);
    for (const sent of [second, third]) assert.equal((await read(sent, headers)).status, 200);
  });

  it('loses no call while lists are made anew and taken', async () => {
    const agents = [1, 2, 3].map(
      () => new Agent({ keepAlive: true, maxSockets: 1, ...system.sent }),
    );
    const headers = { 'nhsd-asid': system.asid };
    let going = true;
    const statuses: number[] = [];
    const calling = agents.map(async (agent) => {
      while (going) statuses.push((await read(undefined, headers, { agent })).status);
    });
    const fresh = async () => {
      while (going) statuses.push((await read(system.sent, headers)).status);
    };
    calling.push(fresh());
    for (let i = 0; i < 5; i++) {
      const gone = await liveSystem(platform);
      await platform.certificates.register.revoke(gone.sent.thumbprint, 'unspecified', 'test');
      await platform.certificates.lists.settled();
    }
    going = false;
    await Promise.all(calling);
    for (const agent of agents) agent.destroy();
    assert.ok(statuses.length > 20, `${statuses.length} calls`);
    assert.deepEqual([...new Set(statuses)], [200]);
  });

  it('is refused in the handshake of production when it is none of its systems', async () => {
    const port = platform.tls?.production ?? 0;
    const sent = { cert: system.sent.cert, key: system.sent.key };
    await assert.rejects(callTls(port, '/', undefined, sent));
    await assert.rejects(callTls(port, '/', undefined));
    const live = await liveSystem(platform, { environment: 'production' });
    const answer = await callTls(port, '/env/prod/oauth2/_ping', undefined, {
      cert: live.sent.cert,
      key: live.sent.key,
    });
    assert.equal(answer.status, 200, answer.text);
  });
});
