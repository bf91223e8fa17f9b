import assert from 'node:assert/strict';
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Problem } from '../../core/problem.ts';
import type { RegisteredKeys } from '../catalogue/apps.ts';
import { openBurntKeys, type BurntKeys } from '../catalogue/burnt-keys.ts';
import type { Client } from '../catalogue/catalogue.ts';
import { checkKeySet } from '../catalogue/key-registration.ts';
import { createOutgoing } from '../outgoing.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../store/embedded.ts';
import { freshFor, type FetchJson } from './key-set-fetch.ts';
import { createKeySets, KeysUnavailable, type KeySets } from './key-sets.ts';

const clientWith = (keys: RegisteredKeys | undefined, clientId = 'client-1'): Client => ({
  app: {
    id: 'app',
    name: 'App',
    description: '',
    owner: 'A0001',
    kinds: ['unattended'],
    contact: '',
    created: 0,
    registrations: {},
  },
  registration: {
    clientId,
    state: 'approved',
    secrets: [],
    keys,
    redirectUris: [],
    origins: [],
    smartAuthentication: 'private_key_jwt',
    providerClients: [],
    attributes: {},
    switches: { shorterLifetimes: false },
  },
  environment: 'sandbox',
});
const byUrl = (url = 'https://keys.example/set', clientId?: string) =>
  clientWith({ kind: 'url', url }, clientId);

describe('key sets', () => {
  let dir: string;
  let store: EmbeddedStore;
  let burnt: BurntKeys;
  let privateKey: JsonWebKey;
  let publicKey: JsonWebKey;
  const hour = 3_600_000;
  let now = 0;
  const clock = { now: () => now, newId: () => 'id' };

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-key-sets-'));
    store = await openEmbeddedStore({ dir });
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    privateKey = pair.privateKey.export({ format: 'jwk' });
    publicKey = pair.publicKey.export({ format: 'jwk' });
  });
  after(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });
  beforeEach(async () => {
    now = 1_800_000_000_000;
    burnt = await openBurntKeys(store);
  });

  const make = (fetch: FetchJson): KeySets =>
    createKeySets({
      fetch,
      clock,
      burnt,
      check: (value) => checkKeySet(value, 'any', (one) => burnt.has(one)),
    });
  const setOf = (...kids: readonly string[]) => ({
    keys: kids.map((kid) => ({ ...publicKey, kid })),
  });
  const kidsOf = async (sets: KeySets, client: Client, kid: string) =>
    (await sets.keysOf(client, kid)).map((key) => key.kid);
  const unavailable = (reason: KeysUnavailable['reason'], says: RegExp) => (error: unknown) => {
    assert.ok(error instanceof KeysUnavailable, String(error));
    assert.equal(error.reason, reason);
    assert.match(error.message, says);
    return true;
  };

  /** A host that answers what it is told to, and counts. */
  const host = (first: unknown, cacheControl = '') => {
    const state = { answer: first, cacheControl, calls: 0, down: false };
    const fetch: FetchJson = () => {
      state.calls++;
      if (state.down) return Promise.reject(new Error('The host takes no connections'));
      const body = Buffer.from(
        typeof state.answer === 'string' ? state.answer : JSON.stringify(state.answer),
      );
      return Promise.resolve({ status: 200, cacheControl: state.cacheControl, body });
    };
    return { state, sets: make(fetch) };
  };

  describe('by value', () => {
    const never: FetchJson = () => assert.fail('nothing is fetched');

    it('are made ready once for each registration', async () => {
      const keys = checkKeySet(setOf('a', 'b'), 'any', () => false);
      const client = clientWith({ kind: 'value', keys });
      const sets = make(never);
      const [first] = await sets.keysOf(client, 'a');
      const [again] = await sets.keysOf(client, 'unknown');
      assert.equal(first?.kid, 'a');
      assert.equal(first.key, again?.key);
      const [other] = await sets.keysOf(clientWith({ kind: 'value', keys: [...keys] }), 'a');
      assert.notEqual(first.key, other?.key);
    });

    it('are missing when none is registered', async () => {
      const missing = unavailable('none registered', /No public key/);
      await assert.rejects(make(never).keysOf(clientWith(undefined), 'a'), missing);
      const empty = clientWith({ kind: 'value', keys: [] });
      await assert.rejects(make(never).keysOf(empty, 'a'), missing);
    });

    it('lose a key at once when it is burnt elsewhere', async () => {
      const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const leak = { keys: [{ ...other.privateKey.export({ format: 'jwk' }), kid: 'x' }] };
      const set = { keys: [{ ...other.publicKey.export({ format: 'jwk' }), kid: 'x' }] };
      const client = clientWith({ kind: 'value', keys: checkKeySet(set, 'any', () => false) });
      const { sets } = host(leak);
      assert.deepEqual(await kidsOf(sets, client, 'x'), ['x']);
      await assert.rejects(sets.keysOf(byUrl('https://careless.example', 'client-2'), 'x'));
      assert.deepEqual(await kidsOf(sets, client, 'x'), []);
    });

    it('have nothing to check by fetching', async () => {
      await assert.rejects(make(never).check(clientWith(undefined)), (error) => {
        return error instanceof Problem && error.kind === 'invalid';
      });
    });
  });

  describe('by URL', () => {
    it('are fetched once and kept as long as Cache-Control says', async () => {
      const { state, sets } = host(setOf('a'), 'max-age=600');
      for (let i = 0; i < 5; i++) assert.deepEqual(await kidsOf(sets, byUrl(), 'a'), ['a']);
      assert.equal(state.calls, 1);
      now += 599_999;
      await sets.keysOf(byUrl(), 'a');
      assert.equal(state.calls, 1);
      now += 1;
      await sets.keysOf(byUrl(), 'a');
      assert.equal(state.calls, 2);
    });

    it('read Cache-Control within a minute and an hour', () => {
      for (const [header, seconds] of [
        ['', 3600],
        ['public', 3600],
        ['max-age=600', 600],
        ['Public, MAX-AGE=600, immutable', 600],
        ['max-age="600"', 600],
        ['max-age=0', 60],
        ['max-age=59', 60],
        ['max-age=-1', 60],
        ['max-age=junk', 60],
        ['max-age=86400', 3600],
        ['max-age=99999999999', 60],
        ['no-store', 60],
        ['max-age=600, no-cache', 60],
        ['s-maxage=70', 3600],
      ] as const)
        assert.equal(freshFor(header), seconds * 1000, header);
    });

    it('take over a new key at its first use', async () => {
      const { state, sets } = host(setOf('a'));
      await sets.keysOf(byUrl(), 'a');
      state.answer = setOf('a', 'b');
      now += 30_000;
      assert.deepEqual(await kidsOf(sets, byUrl(), 'b'), ['a', 'b']);
      assert.equal(state.calls, 2);
    });

    it('are fetched once in 30 seconds in a flood of unknown kids', async () => {
      const { state, sets } = host(setOf('a'));
      const flood = (from: number) =>
        Promise.all(
          Array.from({ length: 200 }, (_, i) => kidsOf(sets, byUrl(), `unknown-${from + i}`)),
        );
      for (const kids of await flood(0)) assert.deepEqual(kids, ['a']);
      assert.equal(state.calls, 1);
      now += 29_999;
      await flood(200);
      assert.equal(state.calls, 1);
      now += 1;
      await flood(400);
      assert.equal(state.calls, 2);
      assert.deepEqual(await kidsOf(sets, byUrl(undefined, 'client-2'), '__proto__'), ['a']);
      assert.equal(state.calls, 3);
    });

    it('are tried once in 30 seconds while the host is down', async () => {
      const { state, sets } = host(setOf('a'));
      state.down = true;
      const down = unavailable('unreachable', /takes no connections/);
      for (let i = 0; i < 20; i++) await assert.rejects(sets.keysOf(byUrl(), 'a'), down);
      assert.equal(state.calls, 1);
      state.down = false;
      now += 30_000;
      assert.deepEqual(await kidsOf(sets, byUrl(), 'a'), ['a']);
    });

    it('outlive their host by 24 hours', async () => {
      const { state, sets } = host(setOf('a'));
      await sets.keysOf(byUrl(), 'a');
      state.down = true;
      for (let i = 0; i < 24; i++, now += hour)
        assert.deepEqual(await kidsOf(sets, byUrl(), 'a'), ['a']);
      assert.deepEqual(await kidsOf(sets, byUrl(), 'a'), ['a']);
      assert.equal(state.calls, 25);
      now += 1;
      await assert.rejects(sets.keysOf(byUrl(), 'a'), unavailable('unreachable', /connections/));
    });

    it('are another set when the address changes', async () => {
      const { state, sets } = host(setOf('a'));
      await sets.keysOf(byUrl(), 'a');
      state.down = true;
      await assert.rejects(sets.keysOf(byUrl('https://new.example'), 'a'));
      assert.equal(sets.lastFetch('client-1')?.url, 'https://new.example');
    });

    it('lose the keys that a refused set no longer names, and keep the others', async () => {
      const { state, sets } = host(setOf('a', 'b'));
      await sets.keysOf(byUrl(), 'a');
      state.answer = { keys: [...setOf('b').keys, { kty: 'oct', kid: 'c' }] };
      now += hour;
      assert.deepEqual(await kidsOf(sets, byUrl(), 'b'), ['b']);
      assert.match(sets.lastFetch('client-1')?.fault ?? '', /Key 2 has a kty/);
      state.answer = { error: 'maintenance' };
      now += hour;
      assert.deepEqual(await kidsOf(sets, byUrl(), 'b'), ['b']);
      state.answer = { keys: [] };
      now += hour;
      await assert.rejects(sets.keysOf(byUrl(), 'b'), unavailable('unreachable', /no key in it/));
    });

    it('burn a key that they give away, in the last good copy too', async () => {
      const { state, sets } = host(setOf('a'));
      await sets.keysOf(byUrl(), 'a');
      const lost = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      state.answer = { keys: [{ ...lost.publicKey.export({ format: 'jwk' }), kid: 'e' }] };
      now += hour;
      assert.deepEqual(await kidsOf(sets, byUrl(), 'e'), ['e']);
      state.answer = { keys: [{ ...lost.privateKey.export({ format: 'jwk' }), kid: 'e' }] };
      now += hour;
      assert.deepEqual(await kidsOf(sets, byUrl(), 'e'), []);
      assert.match(sets.lastFetch('client-1')?.fault ?? '', /private members \(d\)/);
      state.answer = { keys: [{ ...lost.publicKey.export({ format: 'jwk' }), kid: 'f' }] };
      now += hour;
      await assert.rejects(sets.keysOf(byUrl(), 'f'), unavailable('unreachable', /never be used/));
      const again = await openBurntKeys(store);
      assert.throws(() => checkKeySet(state.answer, 'any', (one) => again.has(one)));
    });

    it('tell the owner what the last fetch found', async () => {
      const { state, sets } = host(setOf('a', 'b'));
      assert.equal(sets.lastFetch('client-1'), undefined);
      await sets.keysOf(byUrl(), 'a');
      const found = { url: 'https://keys.example/set', at: now, status: 200, kids: ['a', 'b'] };
      const bytes = JSON.stringify(state.answer).length;
      assert.deepEqual(sets.lastFetch('client-1'), { ...found, bytes });
      state.down = true;
      now += 30_000;
      await sets.keysOf(byUrl(), 'c');
      assert.deepEqual(sets.lastFetch('client-1'), {
        url: 'https://keys.example/set',
        at: now,
        fault: 'The host takes no connections',
        bytes: 0,
        kids: [],
      });
    });

    it('are fetched at the owner’s wish, once in ten seconds', async () => {
      const { state, sets } = host(setOf('a'));
      const checks = await Promise.all([sets.check(byUrl()), sets.check(byUrl())]);
      assert.deepEqual(checks[0], checks[1]);
      now += 9_999;
      state.answer = '{"keys":[';
      assert.deepEqual(await sets.check(byUrl()), checks[0]);
      assert.equal(state.calls, 1);
      now += 1;
      assert.match((await sets.check(byUrl())).fault ?? '', /JSON: syntax/);
      assert.equal(state.calls, 2);
    });

    it('are remembered for 5,000 clients', async () => {
      const { state, sets } = host(setOf('a'));
      await sets.keysOf(byUrl(undefined, 'first'), 'a');
      await sets.keysOf(byUrl(undefined, 'second'), 'a');
      await sets.keysOf(byUrl(undefined, 'first'), 'a');
      state.down = true; // nothing needs to be fetched to take a place
      for (let i = 0; i < 4999; i++)
        await sets.keysOf(byUrl(undefined, `c${i}`), 'a').catch(() => undefined);
      assert.ok(sets.lastFetch('first'));
      assert.equal(sets.lastFetch('second'), undefined);
    });
  });

  describe('over real sockets', () => {
    let open: { server: Server; sockets: Socket[] }[] = [];
    afterEach(async () => {
      for (const { server, sockets } of open) {
        for (const socket of sockets) socket.destroy();
        await new Promise((done) => server.close(done));
      }
      open = [];
    });

    const listen = async (server: Server): Promise<string> => {
      const sockets: Socket[] = [];
      server.on('connection', (socket) => sockets.push(socket));
      open.push({ server, sockets });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`; // it listens on TCP
    };
    const serve = (answer: RequestListener) => listen(createServer(answer));
    const setsOverNetwork = () => {
      const outgoing = createOutgoing({ allowLocal: true, clock, deadline: 400 });
      return make((url, who) => outgoing.getJson(url, who));
    };
    const json = { 'content-type': 'application/json' };
    const says = (body: string | Buffer, headers: Record<string, string> = json, status = 200) =>
      serve((_request, response) => response.writeHead(status, headers).end(body));
    const megabytes = (size: number) => {
      const megabyte = Buffer.alloc(1024 * 1024, 0x20);
      return serve((_request, response) => {
        let sent = 0;
        response.writeHead(200, json);
        const more = () => {
          while (sent++ < size && !response.destroyed)
            if (!response.write(megabyte)) return response.once('drain', more);
          return response.end();
        };
        more();
      });
    };
    const drip = () =>
      serve((_request, response) => {
        response.writeHead(200, json);
        const timer = setInterval(() => {
          if (response.destroyed) clearInterval(timer);
          else response.write(' ');
        }, 20);
      });
    const dead = async () => {
      const server = createTcpServer();
      const url = await listen(server);
      await new Promise((done) => server.close(done));
      open.pop();
      return url;
    };
    const leaked = () => JSON.stringify({ keys: [{ ...privateKey, p: 'AQ', q: 'AQ', kid: 'a' }] });
    const thousand = () =>
      JSON.stringify({
        keys: Array.from({ length: 1000 }, (_, i) => ({ kty: 'RSA', kid: `k${i}` })),
      });
    const redirect = { ...json, location: 'http://169.254.169.254/latest/meta-data' };

    it('verify with what a host publishes', async () => {
      const url = await says(JSON.stringify(setOf('a')), {
        ...json,
        'cache-control': 'max-age=60',
      });
      assert.deepEqual(await kidsOf(setsOverNetwork(), byUrl(url), 'a'), ['a']);
    });

    const hostile: readonly (readonly [string, RegExp, () => Promise<string>])[] = [
      ['is down', /no connections/, dead],
      ['drips', /not done within/, drip],
      ['sends 10 MB', /longer than 65536/, () => megabytes(10)],
      ['sends 50 MB', /longer than 65536/, () => megabytes(50)],
      [
        'sends a gzip bomb',
        /compressed/,
        () =>
          says(gzipSync(Buffer.alloc(50 * 1024 * 1024)), { ...json, 'content-encoding': 'gzip' }),
      ],
      ['sends a gzip bomb unsaid', /JSON/, () => says(gzipSync(Buffer.alloc(10 * 1024 * 1024)))],
      ['redirects to a private address', /redirects/, () => says('', redirect, 302)],
      ['sends HTML', /text\/html/, () => says('<html>', { 'content-type': 'text/html' })],
      ['sends an error', /answered 500/, () => says('{"keys":[]}', json, 500)],
      ['sends an empty set', /no key in it/, () => says('{"keys":[]}')],
      ['sends deep JSON', /depth/, () => says('['.repeat(60_000))],
      ['sends a name of a prototype', /name/, () => says('{"__proto__":{"keys":[]}}')],
      ['sends two sets in one', /duplicate/, () => says('{"keys":[],"keys":[]}')],
      ['sends 1,000 keys', /1000 keys/, () => says(thousand())],
      ['sends private members', /private members/, () => says(leaked())],
      ['has user-info in its address', /user name/, () => Promise.resolve('http://a@127.0.0.1/')],
      ['is a private address', /may not be called/, () => Promise.resolve('http://10.0.0.1/')],
      ['is a metadata address', /may not be/, () => Promise.resolve('http://[fd00:ec2::254]/')],
    ];
    for (const [what, fault, begin] of hostile)
      it(`are unreachable, soon and with a sentence, when the host ${what}`, async () => {
        const url = await begin();
        const sets = setsOverNetwork();
        const begun = performance.now();
        await assert.rejects(sets.keysOf(byUrl(url), 'a'), unavailable('unreachable', fault));
        assert.ok(performance.now() - begun < 1500);
        assert.match(sets.lastFetch('client-1')?.fault ?? '', fault);
      });
  });
});
