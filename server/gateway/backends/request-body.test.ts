import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { exchangeFor } from '../../../test/exchange-for.ts';
import { bodyOf, Upload } from './request-body.ts';

/** A source that gives what a test pushes. */
const source = () => new Readable({ read: () => undefined, highWaterMark: 1024 });
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
const later = (milliseconds: number) => performance.now() + milliseconds;

describe('the body of a request to a back end', () => {
  it('is none where no field tells of one, or tells of nothing', () => {
    assert.equal(bodyOf(exchangeFor()), undefined);
    assert.equal(bodyOf(exchangeFor({ headers: { 'content-length': '0' } })), undefined);
  });

  it('is read whole when it is short, and a stream when it is long or does not say', async () => {
    const short = bodyOf(exchangeFor({ headers: { 'content-length': '5' }, body: 'hello' }));
    assert.equal((await (short as Promise<Buffer>)).toString(), 'hello'); // short ones are promised
    for (const headers of [{ 'content-length': '20000' }, { 'transfer-encoding': 'chunked' }]) {
      const long = bodyOf(exchangeFor({ headers, body: 'hello' }));
      assert.ok(long instanceof Upload);
      assert.equal(Buffer.concat((await long.toArray()) as Buffer[]).toString(), 'hello');
    }
  });

  it('knows a caller that lets it lie for 30 s from a back end that takes nothing', async () => {
    const caller = source();
    const upload = new Upload(caller);
    upload.resume();
    await turn();
    assert.equal(upload.awaited, true);
    assert.equal(upload.isStill(later(29_000)), false);
    assert.equal(upload.isStill(later(31_000)), true);
    upload.pause();
    caller.push(Buffer.alloc(200_000));
    await turn();
    assert.equal(upload.awaited, false);
    assert.equal(upload.isStill(later(31_000)), false);
    assert.ok(upload.readableLength < 300_000);
    upload.destroy();
  });

  it('takes a byte now and then for no progress', async () => {
    const caller = source();
    const upload = new Upload(caller);
    upload.resume();
    await turn();
    const began = performance.now();
    for (let i = 0; i < 5; i++) {
      caller.push(Buffer.alloc(10));
      await turn();
    }
    assert.ok(upload.moved > began);
    assert.equal(upload.isStill(began + 30_001), true);
    caller.push(Buffer.alloc(1100));
    await turn();
    assert.equal(upload.isStill(began + 30_001), false);
    upload.destroy();
  });

  it('is broken, not ended, when its caller leaves, and leaves the caller alone when it is given up', async () => {
    const leaving = source();
    const cut = new Upload(leaving);
    cut.resume();
    leaving.destroy();
    await turn();
    assert.match(String(cut.errored), /cut short/);
    assert.equal(cut.readableEnded, false);

    const caller = source();
    const upload = new Upload(caller);
    upload.resume();
    upload.destroy();
    await turn();
    assert.equal(caller.destroyed, false);
  });
});
