import assert from 'node:assert/strict';
import { Problem } from '../core/problem.ts';
import { createLimitCounters } from './gateway/limit-counters.ts';
import type { LimitAsk } from './gateway/limits.ts';
import { createChannel, type Channel } from './workers-channel.ts';
import { ipcLimits, serveLimits } from './workers-limits.ts';
import { createPeerHub, peersOver } from './workers-peers.ts';

/** Two ends of one pipe; what is sent is copied, as between processes. `cut` makes it swallow everything. */
function pipe(): { one: Channel; other: Channel; cut: { now: boolean }; messages: () => number } {
  const cut = { now: false };
  let sent = 0;
  const carry = (to: () => Channel) => (message: unknown) => {
    sent++;
    if (!cut.now)
      setImmediate(() => {
        to().receive(JSON.parse(JSON.stringify(message)));
      });
  };
  const one: Channel = createChannel(carry(() => other));
  const other: Channel = createChannel(carry(() => one));
  return { one, other, cut, messages: () => sent };
}

const counters = () => createLimitCounters({ now: () => Date.UTC(2026, 0, 1) });
const quota = (limit: number): LimitAsk[] => [
  { key: 'k', name: 'app', rule: { kind: 'quota', limit, interval: 1, unit: 'day' } },
];
const places = (max: number): LimitAsk[] => [
  { key: 'c', name: 'app', rule: { kind: 'concurrency', max, lease: 60_000 } },
];

describe('limits over several processes', () => {
  it('grants exactly the limit to all of them together, with a message a turn', async () => {
    const limits = counters();
    const ends = [pipe(), pipe(), pipe()];
    for (const { other } of ends) serveLimits(other, limits);
    const asking = ends.map(({ one }) => ipcLimits(one, counters()));
    const all = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => asking[i % 3]?.take(quota(100))),
    );
    assert.equal(all.filter((taken) => taken?.refused === -1).length, 100);
    assert.equal(all.filter((taken) => taken?.refused === 0).length, 200);
    assert.ok(ends.every(({ messages }) => messages() <= 2));
    const [look] = (await asking[0]?.look(quota(100))) ?? [];
    assert.equal(look?.remaining, 0);
  });

  it('gives back leases when calls end, and all those of a process that dies', async () => {
    const limits = counters();
    const [a, b] = [pipe(), pipe()];
    serveLimits(a.other, limits);
    const died = serveLimits(b.other, limits);
    const [one, two] = [ipcLimits(a.one, counters()), ipcLimits(b.one, counters())];
    const first = places(2);
    assert.equal((await one.take(first)).refused, -1);
    assert.equal((await two.take(places(2))).refused, -1);
    assert.equal((await one.take(places(2))).refused, 0);
    one.release(first);
    assert.equal((await one.take(places(2))).refused, -1);
    assert.equal((await one.take(places(2))).refused, 0);
    died();
    assert.equal((await one.take(places(2))).refused, -1);
  });

  it('counts by itself while the primary does not answer, and waits for it once only', async () => {
    const { one, other, cut } = pipe();
    serveLimits(other, counters());
    const limits = ipcLimits(one, counters());
    cut.now = true;
    assert.equal((await limits.take(quota(2))).refused, -1); // after a second
    const before = performance.now();
    assert.equal((await limits.take(quota(2))).refused, -1);
    assert.equal((await limits.take(quota(2))).refused, 0);
    assert.ok(performance.now() - before < 500);
    one.close();
    assert.equal((await limits.take(quota(2))).refused, 0);
  });
});

describe('processes that serve together', () => {
  const hub = createPeerHub();
  const join = () => {
    const { one, other, cut } = pipe();
    const leave = hub.join(other);
    return { peers: peersOver(one), leave, cut, channel: one };
  };
  const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

  it('hear what one tells, and it does not', async () => {
    const [a, b] = [join(), join()];
    const heard: string[] = [];
    a.peers.hear('x', () => heard.push('a'));
    b.peers.hear('x', (news) => heard.push(`b ${String(news)}`));
    hub.own.hear('x', (news) => heard.push(`primary ${String(news)}`));
    a.peers.tell('x', 'new');
    await turn();
    assert.deepEqual(heard.sort(), ['b new', 'primary new']);
  });

  it('are asked together; who hangs is left out', async () => {
    const [a, b, c] = [join(), join(), join()];
    b.peers.answer('q', (question) => `b ${String(question)}`);
    c.peers.answer('q', () => 'c');
    c.cut.now = true;
    assert.deepEqual(await a.peers.gather('q', 1), ['b 1']);
    c.leave();
  });

  it('do work of one name one at a time, and go on when one dies at it', async () => {
    const [a, b, c] = [join(), join(), join()];
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await turn();
      running--;
    };
    await Promise.all([a, b, a, b].map(({ peers }) => peers.inTurn('w', work)));
    assert.equal(most, 1);
    void c.peers.inTurn('w', () => new Promise(() => undefined));
    await turn();
    const after = a.peers.inTurn('w', () => Promise.resolve('done'));
    c.leave();
    assert.equal(await after, 'done');
    await assert.rejects(
      a.peers.inTurn('w', () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await b.peers.inTurn('w', () => Promise.resolve(1)), 1);
  });

  it('get a Problem as it was thrown, and one that says so when the other side is gone', async () => {
    const { one, other } = pipe();
    other.answer('x', () => {
      throw new Problem('conflict', 'no', { headers: { 'retry-after': '1' } });
    });
    await assert.rejects(one.ask('x', 1), (error) => {
      assert.ok(error instanceof Problem);
      return error.kind === 'conflict' && error.message === 'no' && error.headers !== undefined;
    });
    await assert.rejects(one.ask('nobody', 1), /Something went wrong|Nobody answers/);
    const waiting = one.ask('x', 2);
    one.close();
    await assert.rejects(waiting, (error) => Problem.from(error).kind === 'unavailable');
  });
});
