import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import {
  actorOf,
  administrationGround,
  newApp,
  type AdministrationGround,
} from '../../test/administration-ground.ts';
import { exchangeFor } from '../../test/exchange-for.ts';
import { isKeyText, newKey } from './key-pairs-text.ts';
import { createKeyHasher, keyPairs, type KeyPairs } from './key-pairs.ts';
import { createKeyUses } from './key-pairs-used.ts';
import { subscriptionKeyActs } from './subscription-key-routes.ts';
import { subscriptionKeyCollection } from './subscription-keys.ts';

const isProblem =
  (kind: string, message = /./) =>
  (error: unknown) =>
    error instanceof Problem && error.kind === kind && message.test(error.message);

describe('the keys of a subscription', () => {
  let ground: AdministrationGround;
  let keys: KeyPairs;
  let subscription: string;
  const hashKey = createKeyHasher(Buffer.alloc(32, 9));
  const developer = actorOf('developer', 'Y90001');
  const uses = createKeyUses();

  beforeEach(async () => {
    ground = await administrationGround();
    keys = keyPairs({ ...ground, hashKey, usedKey: (hash) => uses.of(hash) });
    const { apps, products, subscriptions } = ground.administration;
    const admin = actorOf('administrator');
    const app = await apps.create(developer, newApp);
    await apps.register(developer, app.id, 'sandbox');
    await products.create(admin, {
      ...{ id: 'reads', name: 'Reads', description: '', apis: [], approval: 'automatic' },
      scopes: ['urn:nhsd:apim:app:level3:hello-world'],
    });
    const wish = { appId: app.id, productId: 'reads', environment: 'sandbox' } as const;
    subscription = (await subscriptions.request(developer, wish)).id;
  });
  afterEach(() => ground.end());

  const stored = () => ground.store.open(subscriptionKeyCollection);
  const make = (slot: 'primary' | 'secondary', overlap: 'now' | '1h' | '24h' | '7d' = 'now') =>
    keys.regenerate(developer, subscription, slot, overlap);

  it('makes a key of its environment that is told once and kept as a keyed hash', async () => {
    const made = await make('primary');
    assert.match(made.key, /^ghks_[0-9A-Za-z]{49}$/);
    assert.ok(isKeyText(made.key));
    assert.equal(made.hint, `${made.key.slice(0, 8)}…${made.key.slice(-4)}`);
    const kept = await stored().get(hashKey(made.key));
    assert.equal(kept?.value.subscriptionId, subscription);
    assert.equal(kept.text.includes(made.key.slice(8)), false);
    const listed = await keys.list(developer, subscription);
    assert.deepEqual(listed, [{ slot: 'primary', hint: made.hint, created: made.created }]);
  });

  it('replaces one key and leaves the other of the pair alone', async () => {
    const [primary, secondary] = [await make('primary'), await make('secondary')];
    const next = await make('primary');
    assert.deepEqual(
      next.replaced.map(({ hint }) => hint),
      [primary.hint],
    );
    assert.equal((await stored().get(hashKey(primary.key)))?.value.ends, ground.clock.time);
    assert.equal((await stored().get(hashKey(secondary.key)))?.value.ends, undefined);
    const hints = (await keys.list(developer, subscription)).map(({ hint }) => hint);
    assert.deepEqual(hints, [next.hint, secondary.hint]);
  });

  for (const [overlap, hours] of [
    ['1h', 1],
    ['24h', 24],
    ['7d', 168],
  ] as const)
    it(`lets a replaced key work for ${overlap} if that is asked for`, async () => {
      const first = await make('primary');
      await make('primary', overlap);
      const { ends } = (await stored().get(hashKey(first.key)))?.value ?? {};
      assert.equal(ends, ground.clock.time + hours * 3_600_000);
    });

  it('never lengthens the life of a key that has been replaced', async () => {
    const first = await make('primary');
    await make('primary', '1h');
    await make('primary', '7d');
    const { ends } = (await stored().get(hashKey(first.key)))?.value ?? {};
    assert.equal(ends, ground.clock.time + 3_600_000);
  });

  it('leaves one current key in a slot that many replace at once, and nobody with one that has ended', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 3 }, () => make('primary', '1h')));
    const made = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value.key] : []));
    for (const one of tries)
      if (one.status === 'rejected') assert.ok(isProblem('conflict')(one.reason));
    const listed = await keys.list(developer, subscription);
    assert.equal(listed.filter(({ ends }) => ends === undefined).length, 1);
    for (const key of made) {
      const { ends = Infinity } = (await stored().get(hashKey(key)))?.value ?? { ends: 0 };
      assert.ok(ends > ground.clock.time);
    }
  });

  it('refuses a fifth working key in a slot until an overlap has ended', async () => {
    for (let i = 0; i < 4; i++) await make('primary', '24h');
    await assert.rejects(make('primary', '24h'), isProblem('conflict', /4 keys/));
    ground.clock.time += 24 * 3_600_000;
    await make('primary');
  });

  it('forgets keys that ended 90 days ago', async () => {
    const first = await make('primary');
    await make('primary');
    ground.clock.time += 91 * 24 * 3_600_000;
    await make('primary');
    assert.equal(await stored().get(hashKey(first.key)), undefined);
  });

  it('is for the operator, administrators and developers of the organisation that has the app', async () => {
    for (const actor of [actorOf('operator'), actorOf('administrator')])
      await keys.regenerate(actor, subscription, 'secondary', 'now');
    for (const actor of [
      actorOf('developer', 'Y90002'),
      actorOf('auditor'),
      actorOf('product-owner'),
    ])
      await assert.rejects(
        keys.regenerate(actor, subscription, 'primary', 'now'),
        isProblem('forbidden', /subscription\.keys/),
      );
    await assert.rejects(
      keys.list(actorOf('developer', 'Y90002'), subscription),
      isProblem('forbidden'),
    );
    await assert.rejects(
      keys.regenerate(developer, 'none', 'primary', 'now'),
      isProblem('not-found'),
    );
  });

  it('gives keys to active subscriptions only', async () => {
    const admin = actorOf('administrator');
    await ground.administration.subscriptions.decide(admin, subscription, 'suspended');
    await assert.rejects(make('primary'), isProblem('conflict', /suspended/));
  });

  it('enters each key made, ended and refused in the audit under its subscription, without key or hash', async () => {
    const before = (await ground.entries()).length;
    const first = await make('primary');
    await make('primary');
    const stranger = actorOf('developer', 'Y90002');
    await keys.regenerate(stranger, subscription, 'primary', 'now').catch(() => undefined);
    const entries = (await ground.entries()).slice(before);
    assert.deepEqual(
      entries.map(({ action, app, status }) => [action, app, status]),
      [
        ['subscription.keys.create.primary', subscription, 200],
        ['subscription.keys.create.primary', subscription, 200],
        ['subscription.keys.end.primary', subscription, 200],
        ['subscription.keys.create.primary', subscription, 403],
      ],
    );
    const text = JSON.stringify(entries);
    assert.equal(text.includes(first.key) || text.includes(hashKey(first.key)), false);
  });

  it('tells when a key was last used and from where', async () => {
    const { key } = await make('primary');
    uses.note(hashKey(key), 5, '192.0.2.1');
    uses.note(hashKey(key), 7, '192.0.2.2');
    const [listed] = await keys.list(developer, subscription);
    assert.deepEqual(listed?.used, { at: 7, address: '192.0.2.2' });
  });

  describe('over the management API', () => {
    const call = async (route: string, params: Record<string, string>, body?: string) => {
      const act = subscriptionKeyActs(keys)[route];
      assert.ok(act);
      const exchange = exchangeFor({
        ...{ params, headers: { 'content-type': 'application/json' } },
        ...(body === undefined ? {} : { body }),
      });
      const reply = await act(developer, exchange);
      assert.ok(typeof reply.body === 'string');
      return { status: reply.status, body: JSON.parse(reply.body) };
    };
    const post = (slot: string, body: string) =>
      call('POST /subscriptions/:id/keys/:slot', { id: subscription, slot }, body);

    it('answers a key once and its hint ever after', async () => {
      const made = await post('primary', '{}');
      assert.equal(made.status, 201);
      assert.ok(isKeyText(made.body.key));
      const next = await post('primary', '{"overlap":"1h"}');
      assert.equal(next.body.replaced[0].hint, made.body.hint);
      assert.equal(next.body.replaced[0].ends, '2026-06-01T01:00:00.000Z');
      const { body } = await call('GET /subscriptions/:id/keys', { id: subscription });
      assert.deepEqual(
        body.items.map(({ hint }: { hint: string }) => hint).sort(),
        [made.body.hint, next.body.hint].sort(),
      );
      assert.equal(JSON.stringify(body).includes(next.body.key), false);
    });

    it('refuses a slot that is none and an overlap that is none', async () => {
      await assert.rejects(post('third', '{}'), isProblem('not-found', /primary and secondary/));
      await assert.rejects(post('primary', '{"overlap":"1y"}'), isProblem('invalid', /7d/));
      await assert.rejects(post('primary', '{"more":1}'), isProblem('invalid'));
    });
  });
});

describe('the text of a subscription key', () => {
  it('is told from a typing error without a look-up', () => {
    const key = newKey('production');
    assert.match(key, /^ghkp_/);
    assert.ok(isKeyText(key));
    for (let at = 5; at < key.length; at++) {
      const other = key[at] === 'a' ? 'b' : 'a';
      assert.equal(isKeyText(key.slice(0, at) + other + key.slice(at + 1)), false);
    }
    for (const text of ['', 'ghk', key.slice(1), `${key}a`, key.toLowerCase(), `x${key.slice(1)}`])
      assert.equal(isKeyText(text), false);
  });
});
