/** The public addresses of lists and authorities. */
import assert from 'node:assert/strict';
import { exchangeFor } from '../test/exchange-for.ts';
import { domain, openGround, type CertificateGround } from '../test/certificates/ground.ts';
import { certificateHandler } from './crl-handler.ts';

describe('The addresses of lists and authorities', () => {
  let ground: CertificateGround;
  before(async () => {
    ground = await openGround([
      { name: 'uat', issuing: 'own', domains: [domain] },
      { name: 'production', issuing: 'outside', domains: [domain] },
    ]);
  });
  after(() => ground.end());
  const get = (path: string) =>
    certificateHandler(ground.authority, ground.lists)(exchangeFor({ path }));

  it('give lists and certificates as their types say, to be kept for an hour', async () => {
    const { own, chain } = ground.authority.of('uat');
    assert.ok(own);
    const pem = 'application/x-pem-file';
    const cases = [
      ['root.crl', 'application/pkix-crl', ground.lists.of('uat', 'root')?.der],
      ['issuing.crl', 'application/pkix-crl', ground.lists.of('uat', 'issuing')?.der],
      ['root.pem', pem, own.root.pem],
      ['issuing.pem', pem, own.issuing.pem],
      ['chain.pem', pem, chain],
      ['root.cer', 'application/pkix-cert', own.root.facts.der],
      ['issuing.cer', 'application/pkix-cert', own.issuing.facts.der],
    ] as const;
    for (const [name, type, body] of cases) {
      const reply = await get(`/uat/${name}`);
      assert.equal(reply.status, 200);
      assert.deepEqual(reply.headers, { 'content-type': type, 'cache-control': 'max-age=3600' });
      assert.ok(body && reply.body === body, name);
    }
  });

  it('are not there for other environments, outside authorities or other names', async () => {
    for (const path of [
      '/nowhere/root.crl',
      '/production/root.crl',
      '/production/chain.pem',
      '/uat/root.key',
      '/__proto__/root.pem',
    ])
      await assert.rejects(get(path), { kind: 'not-found' }, path);
  });
});
