/**
 * What the atomic operations of the authorisation server must do on every store: claim, take, rotate, kill, find, and the
 * use of an assertion, each with twenty parallel callers of whom one wins. Each store's test calls this.
 */
import assert from 'node:assert/strict';
import type { Store } from '../../core/store.ts';
import { openAssertionUses } from './assertion-uses.ts';
import { openFamilies, type Families, type Grant, type Issued } from './families.ts';
import { oneTimeCollection, openOneTimes, type OneTimes } from './one-time.ts';
import { openReplay } from './replay.ts';
import { sweep } from './sweeping.ts';
import { familyCollection } from './families.ts';

const minute = 60_000;
const lifetimes = { access: 10 * minute, refresh: 60 * minute };
const grant: Grant = {
  ...{
    environment: 'uat',
    face: 'nhs',
    appId: 'app',
    clientId: 'client',
    grant: 'authorization_code',
  },
  scopes: ['a', 'b'],
  user: {
    ...{ kind: 'nhs-cis2', provider: 'nhs-cis2', issuer: 'https://p.example', subject: 's' },
    ...{ level: 'aal3', sid: 'session-1' },
  },
};

const things = oneTimeCollection<string>('auth.conformance');

/** Runs a call twenty times at once. */
function twenty<T>(call: (i: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: 20 }, (_, i) => call(i)));
}

/**
 * Runs the suite; `openStore` gives an empty store each time.
 * @param instances how many processes' views of the store the callers are spread over; they share one store.
 */
export function describeAuthStore(
  name: string,
  openStore: () => Promise<Store>,
  instances = 1,
): void {
  describe(`the authorisation server on the ${name} store, seen by ${instances}`, () => {
    let store: Store;
    const clock = { time: Date.UTC(2026, 5, 1) };
    const now = () => clock.time;
    let families: readonly Families[];
    let codes: readonly OneTimes<string>[];
    beforeEach(async () => {
      clock.time = Date.UTC(2026, 5, 1);
      store = await openStore();
      families = Array.from({ length: instances }, () => openFamilies(store, now));
      codes = Array.from({ length: instances }, () => openOneTimes(store, things, now));
    });
    afterEach(() => store.close());
    const of = <T>(all: readonly T[], i: number): T => all[i % all.length] ?? assert.fail();

    describe('a claim', () => {
      it('is won by one of twenty', async () => {
        const replays = Array.from({ length: instances }, () => openReplay(store, 'x'));
        const won = await twenty((i) => of(replays, i).claim('client', 'jti', now() + minute));
        assert.equal(won.filter(Boolean).length, 1);
        assert.equal(await of(replays, 1).seen('client', 'jti'), true);
        assert.equal(await of(replays, 0).claim('client', 'jti', now() + minute), false);
      });

      it('is of one client in one memory, and reading claims nothing', async () => {
        const [one, other] = [openReplay(store, 'one'), openReplay(store, 'other')];
        assert.equal(await one.seen('client', 'jti'), false);
        assert.equal(await one.claim('client', 'jti', now()), true);
        assert.equal(await other.claim('client', 'jti', now()), true);
        assert.equal(await one.claim('client2', 'jti', now()), true);
        assert.equal(await one.claim('c', '1 jti', now()), true);
        assert.equal(await one.claim('c 1', 'jti', now()), true);
      });
    });

    describe('the use of an assertion', () => {
      it('gives a family to one of twenty', async () => {
        const uses = openAssertionUses(store, 'x');
        const id = uses.familyFor('client', 'jti');
        assert.match(id, /^[\w-]{16}$/);
        const tried = await Promise.allSettled(
          Array.from({ length: 20 }, (_, i) => of(families, i).create(grant, lifetimes, id)),
        );
        const won = tried.filter((one) => one.status === 'fulfilled');
        assert.equal(won.length, 1);
        assert.equal(await uses.seen('client', 'jti'), true);
        const [first] = won;
        const judged = await of(families, 1).judge(first?.value.accessToken ?? '');
        assert.equal(judged.state, 'live');
      });

      it('is spent by burning, which twenty may do', async () => {
        const uses = openAssertionUses(store, 'x');
        await twenty(() => uses.burn('client', 'jti', now() + minute));
        assert.equal(await uses.seen('client', 'jti'), true);
        const id = uses.familyFor('client', 'jti');
        await assert.rejects(of(families, 0).create(grant, lifetimes, id), /./);
      });
    });

    describe('taking', () => {
      it('is won by one of twenty; the others hear who did', async () => {
        const secret = await of(codes, 0).issue('value', now() + minute);
        assert.match(secret, /^[\w-]{43}$/);
        const results = await twenty((i) => of(codes, i).take(secret, `taker-${i}`));
        const won = results.flatMap((one, i) => (one.state === 'taken' ? [i] : []));
        assert.equal(won.length, 1);
        const by = `taker-${String(won[0])}`;
        for (const one of results)
          if (one.state !== 'taken') assert.deepEqual(one, { state: 'used', by, value: 'value' });
        assert.equal(await of(codes, 1).triedAgain(secret), true);
        assert.equal((await of(codes, 1).find(secret))?.takenBy, by);
      });

      it('is over at the end, to the millisecond, and looking takes nothing', async () => {
        const secret = await of(codes, 0).issue('value', now() + minute);
        const other = await of(codes, 0).issue('other', now() + minute);
        clock.time += minute - 1;
        for (let i = 0; i < 3; i++) assert.equal((await of(codes, i).find(secret))?.value, 'value');
        assert.equal((await of(codes, 0).take(secret, 'a')).state, 'taken');
        assert.equal(await of(codes, 0).triedAgain(secret), false);
        clock.time += 1;
        assert.equal((await of(codes, 0).take(other, 'a')).state, 'expired');
        assert.equal(
          (await of(codes, 0).take(secret, 'b')).state,
          'used',
          'told also after the end',
        );
        assert.equal((await of(codes, 0).take('made up', 'a')).state, 'unknown');
      });
    });

    describe('rotating', () => {
      const refreshOf = ({ refreshToken }: Issued) => refreshToken ?? assert.fail();

      it('is won by one of twenty, and then the family is dead', async () => {
        const first = await of(families, 0).create(grant, lifetimes);
        const results = await twenty((i) => of(families, i).rotate(refreshOf(first), lifetimes));
        const won = results.filter((one) => typeof one !== 'string');
        assert.equal(won.length, 1);
        assert.deepEqual([...new Set(results.filter((one) => typeof one === 'string'))], ['spent']);
        for (const { accessToken } of [first, ...won])
          assert.equal((await of(families, 1).judge(accessToken)).state, 'revoked');
        const [next] = won;
        assert.ok(next);
        assert.equal((await of(families, 0).findRefresh(refreshOf(next))).state, 'unknown');
      });

      it('goes on and on while each token is used once', async () => {
        let issued = await of(families, 0).create(grant, lifetimes);
        for (let i = 1; i <= 25; i++) {
          const next = await of(families, i).rotate(refreshOf(issued), lifetimes);
          assert.ok(typeof next !== 'string');
          assert.equal(next.family.refresh?.count, i);
          issued = next;
        }
        assert.equal((await of(families, 1).judge(issued.accessToken)).state, 'live');
      });

      it('never moves the end out, and is refused at it', async () => {
        const first = await of(families, 0).create(grant, lifetimes);
        clock.time += 59 * minute;
        const next = await of(families, 1).rotate(refreshOf(first), lifetimes);
        assert.ok(typeof next !== 'string');
        assert.equal(next.family.refresh?.ends, first.family.refresh?.ends);
        clock.time += minute;
        assert.equal(await of(families, 0).rotate(refreshOf(next), lifetimes), 'expired');
        assert.equal((await of(families, 0).judge(next.accessToken)).state, 'live');
      });

      it('knows no other token', async () => {
        const first = await of(families, 0).create(grant, lifetimes);
        const { access } = lifetimes;
        const without = await of(families, 0).create(grant, { access });
        for (const token of [first.accessToken, without.accessToken, 'x', '', 'A'.repeat(43)])
          assert.equal(await of(families, 0).rotate(token, lifetimes), 'unknown');
        assert.equal((await of(families, 0).judge(first.accessToken)).state, 'live');
      });
    });

    describe('killing', () => {
      it('may be done by twenty, ends everything, and keeps the first reason', async () => {
        const first = await of(families, 0).create(grant, lifetimes);
        for (const each of families)
          assert.equal((await each.judge(first.accessToken)).state, 'live');
        await twenty((i) => of(families, i).kill(first.id, `reason ${i}`));
        for (const each of families)
          assert.equal((await each.judge(first.accessToken)).state, 'revoked');
        const kept = await store.open(familyCollection).get(first.id);
        assert.equal(kept?.version, 2, 'written once');
        assert.match(kept.value.dead?.why ?? '', /^reason \d+$/);
        await of(families, 0).kill('nobody', 'is not there');
      });

      it('and rotating at once leave nothing alive', async () => {
        for (let round = 0; round < 5; round++) {
          const first = await of(families, 0).create(grant, lifetimes);
          const [rotated] = await Promise.all([
            of(families, 0).rotate(first.refreshToken ?? '', lifetimes),
            of(families, 1).kill(first.id, 'logout'),
          ]);
          const tokens = [first, ...(typeof rotated === 'string' ? [] : [rotated])];
          for (const { accessToken } of tokens)
            assert.equal((await of(families, 0).judge(accessToken)).state, 'revoked');
        }
      });

      it('finds all families of a session, however many', async () => {
        const made = Array.from({ length: 1001 }, (_, i) =>
          of(families, i).create(grant, lifetimes),
        );
        const ids = (await Promise.all(made)).map(({ id }) => id);
        const found = await of(families, 0).bySession('https://p.example', 'session-1');
        assert.deepEqual([...found].sort(), ids.sort());
      });

      it('finds the families of a session, dead or alive, and no others', async () => {
        const ids = [];
        for (let i = 0; i < 3; i++) ids.push((await of(families, i).create(grant, lifetimes)).id);
        const app: Grant = { ...grant, grant: 'client_credentials' };
        delete (app as { user?: unknown }).user;
        await of(families, 0).create(app, lifetimes);
        const found = await of(families, 1).bySession('https://p.example', 'session-1');
        assert.deepEqual([...found].sort(), ids.sort());
        assert.deepEqual(await of(families, 1).bySession('https://p.example', 'session'), []);
        assert.deepEqual(await of(families, 1).bySession('https://q.example', 'session-1'), []);
      });
    });

    describe('finding', () => {
      it('tells live, expired, revoked and unknown, late sweeping or not', async () => {
        const first = await of(families, 0).create(grant, lifetimes);
        const second = await of(families, 0).create(grant, lifetimes);
        const state = async (token: string) => (await of(families, 1).judge(token)).state;
        assert.equal(await state(first.accessToken), 'live');
        await of(families, 0).revokeAccess(second.accessToken);
        assert.equal(await state(second.accessToken), 'revoked');
        const changed =
          first.accessToken.slice(0, -1) + (first.accessToken.endsWith('A') ? 'B' : 'A');
        assert.equal(
          await state(changed),
          'revoked',
          'a token that names the family and is none of it',
        );
        for (const wrong of ['', 'x', 'A'.repeat(43), `${first.accessToken}A`, first.id])
          assert.equal(await state(wrong), 'unknown');
        clock.time += 10 * minute;
        assert.equal(await state(first.accessToken), 'expired');
        assert.equal(
          await state(first.refreshToken ?? ''),
          'revoked',
          'a refresh token is no access',
        );
      });

      it('holds hashes and no tokens', async () => {
        const { id, accessToken, refreshToken } = await of(families, 0).create(grant, lifetimes);
        const secret = await of(codes, 0).issue('value', now() + minute);
        const family = (await store.open(familyCollection).get(id))?.text ?? '';
        for (const token of [accessToken, refreshToken ?? '']) {
          assert.equal(family.includes(token.slice(16)), false);
          assert.equal((await of(families, 0).familyOf(token))?.id, id);
        }
        assert.equal(await store.open(things).get(secret), undefined);
        assert.equal(await of(families, 0).familyOf(`${id}${'A'.repeat(27)}`), undefined);
      });
    });

    it('sweeps what has ended, and nothing else', async () => {
      const first = await of(families, 0).create(grant, { access: minute });
      const later = await of(families, 0).create(grant, { access: 100 * 60 * minute });
      // what else it holds does not matter to the sweeper
      const swept = [familyCollection] as unknown as Parameters<typeof sweep>[1];
      assert.equal(await sweep(store, swept, now()), 0);
      clock.time += 4 * 60 * minute;
      assert.equal(await sweep(store, swept, now()), 1);
      assert.equal((await of(families, 0).judge(first.accessToken)).state, 'unknown');
      assert.equal((await of(families, 0).judge(later.accessToken)).state, 'live');
    });
  });
}
