/** What the authority makes, as OpenSSL and node:tls see it: requests, chains, texts and lists, by the program itself. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { fqdn, holder, openGround, type CertificateGround } from './ground.ts';
import { keyPem, newKey, publicDer } from './keys.ts';

const run = promisify(execFile);

describe('Certificates as OpenSSL sees them', () => {
  let ground: CertificateGround;
  let dir: string;
  before(async function () {
    if (spawnSync('openssl', ['version']).status !== 0) {
      // eslint-disable-next-line no-restricted-syntax -- CI has all that tests need, and must use it
      assert.notEqual(process.env.CI, 'true', 'CI needs openssl');
      console.log('      no openssl here to look at certificates with');
      this.skip();
    }
    ground = await openGround();
    dir = mkdtempSync(join(ground.dir, 'openssl-'));
    write('root.pem', ground.authority.of('uat').own?.root.pem ?? '');
    write('chain.pem', ground.authority.of('uat').chain);
  });
  after(() => ground.end());
  const write = (name: string, text: string | Buffer) => {
    writeFileSync(join(dir, name), text);
  };
  const openssl = async (...args: string[]) => {
    const { stdout, stderr } = await run('openssl', args, { cwd: dir });
    return stdout + stderr;
  };
  const request = async (name: string, ...key: string[]) => {
    await openssl(
      'req',
      '-new',
      ...key,
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/C=GB/O=A supplier/CN=${fqdn}`,
      '-addext',
      `subjectAltName=DNS:${fqdn}`,
    );
    const csr = readFileSync(join(dir, `${name}.csr`), 'utf8');
    const issued = await ground.register.issue({ csr, holder, by: 'ann' });
    write(`${name}.pem`, issued.record.pem);
    return issued;
  };
  const lists = async () => {
    await ground.lists.settled();
    write('lists.pem', ground.lists.pems('uat').join(''));
  };
  const verify = (name: string) =>
    openssl(
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-crl_check_all',
      '-CAfile',
      'root.pem',
      '-untrusted',
      'chain.pem',
      '-CRLfile',
      'lists.pem',
      name,
    );

  it('grants requests of openssl req, and the chain verifies strictly with all lists', async () => {
    const kinds = [
      ['rsa', ['-newkey', 'rsa:2048']],
      ['ec', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ] as const;
    for (const [name, key] of kinds) {
      const { notes } = await request(name, ...key);
      assert.deepEqual(notes, ['Of the subject only CN is taken; left out: C, O']);
      await lists();
      assert.match(await verify(`${name}.pem`), /OK/);
    }
  });

  it('shows the extensions of a system, and no address of an OCSP responder', async () => {
    const text = await openssl('x509', '-in', 'rsa.pem', '-noout', '-text');
    for (const part of [
      /Version: 3/,
      /Signature Algorithm: ecdsa-with-SHA256/,
      /Issuer: C = GB, O = Gatehouse Test, OU = CA, CN = Gatehouse Test Issuing Authority uat/,
      /X509v3 Basic Constraints: critical\s+CA:FALSE/,
      /X509v3 Key Usage: critical\s+Digital Signature, Key Encipherment/,
      /X509v3 Extended Key Usage: \s*TLS Web Client Authentication\n/,
      new RegExp(`X509v3 Subject Alternative Name: \\s*DNS:${fqdn}\n`),
      /URI:http:\/\/localhost:9000\/certs\/uat\/issuing\.crl/,
    ])
      assert.match(text, part);
    assert.doesNotMatch(text, /OCSP|Authority Information Access/);
  });

  it('refuses a revoked certificate with the list, which openssl crl reads and verifies', async () => {
    const { record } = await request(
      'revoked',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-384',
    );
    await lists();
    assert.match(await verify('revoked.pem'), /OK/);
    await ground.register.revoke(record.thumbprint, 'keyCompromise', 'ann');
    await lists();
    await assert.rejects(verify('revoked.pem'), /certificate revoked/);
    write('issuing.crl', ground.lists.of('uat', 'issuing')?.der ?? '');
    const text = await openssl(
      'crl',
      '-inform',
      'DER',
      '-in',
      'issuing.crl',
      '-noout',
      '-text',
      '-CAfile',
      'chain.pem',
    );
    assert.match(text, /verify OK/);
    assert.match(text, /Version 2/);
    assert.match(text, /X509v3 CRL Number:\s+\d+/);
    assert.match(text, /X509v3 Authority Key Identifier/);
    assert.match(text, /Key Compromise/);
    assert.ok(text.replaceAll(':', '').includes(record.serial.toUpperCase()));
    write('root.crl', ground.lists.of('uat', 'root')?.der ?? '');
    assert.match(
      await openssl(
        'crl',
        '-inform',
        'DER',
        '-in',
        'root.crl',
        '-noout',
        '-text',
        '-CAfile',
        'root.pem',
      ),
      /verify OK[\s\S]*No Revoked Certificates|No Revoked Certificates[\s\S]*verify OK/,
    );
  });

  it('lets a system in at node:tls until it is revoked and the lists are read again', async () => {
    const server = await listen();
    const { record, chain } = await request(
      'caller',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
    );
    const key = readFileSync(join(dir, 'caller.key'), 'utf8');
    const call = () => get(server, { key, cert: record.pem + chain });
    assert.equal(await call(), 'authorized');
    await ground.register.revoke(record.thumbprint, 'cessationOfOperation', 'ann');
    await ground.lists.settled();
    server.setSecureContext(await secure());
    assert.equal(await call(), 'CERT_REVOKED');
    server.close();
  });

  async function secure() {
    const own = ground.authority.of('uat');
    const key = await newKey('P-256');
    const cert = await own.certify({
      profile: 'server',
      fqdn: 'localhost',
      publicKey: publicDer(key),
    });
    return {
      key: keyPem(key),
      cert: cert + own.chain,
      ca: own.trust.authorities().map(({ pem }) => pem),
      crl: [...ground.lists.pems('uat')],
    };
  }

  async function listen() {
    const options = { ...(await secure()), requestCert: true, rejectUnauthorized: false };
    const server = https.createServer(options, ({ socket }, response) => {
      const { authorized, authorizationError } = socket as TLSSocket; // of an https server
      response.end(authorized ? 'authorized' : String(authorizationError));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  async function get(server: https.Server, options: https.RequestOptions): Promise<string> {
    const { port } = server.address() as AddressInfo; // it listens on a port
    const ca = ground.authority.of('uat').own?.root.pem;
    const request = https.get({ host: 'localhost', family: 4, port, ca, agent: false, ...options });
    const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return text;
  }
});
