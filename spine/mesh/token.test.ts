import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import { minutesOff, proveToken, readToken, writeToken } from './token.ts';

const now = Date.UTC(2026, 10, 27, 12, 30);
const rules = { sharedKeys: ['TestKey'], now };
const secret = { password: 'password', active: true };
const field = (parts: Partial<Parameters<typeof writeToken>[0]> = {}) =>
  writeToken(
    { mailbox: 'X26ABC1', nonce: 'abc', count: '1', now, ...parts },
    'password',
    'TestKey',
  );
const why = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    const problem = Problem.from(error);
    assert.equal(problem.status, 403);
    assert.equal(problem.message, 'Invalid Authentication Token');
    const { row } = problem;
    return row && 'why' in row ? String(row.why) : '';
  }
  return 'taken';
};
const judged = (given: string, more = {}) =>
  why(() => {
    proveToken(readToken(given, 'X26ABC1'), secret, { ...rules, ...more });
  });

describe('the token of MESH', () => {
  it('is signed with the password before the timestamp, the count as it is written', () => {
    // Known from elsewhere: mailbox, nonce, count, password, time and key of a published test.
    const known =
      'NHSMESH X26ABC1:2c001608-5f09-4840-9611-bea43e666a30:1:202006041718:f7209f88bf14b62205c02db0c067dd5056832a8c172a2800a4278fa8d6f1d3b7';
    const at = Date.UTC(2020, 5, 4, 17, 18);
    assert.equal(judged(known, { now: at }), 'taken');
    assert.equal(
      judged(
        known.replace(/[a-f]/g, (letter) => letter),
        { now: at },
      ),
      'taken',
    );
    assert.match(judged(known.replace(':1:', ':01:'), { now: at }), /hash/);
    const nonce = '2c001608-5f09-4840-9611-bea43e666a30';
    const parts = { mailbox: 'X26ABC1', nonce, count: '1', now: at };
    assert.equal(writeToken(parts, 'password', 'TestKey'), known);
  });

  it('is refused when any part of it is another', () => {
    const good = field();
    assert.equal(judged(good), 'taken');
    for (let i = 'NHSMESH '.length; i < good.length; i++) {
      const other = good.slice(0, i) + (good[i] === '7' ? '8' : '7') + good.slice(i + 1);
      if (other !== good) assert.notEqual(judged(other), 'taken', `character ${i}`);
    }
  });

  it('has five parts behind one word and one space', () => {
    for (const wrong of [
      ...[
        '',
        'NHSMESH',
        'NHSMESH  a:b:1:202611271230:x',
        'nhsmesh a',
        'Bearer x',
        'NHSMESH:a:b:c:d:e',
      ],
      ...['NHSMESH X26ABC1:n:1:202611271230', 'NHSMESH X26ABC1:n:1:202611271230:x:y'],
      ...['NHSMESH X26ABC1:n:one:202611271230:x', 'NHSMESH X26ABC1:n:12345678901:202611271230:x'],
      ...[
        `NHSMESH X26ABC1:${'n'.repeat(101)}:1:202611271230:x`,
        'NHSMESH X26ABC1::1:202611271230:x',
      ],
      ...['NHSMESH x26abc1:n:1:202611271230:x', 'NHSMESH OTHER:n:1:202611271230:x'],
    ])
      assert.notEqual(
        why(() => readToken(wrong, 'X26ABC1')),
        'taken',
        wrong,
      );
    assert.notEqual(
      why(() => readToken(undefined, 'X26ABC1')),
      'taken',
    );
  });

  it('is good two hours either way of its minute, and says how far off the clock is', () => {
    const hour = 3_600_000;
    assert.equal(judged(field({ now: now - hour })), 'taken');
    assert.equal(judged(field({ now: now + 2 * hour })), 'taken');
    assert.match(judged(field({ now: now - 3 * hour })), /-180 off/);
    assert.match(judged(field({ now: now + 3 * hour })), / 180 off/);
    for (const impossible of ['202613011200', '202602301200', '202611272460', 'yesterday', ''])
      assert.equal(minutesOff(impossible, now), undefined, impossible);
  });

  it('is proved by each of two shared keys while they change, and by no mailbox that is not active or not there', () => {
    assert.equal(judged(field(), { sharedKeys: ['other', 'TestKey'] }), 'taken');
    assert.match(judged(field(), { sharedKeys: ['other'] }), /hash/);
    const token = readToken(field(), 'X26ABC1');
    assert.match(
      why(() => {
        proveToken(token, undefined, rules);
      }),
      /hash/,
    );
    assert.match(
      why(() => {
        proveToken(token, { ...secret, active: false }, rules);
      }),
      /active/,
    );
  });
});
