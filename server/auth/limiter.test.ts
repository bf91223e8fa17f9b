import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import { exchangeFor } from '../../test/exchange-for.ts';
import { createLimiter } from './limiter.ts';
import { oauthError } from './oauth-error.ts';

const from = (address: string) => exchangeFor({ peer: { address, secure: false } });
const here = from('192.0.2.1');

describe('limits of the token endpoints', () => {
  const clock = { time: 0 };
  const alerts: number[] = [];
  const make = () =>
    createLimiter({
      callsPerMinute: 3,
      failuresPerMinute: 2,
      now: () => clock.time,
      alert: ({ failures }) => alerts.push(failures),
    });
  beforeEach(() => {
    clock.time = Date.UTC(2026, 5, 1);
    alerts.length = 0;
  });

  /** The wait in seconds; 0 when it may go on. */
  const wait = (act: () => void): number => {
    try {
      act();
      return 0;
    } catch (error) {
      assert.ok(error instanceof Problem);
      assert.equal(error.status, 429);
      return Number(error.headers?.['retry-after']);
    }
  };

  it('let a client have so many calls a minute, and each its own', () => {
    const limiter = make();
    const call = (id: string) =>
      wait(() => {
        limiter.checkClient(id);
      });
    for (let i = 0; i < 3; i++) assert.equal(call('a'), 0);
    clock.time += 20_000;
    assert.equal(call('a'), 40);
    assert.equal(call('b'), 0);
    clock.time += 40_000;
    assert.equal(call('a'), 0);
  });

  it('make who fails wait, twice as long each time and at most five minutes', () => {
    const limiter = make();
    const check = () =>
      wait(() => {
        limiter.checkFailures(here, 'a');
      });
    limiter.failed(here, 'a');
    assert.equal(check(), 0);
    const waits = [];
    for (let i = 0; i < 11; i++) {
      limiter.failed(here, 'a');
      waits.push(check());
      clock.time += check() * 1000;
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    assert.deepEqual(alerts.slice(0, 3), [2, 3, 4]);
    clock.time += 120_000;
    limiter.failed(here, 'a');
    assert.equal(check(), 0, 'begins anew after a while without failures');
  });

  it('tell a failure during the wait to wait, and count it no further', () => {
    const limiter = make();
    const fail = () =>
      wait(() => {
        limiter.failed(here, 'a');
      });
    assert.deepEqual([fail(), fail(), fail(), fail()], [0, 0, 1, 1]);
  });

  it('count for a client at an address', () => {
    const limiter = make();
    for (let i = 0; i < 2; i++) limiter.failed(here, 'a');
    const check = (address: string, client: string) =>
      wait(() => {
        limiter.checkFailures(from(address), client);
      });
    assert.ok(check('192.0.2.1', 'a') > 0);
    assert.equal(check('192.0.2.1', 'b'), 0);
    assert.equal(check('192.0.2.2', 'a'), 0);
  });

  it('count refusals of proof, not malformed requests', () => {
    const limiter = make();
    for (const error of [oauthError(400, 'invalid_request', 'x'), new Error('x'), undefined])
      for (let i = 0; i < 5; i++) limiter.failedIfUnproven(here, 'a', error);
    const check = () =>
      wait(() => {
        limiter.checkFailures(here, 'a');
      });
    assert.equal(check(), 0);
    for (let i = 0; i < 2; i++)
      limiter.failedIfUnproven(here, 'a', oauthError(401, 'invalid_client', 'x'));
    assert.equal(check(), 1);
  });
});
