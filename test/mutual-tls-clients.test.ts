/** The clients that callers really use, against a listener on TLS: curl, openssl, undici and node with its sessions. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { connect, type ConnectionOptions } from 'node:tls';
import { Agent, request } from 'undici';
import { mutualTlsGround, type MutualTlsGround } from './mutual-tls-ground.ts';
import { whyNoOpenssl, type Made } from './openssl-ca.ts';

const run = promisify(execFile);
const path = '/api/FHIR/R4/Patient/1';

describe('clients of a listener on TLS', function () {
  this.timeout(60_000);
  let ground: MutualTlsGround;
  let made: Made;
  let why: string | undefined;
  before(async function () {
    why = whyNoOpenssl();
    if (why !== undefined) {
      console.log(`      ${why}`);
      this.skip();
    }
    ground = await mutualTlsGround();
    made = ground.client('client.example');
  });
  after(async () => {
    if (why === undefined) await ground.end();
  });

  /** Certificate and key as files, and a verified server. */
  const curl = (...more: string[]) =>
    run('curl', [
      ...['-sS', '-o', '-', '-w', '\n%{http_code}', '--max-time', '20'],
      ...['--cacert', ground.ca.file('root.pem')],
      ...more,
      `https://localhost:${ground.port}${path}`,
      ...['--resolve', `localhost:${ground.port}:127.0.0.1`],
    ]);

  it('is curl, which verifies the chain of the server to its root', async function () {
    if (spawnSync('curl', ['--version']).status !== 0) this.skip(); // there is no curl
    const { files } = made;
    const { stdout } = await curl('--cert', files.certificate, '--key', files.key);
    assert.equal(stdout, 'fine\n200');
    const none = await curl();
    assert.match(none.stdout, /NO_CERTIFICATE[^]*403$/);
    for (const version of ['--tlsv1.2', '--tlsv1.3']) {
      const most = version.replace('--tlsv', '');
      const sent = ['--cert', files.certificate, '--key', files.key, version, '--tls-max', most];
      assert.equal((await curl(...sent)).stdout, 'fine\n200');
    }
  });

  /** What openssl says of a handshake, good or not. */
  const handshake = async (...more: string[]): Promise<string> => {
    const place = ['-connect', `127.0.0.1:${ground.port}`, '-servername', 'localhost'];
    const running = run('openssl', ['s_client', ...place, ...more], { timeout: 20_000 });
    running.child.stdin?.end();
    return running.then(
      ({ stdout }) => stdout,
      (error: unknown) => (error as { stdout: string }).stdout, // as execFile rejects
    );
  };

  it('is openssl, which is refused with older versions and weak ciphers', async () => {
    const good = await handshake(
      '-tls1_2',
      '-cert',
      made.files.certificate,
      '-key',
      made.files.key,
    );
    assert.match(good, /New, TLSv1\.2, Cipher is ECDHE-ECDSA-AES256-GCM-SHA384/);
    assert.match(good, /Acceptable client certificate CA names[^]*Test Issuing/);
    const refused = /New, \(NONE\), Cipher is \(NONE\)/;
    for (const weak of [
      ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'],
      ['-tls1', '-cipher', 'ALL:@SECLEVEL=0'],
      ['-tls1_2', '-cipher', 'AES128-SHA:@SECLEVEL=0'],
      ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0'],
    ])
      assert.match(await handshake(...weak), refused, weak.join(' '));
  });

  it('is undici with a certificate of its own', async () => {
    const { certificate: cert, key } = made;
    const dispatcher = new Agent({ connect: { cert, key, ca: ground.ca.root } });
    const answer = await request(`https://localhost:${ground.port}${path}`, { dispatcher });
    assert.equal(answer.statusCode, 200);
    assert.equal(await answer.body.text(), 'fine');
    await dispatcher.close();
  });

  /** One call on a socket of node's, which is closed after it. */
  const callOn = async (options: ConnectionOptions): Promise<[text: string, resumed: boolean]> => {
    const socket = connect({
      ...{ host: '127.0.0.1', port: ground.port, servername: 'localhost', ca: ground.ca.root },
      ...options,
    });
    await once(socket, 'secureConnect');
    const resumed = socket.isSessionReused();
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(socket, 'close');
    return [text, resumed];
  };
  /** A session of such a call. */
  const sessionOf = async (options: ConnectionOptions): Promise<Buffer> => {
    const sessions: Buffer[] = [];
    const socket = connect({
      ...{ host: '127.0.0.1', port: ground.port, servername: 'localhost', ca: ground.ca.root },
      ...options,
    });
    socket.on('session', (session: Buffer) => sessions.push(session));
    await once(socket, 'secureConnect');
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    socket.resume();
    await once(socket, 'close');
    return sessions.at(-1) ?? assert.fail('no session');
  };

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    it(`is known by its certificate in a resumed session too (${version})`, async () => {
      const versions = { minVersion: version, maxVersion: version };
      const own = ground.client(`resumed-${version}.example`.toLowerCase());
      const options = { cert: own.certificate, key: own.key, ...versions };
      const session = await sessionOf(options);
      const [text, resumed] = await callOn({ ...options, session });
      assert.equal(resumed, true);
      assert.match(text, /^HTTP\/1\.1 200/);
      ground.register(own, { state: 'revoked' });
      const [refused] = await callOn({ ...options, session });
      assert.match(refused, /CERT_REVOKED/);
    });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    it(`is nobody in a resumed session that began without a certificate (${version})`, async () => {
      const versions = { minVersion: version, maxVersion: version };
      const session = await sessionOf(versions);
      const [text] = await callOn({ ...versions, session });
      assert.match(text, /^HTTP\/1\.1 403[^]*NO_CERTIFICATE/);
    });

  it('is somebody who speaks plain HTTP, and is told so in it, with an entry in the diary', async () => {
    for (const init of [{}, { method: 'POST', body: 'x'.repeat(1000) }]) {
      const answer = await fetch(`http://127.0.0.1:${ground.port}${path}`, init);
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /https/);
    }
    const [last] = await ground.handshakes.recent({ limit: 1 });
    assert.equal(last?.reason, 'ERR_SSL_HTTP_REQUEST');
  });
});
