/** A proxy that ended TLS: whose certificate field counts, and that it is verified whole again. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { liveSystem, type LiveSystem } from './live-system.ts';
import { callTls } from './mutual-tls-ground.ts';
import { OpensslCa, whyNoOpenssl } from './openssl-ca.ts';
import { startSmartGround, type SmartGround } from './smart-launch-ground.ts';
import type { TestPlatform } from './start-platform.ts';

const secret = 'a secret of a proxy, of 32 letters'.replaceAll(' ', '-');
const path = '/env/int/personal-demographics/FHIR/R4/Patient/9000000009';

describe('a proxy that ends TLS', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  let platform: TestPlatform;
  let system: LiveSystem;
  before(async () => {
    const environment = { TRUSTED_PROXIES: '127.0.0.1', PROXY_CERTIFICATE_SECRET: secret };
    ground = await startSmartGround({ environment });
    ({ platform } = ground);
    system = await liveSystem(platform);
  });
  after(() => platform.end());

  /** From 127.0.0.1, the listed proxy, or from another address of this machine. */
  const call = (
    fields: Readonly<Record<string, string | string[]>>,
    localAddress = '127.0.0.1',
  ): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = {
        'x-request-id': crypto.randomUUID(),
        'nhsd-asid': system.asid,
        'x-forwarded-for': '192.0.2.7',
        ...fields,
      };
      const where = { host: '127.0.0.1', port: platform.port, path, localAddress, headers };
      request({ ...where, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text });
        });
      })
        .on('error', reject)
        .end();
    });
  const pemOf = (cert: string) => encodeURIComponent((cert.split('-----END')[0] ?? '') + endOfPem);
  const endOfPem = '-----END CERTIFICATE-----\n';
  const fields = (cert: string, given = secret) => ({
    'x-client-cert': pemOf(cert),
    'x-gatehouse-proxy-secret': given,
  });

  it('tells of a certificate when it is listed and proves itself', async () => {
    const { status, text } = await call(fields(system.sent.cert));
    assert.equal(status, 200, text);
  });

  it('is not believed without the secret, with another, or with two', async () => {
    const { 'x-client-cert': pem } = fields(system.sent.cert);
    for (const wrong of [
      { 'x-client-cert': pem },
      fields(system.sent.cert, `${secret}x`),
      { ...fields(system.sent.cert), 'x-gatehouse-proxy-secret': [secret, secret] },
      { ...fields(system.sent.cert), 'x-client-cert': [pem, pem] },
    ])
      assert.equal((await call(wrong)).status, 401);
  });

  it('is not believed from an address that is not listed', async function () {
    if (process.platform !== 'linux') this.skip(); // others have one loopback address
    assert.equal((await call(fields(system.sent.cert), '127.0.0.2')).status, 401);
  });

  it('does not lend the certificate it connects with to what it forwards', async () => {
    const { cert, key } = system.sent;
    const overTls = (headers: Readonly<Record<string, string>>) => {
      const own = { 'x-request-id': crypto.randomUUID(), 'nhsd-asid': system.asid };
      const tls = { cert, key, headers: { ...own, ...headers } };
      return callTls(platform.tls?.test ?? 0, path, undefined, tls);
    };
    assert.equal((await overTls({})).status, 200); // its own call
    for (const told of [
      { 'x-forwarded-for': '192.0.2.7' },
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=192.0.2.7' },
      fields('no certificate'),
      fields(cert, `${secret}x`),
    ])
      assert.equal((await overTls(told)).status, 403, JSON.stringify(told));
    const refused = await overTls({ 'x-forwarded-for': '192.0.2.7' });
    assert.match(refused.text, /its own does not count for what it forwards/);
    const caller = await liveSystem(platform);
    const spoken = { ...fields(caller.sent.cert), 'x-forwarded-for': '192.0.2.7' };
    assert.equal((await overTls(spoken)).status, 403); // the ASID is the proxy's, not the caller's
    assert.equal((await overTls({ ...spoken, 'nhsd-asid': caller.asid })).status, 200);
  });

  it('is told why a certificate is refused: foreign, not registered, revoked', async function () {
    const revoked = await liveSystem(platform);
    await platform.certificates.register.revoke(revoked.sent.thumbprint, 'unspecified', 'test');
    const answer = await call(fields(revoked.sent.cert));
    assert.equal(answer.status, 403);
    assert.match(answer.text, /CERT_REVOKED/);
    assert.equal((await call(fields('no certificate'))).status, 403);
    if (whyNoOpenssl() !== undefined) this.skip();
    const ca = new OpensslCa();
    ground.clock.time = Date.now() + 1000; // openssl made it just now
    const foreign = await call(fields(ca.client(system.fqdn).certificate));
    ca.end();
    assert.equal(foreign.status, 403);
    assert.match(foreign.text, /CERT_UNTRUSTED/);
  });
});
