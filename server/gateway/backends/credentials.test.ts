import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { importSPKI, jwtVerify, decodeProtectedHeader } from 'jose';
import { startBackEndGround } from '../../../test/back-end-ground.ts';
import { sendRaw } from '../../../test/raw-http.ts';
import type { HttpBackend } from '../../catalogue/proxies.ts';

async function listen(server: Server | ReturnType<typeof createTlsServer>) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A back end with secrets that a test may change, and a clock that it may set. */
async function groundFor(definition: HttpBackend, secrets: Record<string, string | undefined>) {
  let now = Date.parse('2030-01-01T00:00:00Z');
  let ids = 0;
  const ground = await startBackEndGround(definition, {
    clock: { now: () => now, newId: () => `id-${ids++}` },
    secret: (api, environment, name) =>
      api === 'hello' && environment === 'sandbox' ? secrets[name] : undefined,
  });
  const call = (more: object = {}) => sendRaw(ground.port, { path: '/api/a', ...more });
  return { ground, call, now: () => now, wait: (milliseconds: number) => (now += milliseconds) };
}

describe('a back end that wants a key', () => {
  it("gets ours and not the caller's, the new one as soon as it changes, and no call without one", async () => {
    const got: unknown[] = [];
    const target = await serve((request, response) => {
      got.push(request.rawHeaders.filter((_, i, all) => /^x.api.key$/i.test(all[i - 1] ?? '')));
      response.end();
    });
    const secrets: Record<string, string | undefined> = { 'their-key': 'first\n' };
    const security = { kind: 'key', header: 'X-Api-Key', secret: 'their-key' } as const;
    const { ground, call } = await groundFor({ kind: 'http', url: target.url, security }, secrets);
    const headers = [
      ['x-api-key', 'forged'],
      ['X_API_KEY', 'forged'],
    ];
    assert.equal((await call({ headers })).status, 200);
    secrets['their-key'] = 'second';
    assert.equal((await call({ headers })).status, 200);
    for (const unfit of [undefined, '', 'hush\r\nx: y', 'hüsh']) {
      secrets['their-key'] = unfit;
      const refused = await call();
      assert.equal(refused.status, 503);
      assert.doesNotMatch(refused.body + ground.logged.join(), /h.sh|their-key|first|second/);
    }
    assert.deepEqual(got, [['first'], ['second']]);
    await ground.close();
    target.close();
  });
});

describe('a back end that wants a token', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

  /** A token endpoint that judges assertions, and a target that takes the newest token only. */
  async function pair(now: () => number, answer?: RequestListener) {
    let issued = 0;
    const seen: { form: URLSearchParams; claims: Record<string, unknown>; kid: unknown }[] = [];
    const bearers: (string | undefined)[] = [];
    let good = () => `t${issued}`;
    const tokens = await serve((request, response) => {
      if (answer) {
        answer(request, response);
        return;
      }
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.once('end', () => {
        const form = new URLSearchParams(text);
        const assertion = form.get('client_assertion') ?? '';
        void importSPKI(publicKey, 'RS512')
          .then((key) =>
            jwtVerify(assertion, key, {
              issuer: 'our-client',
              subject: 'our-client',
              audience: `${tokens.url}/oauth2/token`,
              algorithms: ['RS512'],
              currentDate: new Date(now()),
              requiredClaims: ['jti', 'exp'],
            }),
          )
          .then(
            ({ payload }) => {
              seen.push({ form, claims: payload, kid: decodeProtectedHeader(assertion).kid });
              // Some servers tell the seconds as text.
              response.end(JSON.stringify({ access_token: `t${++issued}`, expires_in: '600' }));
            },
            () => response.writeHead(400).end('{"error":"invalid_client"}'),
          );
      });
    });
    const target = await serve((request, response) => {
      bearers.push(request.headers.authorization);
      request.resume();
      response.statusCode = request.headers.authorization === `Bearer ${good()}` ? 200 : 401;
      response.end();
    });
    return {
      tokens,
      target,
      seen,
      bearers,
      accept: (fn: () => string) => (good = fn),
      issued: () => issued,
      definition: {
        kind: 'http',
        url: target.url,
        security: {
          kind: 'oauth',
          tokenUrl: `${tokens.url}/oauth2/token`,
          clientId: 'our-client',
          kid: 'key-1',
          secret: 'signing-key',
          scope: 'a b',
        },
      } as const,
      close() {
        tokens.close();
        target.close();
      },
    };
  }

  it('gets one by a signed assertion, once for all who wait, and again shortly before its end', async () => {
    let now: () => number = () => 0;
    const both = await pair(() => now());
    const made = await groundFor(both.definition, { 'signing-key': privateKey });
    now = made.now;
    const { ground, call, wait } = made;
    const headers = [['authorization', 'Bearer of-the-caller']];
    const first = await Promise.all(Array.from({ length: 8 }, () => call({ headers })));
    assert.deepEqual(new Set(first.map(({ status }) => status)), new Set([200]));
    assert.equal(both.issued(), 1);
    wait(569_000);
    assert.equal((await call()).status, 200);
    assert.equal(both.issued(), 1);
    wait(2000);
    assert.equal((await call()).status, 200);
    assert.equal(both.issued(), 2);
    assert.ok(!both.bearers.includes('Bearer of-the-caller'));
    const [asked] = both.seen;
    assert.equal(asked?.form.get('grant_type'), 'client_credentials');
    assert.equal(asked.form.get('scope'), 'a b');
    assert.equal(asked.kid, 'key-1');
    assert.ok(Number(asked.claims.exp) * 1000 - (now() - 571_000) <= 300_000);
    assert.notEqual(both.seen[0]?.claims.jti, both.seen[1]?.claims.jti);
    await ground.close();
    both.close();
  });

  it('gets another when the back end refuses it, once a second, and for a short body too', async () => {
    let now: () => number = () => 0;
    const both = await pair(() => now());
    const made = await groundFor(both.definition, { 'signing-key': privateKey });
    now = made.now;
    const { ground, call, wait } = made;
    assert.equal((await call()).status, 200);
    both.accept(() => 't2'); // as if the first had been revoked
    assert.equal((await call({ method: 'POST', body: 'hello' })).status, 200);
    assert.equal(both.issued(), 2);
    both.accept(() => 'none');
    wait(1000);
    assert.equal((await call()).status, 401);
    assert.equal(both.issued(), 3);
    assert.equal(ground.facts.at(-1)?.target?.retries, 1);
    for (let i = 0; i < 5; i++) assert.equal((await call()).status, 401);
    assert.equal(both.issued(), 3);
    assert.equal(ground.facts.at(-1)?.target?.retries, 0);
    wait(1000);
    both.accept(() => 't4');
    assert.equal((await call()).status, 200);
    await ground.close();
    both.close();
  });

  it('cannot be called without one, says nothing of why to callers, and leaves the server alone for a second', async () => {
    const answers: Readonly<Record<string, RequestListener>> = {
      invalid_client: (_request, response) =>
        response.writeHead(401).end('{"error":"invalid_client","error_description":"hush"}'),
      'answered 500': (_request, response) => response.writeHead(500).end('hush'),
      'answered 302': (_request, response) =>
        response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'without a token': (_request, response) => response.end('{"access_token":"a\\r\\nb"}'),
      'cannot be reached': (request) => request.socket.destroy(),
    };
    for (const [why, answer] of Object.entries(answers)) {
      let asked = 0;
      const both = await pair(
        () => 0,
        (request, response) => {
          asked++;
          answer(request, response);
        },
      );
      const { ground, call, wait } = await groundFor(both.definition, {
        'signing-key': privateKey,
      });
      for (let i = 0; i < 12; i++) {
        const refused = await call();
        assert.equal(refused.status, 503, why);
        assert.match(refused.head, /retry-after: 1/);
        assert.doesNotMatch(refused.body, /hush|signing-key|127/);
      }
      assert.equal(asked, 1);
      wait(1000);
      await call();
      assert.equal(asked, 2);
      assert.ok(
        ground.logged.some((line) => line.includes(why)),
        ground.logged.join(),
      );
      assert.doesNotMatch(ground.logged.join(), /hush|PRIVATE/);
      assert.deepEqual(ground.backend.condition?.(), { circuit: 'closed' });
      assert.deepEqual(both.bearers, []);
      await ground.close();
      both.close();
    }
  });

  it('is not called with a key that is missing, is none, or is of another kind', async () => {
    const both = await pair(() => 0);
    const secrets: Record<string, string | undefined> = {};
    const { ground, call, wait } = await groundFor(both.definition, secrets);
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    const unfit = [undefined, 'hush', ec.export({ type: 'pkcs8', format: 'pem' }).toString()];
    for (const secret of unfit) {
      secrets['signing-key'] = secret;
      assert.equal((await call()).status, 503);
      wait(1000);
    }
    assert.doesNotMatch(ground.logged.join(), /hush|PRIVATE/);
    await ground.close();
    both.close();
  });
});

describe('a back end whose certificate is missing', () => {
  it('refuses the call, and nothing of it is left to fail later', async () => {
    const security = { kind: 'mtls', secret: 'identity' } as const;
    const url = 'https://127.0.0.1:1';
    const { ground, call } = await groundFor({ kind: 'http', url, security, timeout: 50 }, {});
    const left: unknown[] = [];
    const note = (reason: unknown) => left.push(reason);
    process.on('unhandledRejection', note);
    assert.equal((await call()).status, 503);
    await new Promise((resolve) => setTimeout(resolve, 150));
    process.off('unhandledRejection', note);
    assert.deepEqual(left, []);
    await ground.close();
  });
});

const openssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
})();

(openssl ? describe : describe.skip)(
  'a back end that wants a client certificate (needs openssl)',
  () => {
    let dir: string;
    before(() => {
      dir = mkdtempSync(join(tmpdir(), 'gatehouse-mtls-'));
      const run = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
      for (const ca of ['ca', 'other'])
        run(
          ...['req', '-x509', ...key, '-keyout', `${ca}.key`, '-out', `${ca}.pem`],
          ...['-subj', `/CN=${ca}`, '-days', '2'],
        );
      writeFileSync(join(dir, 'ext'), 'subjectAltName=IP:127.0.0.1\n');
      for (const name of ['server', 'first', 'second']) {
        run(
          ...['req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`],
          ...['-subj', `/CN=${name}`],
        );
        run(
          ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key'],
          ...['-CAcreateserial', '-days', '2', '-out', `${name}.pem`, '-extfile', 'ext'],
        );
      }
    });
    after(() => {
      rmSync(dir, { recursive: true });
    });
    const file = (name: string) => readFileSync(join(dir, name), 'utf8');
    const identity = (name: string) => file(`${name}.pem`) + file(`${name}.key`);

    it('sees ours, the new one as soon as it changes, and no call without one', async () => {
      const names: unknown[] = [];
      const target = createTlsServer(
        {
          key: file('server.key'),
          cert: file('server.pem'),
          ca: file('ca.pem'),
          requestCert: true,
          rejectUnauthorized: true,
        },
        (request, response) => {
          // an https server's sockets are TLS sockets
          names.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
          response.end('fine');
        },
      );
      const url = `https://127.0.0.1:${await listen(target)}`;
      const security = { kind: 'mtls', secret: 'identity', ca: 'authority' } as const;
      const secrets: Record<string, string | undefined> = {
        identity: identity('first'),
        authority: file('ca.pem'),
      };
      const { ground, call } = await groundFor({ kind: 'http', url, security }, secrets);
      assert.equal((await call()).body, 'fine');
      assert.equal((await call()).body, 'fine');
      secrets.identity = identity('second');
      assert.equal((await call()).body, 'fine');
      assert.deepEqual(names, ['first', 'first', 'second']);

      secrets.authority = file('other.pem');
      assert.equal((await call()).status, 502, 'a server of authorities that are not trusted');
      secrets.authority = file('ca.pem');
      for (const unfit of [
        undefined,
        'hush',
        file('first.pem'),
        file('first.pem') + file('second.key'),
      ]) {
        secrets.identity = unfit;
        const refused = await call();
        assert.equal(refused.status, 503);
        assert.doesNotMatch(refused.body + ground.logged.join(), /hush|PRIVATE|identity/);
      }
      secrets.identity = identity('first');
      secrets.authority = undefined;
      assert.equal((await call()).status, 503);
      assert.equal(names.length, 3);
      await ground.close();
      target.close();
      target.closeAllConnections();
    });
  },
);
