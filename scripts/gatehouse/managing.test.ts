import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify, type JsonWebKey } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import type { Handler } from '../../core/exchange.ts';
import { createLog } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import {
  administrationGround,
  actorOf,
  newApp,
  type AdministrationGround,
} from '../../test/administration-ground.ts';
import { managementApi } from '../../server/catalogue/api.ts';
import { toEnvironment } from '../../server/catalogue/environments.ts';
import {
  administratorCollection,
  ensureFirstAdministrator,
  parseCredential,
} from '../../server/catalogue/people.ts';
import { createFront, type Front } from '../../server/front.ts';
import { MountTable } from '../../server/mount-table.ts';
import { newRsaKey, readSecretFile, writeSecretFile } from '../../server/key-files.ts';
import { adminCommand } from './commands/admin.ts';
import { appCommand } from './commands/app.ts';
import { productCommand } from './commands/product.ts';
import { subscriptionCommand } from './commands/subscription.ts';

const commands: Readonly<Record<string, () => Command>> = {
  admin: adminCommand,
  app: appCommand,
  product: productCommand,
  subscription: subscriptionCommand,
};

const isProblem = (kind: string, message: RegExp) => (error: unknown) =>
  error instanceof Problem && error.kind === kind && message.test(error.message);

describe('the commands that manage apps', () => {
  let ground: AdministrationGround;
  let front: Front;
  let url: string;
  let file: string;
  let assertions: Record<string, unknown>[];
  let key: string;
  let audience: string | undefined;

  before(async () => {
    key = await newRsaKey();
  });

  beforeEach(async () => {
    ground = await administrationGround();
    file = join(ground.dir, 'administrator.json');
    assertions = [];
    audience = undefined;
    const api = managementApi({
      administration: ground.administration,
      newId: () => ground.clock.newId(),
      authenticate: ({ headers }) =>
        headers.authorization === 'Bearer good'
          ? Promise.resolve(actorOf('administrator'))
          : Promise.reject(new Problem('unauthenticated', 'No such token')),
    });
    front = createFront({
      tables: [
        new MountTable([
          { environment: 'sandbox', base: '/management/v1', api: 'management', handler: api },
          { environment: 'sandbox', base: '/management/token', api: 'token', handler: tokens },
        ]),
      ],
      environment: 'sandbox',
      toEnvironment,
      log: createLog(
        'error',
        new Writable({
          write: (_c, _e, done) => {
            done();
          },
        }),
      ),
      pages: (_request, response) => response.writeHead(200).end('<html>'),
    });
    await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(front.server.address() as AddressInfo).port}`;
    await makeCredential(key);
  });
  afterEach(async () => {
    await front.drain(100);
    await ground.end();
  });

  const makeCredential = (privateKey: string) =>
    ensureFirstAdministrator({
      store: ground.store,
      clock: ground.clock,
      file: {
        read: () => readSecretFile(file),
        write: (text) => {
          writeSecretFile(file, text);
        },
      },
      newKeyPair: () => Promise.resolve(privateKey),
      tokenUrl: `${url}/management/token`,
      managementUrl: `${url}/management/v1`,
    });

  /** A token for an assertion signed with the key that is stored, as the real endpoint gives one. */
  const tokens: Handler = async (exchange) => {
    const form = new URLSearchParams((await exchange.body.bytes(32_000)).toString());
    const [head = '', payload = '', signature = ''] = (form.get('client_assertion') ?? '').split(
      '.',
    );
    const decode = (part: string) =>
      JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
    const [header, claims] = [decode(head), decode(payload)];
    assertions.push({ ...header, ...claims });
    const known = await ground.store.open(administratorCollection).get(String(claims.sub));
    const jwk = known?.value.keys.find(({ kid }) => kid === header.kid);
    const good =
      jwk !== undefined &&
      claims.aud === (audience ?? claims.aud) &&
      verify(
        header.alg === 'RS512' ? 'sha512' : 'sha384',
        Buffer.from(`${head}.${payload}`),
        {
          key: createPublicKey({ key: { ...jwk } as JsonWebKey, format: 'jwk' }),
          dsaEncoding: 'ieee-p1363',
        },
        Buffer.from(signature, 'base64url'),
      );
    return {
      status: good ? 200 : 401,
      body: JSON.stringify(good ? { access_token: 'good' } : { error_description: 'No such key' }),
    };
  };

  /** What a command prints. */
  const run = async (...args: string[]) => {
    const printed: string[] = [];
    const { log, error } = console;
    console.log = (line: string) => printed.push(line);
    console.error = (line: string) => printed.push(line);
    try {
      const [noun = '', ...rest] = args;
      await commands[noun]?.().parseAsync([...rest, '--credential', file], { from: 'user' });
    } finally {
      Object.assign(console, { log, error });
    }
    return printed.join('\n');
  };

  const json = async (...args: string[]) => JSON.parse(await run(...args, '--json'));

  const create = [
    'app',
    'create',
    '--name',
    'Ward',
    '--owner',
    'Y90001',
    '--contact',
    'a@b.example',
  ];

  it('takes an app from nothing to its credentials', async function () {
    this.timeout(30_000);
    const { id } = await json(...create, '--kind', 'point-of-care', '--kind', 'unattended');
    const { clientId } = await json('app', 'register', id, 'sandbox');
    assert.match(clientId, /^\w{32}$/);
    const { secret } = await json('app', 'secret', id, 'sandbox');
    assert.equal(secret.length, 43);
    const out = join(ground.dir, 'my.pem');
    await run('app', 'keys', id, 'sandbox', '--generate', '--bits', '2048', '--out', out);
    assert.match(readFileSync(out, 'utf8'), /^-----BEGIN PRIVATE KEY/);
    if (process.platform !== 'win32') assert.equal(statSync(out).mode & 0o777, 0o600);
    await run(
      'app',
      'set',
      id,
      'sandbox',
      '--asid',
      '200000001115',
      '--redirect-uri',
      'https://a.example/',
    );
    const shown = await json('app', 'show', id, 'sandbox');
    assert.equal(shown.asid, '200000001115');
    assert.equal(shown.keys.keys[0].kid, 'key-1');
    assert.equal((await json('app', 'keys', id, 'sandbox')).good, true);
    await run('app', 'secret', id, 'sandbox', '--end', shown.secrets[0].id, '--overlap', '1h');
    assert.equal(
      (await json('app', 'revoke', id, 'int').catch((error: unknown) => String(error))).includes(
        'not registered in uat',
      ),
      true,
    );
    assert.equal((await json('app', 'revoke', id, 'sandbox')).state, 'revoked');
    assert.equal((await json('app', 'approve', id, 'sandbox')).state, 'approved');
  });

  it('makes an administrator with a credential of their own, gives them another key, and ends it', async () => {
    const out = join(ground.dir, 'second.json');
    const create = ['admin', 'create', 'Second', '--role', 'operator', '--out', out];
    const made = await json(...create);
    assert.deepEqual([made.role, made.organisation, made.state], ['operator', '*', 'active']);
    const credential = parseCredential(readFileSync(out, 'utf8'));
    assert.equal(credential.clientId, made.id);
    if (process.platform !== 'win32') assert.equal(statSync(out).mode & 0o777, 0o600);
    const own = file;
    file = out;
    const listed = await json('admin', 'list');
    assert.ok(listed.some(({ id }: { id: string }) => id === made.id));
    assert.equal(assertions.at(-1)?.sub, made.id, 'it signs in itself');
    file = own;
    await assert.rejects(run(...create), isProblem('conflict', /is there already/));
    const next = join(ground.dir, 'next.json');
    const { keys } = await json('admin', 'new-key', made.id, '--out', next);
    assert.equal(keys.length, 1);
    file = next;
    await run('admin', 'list');
    assert.equal(assertions.at(-1)?.kid, keys[0]);
    file = out;
    await assert.rejects(run('admin', 'list'), isProblem('unauthenticated', /No such key/));
    file = own;
    assert.equal((await json('admin', 'change', made.id, '--role', 'auditor')).role, 'auditor');
    await assert.rejects(
      run('admin', 'change', made.id),
      isProblem('invalid', /Nothing to change/),
    );
    assert.equal((await json('admin', 'revoke', made.id)).state, 'revoked');
    assert.equal((await json('admin', 'revoke', made.id, '--undo')).state, 'active');
  });

  it('leaves no credential file where no administrator was made', async () => {
    const out = join(ground.dir, 'none.json');
    const wrong = ['--role', 'operator', '--organisation', 'no code', '--out', out];
    await assert.rejects(run('admin', 'create', 'Second', ...wrong), isProblem('invalid', /./));
    assert.equal(statSync(out, { throwIfNoEntry: false }), undefined);
    const key = run('admin', 'new-key', 'nobody', '--out', out);
    await assert.rejects(key, isProblem('not-found', /gatehouse admin list/));
    assert.equal(statSync(out, { throwIfNoEntry: false }), undefined);
  });

  it('makes no private key when its file is there already', async () => {
    const { id } = await json(...create, '--kind', 'unattended');
    await run('app', 'register', id, 'sandbox');
    const keys = run('app', 'keys', id, 'sandbox', '--generate', '--out', file);
    await assert.rejects(keys, isProblem('conflict', /is there already/));
    assert.equal((await json('app', 'show', id, 'sandbox')).keys, null);
  });

  it('registers the keys of a file', async () => {
    const { id } = await json(...create, '--kind', 'unattended');
    await run('app', 'register', id, 'sandbox');
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const set = join(ground.dir, 'jwks.json');
    writeFileSync(
      set,
      JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'mine' }] }),
    );
    await run('app', 'keys', id, 'sandbox', '--file', set);
    assert.equal((await json('app', 'show', id, 'sandbox')).keys.keys[0].kid, 'mine');
    writeFileSync(set, '{"keys": SECRET');
    const wrong = run('app', 'keys', id, 'sandbox', '--file', set);
    await assert.rejects(wrong, isProblem('invalid', /^(?!.*SECRET).*is no JSON Web Key Set/));
  });

  it('takes a subscription from request to rejection and cancellation', async () => {
    const { id } = await json(...create, '--kind', 'point-of-care');
    await run('app', 'register', id, 'sandbox');
    const product = await json(
      'product',
      'create',
      'pds',
      '--name',
      'PDS',
      '--scope',
      'user/Patient.crus',
    );
    assert.equal(product.approval, 'manual');
    assert.match(await run('product', 'list'), /^id +name +approval +scopes\npds +PDS +manual/);
    const waiting = await run('subscription', 'request', id, 'pds', 'sandbox');
    assert.match(waiting, /state +requested[^]*gatehouse subscription approve/);
    const [{ id: one }] = await json('subscription', 'list', '--app', id);
    await assert.rejects(
      run('subscription', 'reject', one),
      isProblem('invalid', /needs a reason/),
    );
    assert.equal((await json('subscription', 'approve', one)).state, 'active');
    assert.equal((await json('subscription', 'cancel', one)).state, 'cancelled');
  });

  it('says what a subscription is wanted for and how long it shall last', async () => {
    const { id } = await json(...create, '--kind', 'point-of-care');
    await run('app', 'register', id, 'sandbox');
    await run('product', 'create', 'pds', '--name', 'PDS', '--scope', 'user/Patient.crus');
    const wish = ['--purpose', 'Records on a ward', '--volume', '500'];
    const asked = await json('subscription', 'request', id, 'pds', 'sandbox', ...wish);
    assert.deepEqual([asked.purpose, asked.volume], ['Records on a ward', 500]);
    const approved = await json('subscription', 'approve', asked.id, '--ends', '2099-03-31');
    assert.equal(approved.ends, '2099-04-01T00:00:00.000Z');
  });

  it('deletes an app once it is told to', async () => {
    const { id } = await json(...create, '--kind', 'unattended');
    await assert.rejects(run('app', 'delete', id), isProblem('invalid', /say --yes/));
    assert.equal((await json('app', 'show', id)).id, id);
    assert.match(await run('app', 'delete', id, '--yes'), /^Deleted /);
    await assert.rejects(run('app', 'show', id), isProblem('not-found', /was deleted/));
  });

  it('signs a short-lived assertion for the token endpoint, RS512 or ES384', async () => {
    await run('app', 'list');
    const [first] = assertions;
    const { clientId } = parseCredential(readSecretFile(file) ?? '');
    assert.deepEqual(
      [first?.alg, first?.iss, first?.sub, first?.aud, first?.kid, first?.typ],
      ['RS512', clientId, clientId, `${url}/management/token`, 'administrator-1', 'JWT'],
    );
    assert.equal(Number(first?.exp) - Number(first?.iat), 60);
    const administrators = ground.store.open(administratorCollection);
    await administrators.remove(clientId, 1);
    rmSync(file);
    await makeCredential(
      generateKeyPairSync('ec', {
        namedCurve: 'P-384',
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }).privateKey,
    );
    await run('app', 'list');
    assert.equal(assertions[1]?.alg, 'ES384');
    assert.notEqual(assertions[1].jti, first?.jti);
  });

  it('names the public address to a server on this machine that --url reaches otherwise', async () => {
    const written = parseCredential(readSecretFile(file) ?? '');
    const elsewhere = 'https://gatehouse.example/management';
    const moved = { tokenUrl: `${elsewhere}/token`, managementUrl: `${elsewhere}/v1` };
    rmSync(file);
    writeSecretFile(file, JSON.stringify({ ...written, ...moved }));
    await run('app', 'list', '--url', url);
    assert.deepEqual(
      assertions.map(({ aud }) => aud),
      [moved.tokenUrl],
    );
    audience = `${url}/management/token`; // as of a server that was moved since the file was written
    await run('app', 'list', '--url', url);
    assert.deepEqual(
      assertions.slice(1).map(({ aud }) => aud),
      [moved.tokenUrl, audience],
    );
  });

  it('shows what lies within a thing line by line', async () => {
    const { id } = await json(...create, '--kind', 'unattended');
    const { clientId } = await json('app', 'register', id, 'sandbox');
    await run('app', 'keys', id, 'sandbox', '--generate', '--bits', '2048');
    const shown = await run('app', 'show', id);
    assert.match(shown, new RegExp(`^ {4}clientId +${clientId}$`, 'm'));
    assert.match(shown, /^ {6}keys +kid key-1, kty RSA$/m);
    assert.doesNotMatch(shown, /[{}]./);
  });

  it('goes through all pages of a list', async () => {
    const admin = actorOf('administrator');
    await Promise.all(
      Array.from({ length: 205 }, () => ground.administration.apps.create(admin, newApp)),
    );
    assert.equal((await json('app', 'list')).length, 205);
  });

  it('prints what others have typed without letting it steer the terminal', async () => {
    const name = 'a\u001b[2Jb\r\nc';
    await ground.administration.apps.create(actorOf('administrator'), { ...newApp, name });
    const printed = await run('app', 'list');
    assert.doesNotMatch(printed, /[\u001b\r]/); // eslint-disable-line no-control-regex -- that is what must not come
    assert.equal(printed.split('\n').length, 2);
  });

  it('says how to go on when no server answers', async () => {
    const nowhere = run('app', 'list', '--url', 'http://127.0.0.1:9');
    await assert.rejects(nowhere, isProblem('unavailable', /npm start/));
  });

  it('says how to go on when the credential is missing, open to others, or of another server', async () => {
    const other = parseCredential(readSecretFile(file) ?? '');
    if (process.platform !== 'win32') {
      chmodSync(file, 0o644);
      await assert.rejects(run('app', 'list'), isProblem('unavailable', /chmod 600/));
    }
    rmSync(file);
    await assert.rejects(run('app', 'list'), isProblem('not-found', /npm start/));
    writeSecretFile(file, JSON.stringify({ ...other, clientId: 'stranger' }));
    await assert.rejects(
      run('app', 'list'),
      isProblem('unauthenticated', /No such key.*--credential/),
    );
    rmSync(file);
    writeSecretFile(file, JSON.stringify({ ...other, tokenUrl: `${url}/elsewhere` }));
    await assert.rejects(run('app', 'list'), isProblem('upstream', /--url/));
  });
});
