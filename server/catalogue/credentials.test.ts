import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import {
  administrationGround,
  actorOf,
  newApp,
  publicJwk,
  type AdministrationGround,
} from '../../test/administration-ground.ts';
import type { Place } from './app-administration.ts';

const isProblem =
  (kind: string, message = /./) =>
  (error: unknown) =>
    error instanceof Problem && error.kind === kind && message.test(error.message);

const jwk = publicJwk('a');
const hour = 60 * 60_000;

describe('the administration of credentials', () => {
  let ground: AdministrationGround;
  let at: Place;
  const developer = actorOf('developer', 'Y90001');
  const stranger = actorOf('developer', 'Y90002');

  beforeEach(async () => {
    ground = await administrationGround();
    const { id } = await ground.administration.apps.create(developer, newApp);
    await ground.administration.apps.register(developer, id, 'sandbox');
    at = { app: id, environment: 'sandbox' };
  });
  afterEach(() => ground.end());

  const registration = async () => {
    const { value } = await ground.administration.apps.read(actorOf('auditor'), at.app);
    const found = value.registrations.sandbox;
    assert.ok(found);
    return found;
  };
  const works = async (secret: string) =>
    ground.secrets.matches(secret, (await registration()).secrets, ground.clock.now());

  it('makes secrets that work and keeps only their hashes', async () => {
    const { secrets } = ground.administration;
    const { secret } = await secrets.create(developer, at);
    assert.equal(await works(secret), true);
    assert.equal(JSON.stringify(await registration()).includes(secret), false);
    assert.equal(JSON.stringify(await ground.entries()).includes(secret), false);
  });

  it('refuses a third secret and says to end one', async () => {
    const { secrets } = ground.administration;
    await secrets.create(developer, at);
    await secrets.create(developer, at);
    await assert.rejects(secrets.create(developer, at), isProblem('conflict', /End one first/));
  });

  it('leaves two live secrets when twenty are made at once', async () => {
    const { secrets } = ground.administration;
    const made = await Promise.allSettled(
      Array.from({ length: 20 }, () => secrets.create(developer, at)),
    );
    const good = made.flatMap((one) => (one.status === 'fulfilled' ? [one.value.secret] : []));
    assert.equal(good.length, 2);
    assert.equal((await registration()).secrets.length, 2);
    for (const secret of good) assert.equal(await works(secret), true);
    for (const one of made)
      if (one.status === 'rejected') assert.ok(isProblem('conflict', /End one/)(one.reason));
  });

  it('ends a secret now', async () => {
    const { secrets } = ground.administration;
    const { id, secret } = await secrets.create(developer, at);
    await secrets.end(developer, at, id, '0');
    assert.equal(await works(secret), false);
    assert.deepEqual((await registration()).secrets, []);
    await assert.rejects(secrets.end(developer, at, id, '0'), isProblem('not-found'));
  });

  it('ends a secret after an overlap, in which it works and counts, and never later than told', async () => {
    const { secrets } = ground.administration;
    const first = await secrets.create(developer, at);
    await secrets.create(developer, at);
    await secrets.end(developer, at, first.id, '1h');
    await secrets.end(developer, at, first.id, '7d');
    ground.clock.time += hour - 1;
    assert.equal(await works(first.secret), true);
    await assert.rejects(secrets.create(developer, at), isProblem('conflict'));
    ground.clock.time += 1;
    assert.equal(await works(first.secret), false);
    await secrets.create(developer, at);
    assert.equal((await registration()).secrets.length, 2);
  });

  it('lets nobody from elsewhere touch credentials', async () => {
    const { secrets, keys } = ground.administration;
    for (const actor of [stranger, actorOf('auditor'), actorOf('product-owner')])
      for (const act of [
        () => secrets.create(actor, at),
        () => secrets.end(actor, at, 'x', '0'),
        () => keys.set(actor, at, { keys: [jwk] }),
        () => keys.setUrl(actor, at, 'https://example.org/jwks'),
        () => keys.generate(actor, at, { bits: 2048 }),
      ])
        await assert.rejects(act, isProblem('forbidden'));
  });

  it('registers keys by value or by address, one instead of the other', async () => {
    const { keys } = ground.administration;
    await keys.set(developer, at, { keys: [jwk] });
    assert.deepEqual((await registration()).keys, { kind: 'value', keys: [jwk] });
    await keys.setUrl(developer, at, 'https://example.org/jwks');
    const url = 'https://example.org/jwks';
    assert.deepEqual((await registration()).keys, { kind: 'url', url });
  });

  it('registers nothing that the key check refuses', async () => {
    const { keys } = ground.administration;
    const published = { keys: [{ ...jwk, d: 'SECRET' }] };
    await assert.rejects(keys.set(developer, at, published), isProblem('invalid', /private/i));
    assert.equal((await registration()).keys, undefined);
    await assert.rejects(
      keys.setUrl(developer, at, 'http://localhost:1/jwks'),
      isProblem('invalid', /https/),
    );
  });

  it('makes a key pair, gives the private half once and keeps the public one beside the others', async function () {
    this.timeout(30_000);
    const { keys } = ground.administration;
    await keys.set(developer, at, { keys: [jwk] });
    const { kid, privateKey } = await keys.generate(developer, at, { bits: 2048 });
    assert.equal(kid, 'key-1');
    const made = createPrivateKey(privateKey).export({ format: 'jwk' });
    const { keys: registered } = await registration();
    assert.ok(registered?.kind === 'value');
    assert.deepEqual(
      registered.keys.map(({ kid, n }) => [kid, n]),
      [
        ['a', undefined],
        ['key-1', made.n],
      ],
    );
    const kept = JSON.stringify([await registration(), await ground.entries()]);
    assert.equal(kept.includes(String(made.d)), false);
    assert.equal((await keys.generate(developer, at, { bits: 2048 })).kid, 'key-2');
    await keys.setUrl(developer, at, 'https://example.org/jwks');
    await assert.rejects(keys.generate(developer, at, { bits: 2048 }), isProblem('conflict'));
  });

  it('makes no private key for production', async () => {
    const { apps, keys } = ground.administration;
    await apps.register(developer, at.app, 'production');
    const place = { app: at.app, environment: 'production' } as const;
    const made = keys.generate(actorOf('administrator'), place, { bits: 2048 });
    await assert.rejects(made, isProblem('forbidden', /production/));
  });

  it('checks what is registered and never fails at it', async () => {
    const { keys } = ground.administration;
    assert.deepEqual(await keys.check(developer, at), {
      good: false,
      fault: 'No key is registered',
      keys: [],
    });
    await keys.set(developer, at, { keys: [jwk] });
    const shown = { kid: 'a', kty: 'EC', crv: 'P-384' };
    assert.deepEqual(await keys.check(developer, at), { good: true, keys: [shown] });
    await keys.setUrl(developer, at, 'https://example.org/jwks');
    const answers = [
      [() => Promise.reject(new Problem('upstream', 'Nobody answers')), 'Nobody answers'],
      [() => Promise.reject(new Error('ECONNREFUSED 10.0.0.1')), 'The key set cannot be read'],
      [() => Promise.resolve('text'), 'A key set is a JSON object with a list "keys" (RFC 7517)'],
      [() => Promise.resolve({ keys: [] }), 'The key set has no key in it; at least one is needed'],
    ] as const;
    for (const [answer, fault] of answers) {
      ground.keySet = answer;
      assert.deepEqual(await keys.check(developer, at), { good: false, fault, keys: [] });
    }
    ground.keySet = () => Promise.resolve({ keys: [jwk] });
    assert.equal((await keys.check(developer, at)).good, true);
  });
});
