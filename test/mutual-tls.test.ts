/** The listeners on TLS over real sockets: who is let in, who is told why not, and what ends with a certificate. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { Problem } from '../core/problem.ts';
import { listenOn } from '../server/listening.ts';
import { thumbprintOf } from '../server/tls-certificate.ts';
import { callTls, mutualTlsGround, keepAlive, type MutualTlsGround } from './mutual-tls-ground.ts';
import { OpensslCa, whyNoOpenssl } from './openssl-ca.ts';

const path = '/api/FHIR/R4/Patient/1';

describe('a listener on TLS', () => {
  let ground: MutualTlsGround;
  before(async function () {
    const why = whyNoOpenssl();
    if (why !== undefined) {
      console.log(`      ${why}`);
      this.skip();
    }
    this.timeout(20_000);
    ground = await mutualTlsGround();
  });
  after(async () => {
    if (whyNoOpenssl() === undefined) await ground.end();
  });

  it('tells a handler what the caller proved its name with', async () => {
    const made = ground.client('a.example');
    const answer = await callTls(ground.port, path, made);
    assert.equal(answer.status, 200, answer.text);
    const peer = ground.seen.at(-1);
    assert.ok(peer?.secure);
    const { commonNames, dnsNames, fault } = peer.certificate ?? {};
    assert.deepEqual([commonNames, dnsNames, fault], [['a.example'], ['a.example'], undefined]);
  });

  it('answers 403 without a certificate, also where no API is', async () => {
    const answer = await callTls(ground.port, path, undefined);
    assert.equal(answer.status, 403);
    const outcome = JSON.parse(answer.text);
    assert.equal(outcome.resourceType, 'OperationOutcome');
    assert.equal(outcome.issue[0].code, 'forbidden');
    assert.equal(outcome.issue[0].details.coding[0].code, 'ACCESS_DENIED_SSL');
    assert.match(outcome.issue[0].diagnostics, /none was sent \(NO_CERTIFICATE\)/);
    const page = await callTls(ground.port, '/', undefined);
    assert.equal(page.status, 403);
    const ok = await callTls(ground.port, '/', ground.client('page.example'));
    assert.equal(ok.text, 'a page');
  });

  it('tells a certificate without a record from one of another environment', async () => {
    const stranger = ground.ca.client('stranger.example');
    const unknown = await callTls(ground.port, path, stranger);
    assert.match(unknown.text, /not registered here \(NO_RECORD\)/);
    const uat = ground.client('uat.example', { environment: 'uat' });
    const wrong = await callTls(ground.port, path, uat);
    assert.equal(wrong.status, 403);
    assert.match(wrong.text, /certificate is for uat, and this call is for sandbox/);
    assert.equal((await callTls(ground.port, `/env/uat${path}`, uat)).status, 200);
  });

  it('refuses in the handshake where it is strict, and writes that in the diary', async () => {
    await assert.rejects(callTls(ground.strictPort, path, undefined));
    const made = ground.client('live.example', { environment: 'production' });
    assert.equal((await callTls(ground.strictPort, `/env/production${path}`, made)).status, 200);
    const [last] = await ground.handshakes.recent();
    assert.equal(last?.listener, 'TLS_PORT_PRODUCTION');
    assert.match(last.address, /127\.0\.0\.1/);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    it(`names in the diary whom it refused in a strict handshake (${version})`, async () => {
      const stranger = new OpensslCa();
      const name = `of-another-ca.${version.replace('.', '-').toLowerCase()}.example`;
      const made = stranger.client(name);
      stranger.end();
      const options = { cert: made.certificate, key: made.key, maxVersion: version };
      await assert.rejects(callTls(ground.strictPort, path, undefined, options));
      const [last] = await ground.handshakes.recent({ fqdn: name });
      assert.deepEqual([last?.listener, last?.names], ['TLS_PORT_PRODUCTION', [name]]);
      assert.match(last?.reason ?? '', /^(UNABLE|SELF|CERT)_/);
      assert.equal(last?.thumbprint, thumbprintOf(new X509Certificate(made.certificate).raw));
    });

  it('ends open connections with the certificate', async () => {
    const made = ground.client('open.example');
    const agent = keepAlive(made);
    assert.equal((await callTls(ground.port, path, undefined, { agent })).status, 200);
    const socket = Object.values(agent.freeSockets).flat()[0];
    assert.ok(socket);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const record = ground.register(made, { state: 'revoked' });
    ground.listener.end(record.thumbprint);
    await closed;
    const answer = await callTls(ground.port, path, made);
    assert.match(answer.text, /has been revoked \(CERT_REVOKED\)/);
    agent.destroy();
  });

  it('says by the name of its variable that its port is taken', async () => {
    const { front } = ground;
    const options = { port: ground.port, listenAddress: '127.0.0.1', variable: 'TLS_PORT' };
    const told = /^TLS_PORT \d+ is taken by another process\. .* with another TLS_PORT\.$/;
    await assert.rejects(
      listenOn(front.overTls({}), options),
      (error: Error) => error instanceof Problem && told.test(error.message),
    );
  });
});
