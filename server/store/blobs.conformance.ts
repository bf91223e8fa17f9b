/** What every implementation of Blobs does; a suite for its tests. */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { Blobs } from '../../core/blobs.ts';

/** @param open gives an empty place, and what closes it */
export function blobsSuite(
  open: () => Promise<{ blobs: Blobs; close: () => Promise<void> }>,
): void {
  let blobs: Blobs;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ blobs, close } = await open());
  });
  afterEach(() => close());

  const bytesOf = async (id: string, range?: { start: number; end: number }) => {
    const chunks: Buffer[] = [];
    for await (const chunk of await blobs.read(id, range)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };

  it('gives back what was kept, whole and in part, with size and digest', async () => {
    for (const length of [0, 1, 65_535, 196_608, 196_609, 1_000_003]) {
      const bytes = randomBytes(length);
      const { id, size, digest } = await blobs.put(cut(bytes, 50_000));
      assert.equal(size, length);
      assert.equal(digest, createHash('sha256').update(bytes).digest('hex'));
      assert.ok(bytes.equals(await bytesOf(id)));
      if (length > 10)
        for (const [start, end] of [
          [0, 0],
          [1, 9],
          [length - 1, length - 1],
          [length >> 1, length - 1],
        ] as const)
          assert.ok(bytes.subarray(start, end + 1).equals(await bytesOf(id, { start, end })));
    }
  });

  it('keeps nothing of what is too long, or whose source fails', async () => {
    const bytes = randomBytes(300_000);
    await assert.rejects(blobs.put(cut(bytes, 10_000), { limit: 299_999 }), { kind: 'too-large' });
    await assert.rejects(blobs.put(failing(bytes)), { message: 'the caller left' });
    assert.equal(await blobs.sweep(Date.now() + 60_000, () => Promise.resolve(false)), 0);
    const { size } = await blobs.put(cut(bytes, 10_000), { limit: 300_000 });
    assert.equal(size, 300_000);
  });

  it('knows nothing of what was removed or never there', async () => {
    const { id } = await blobs.put(cut(Buffer.from('gone soon'), 3));
    await blobs.remove([id, randomUUID(), '../../etc/passwd', '']);
    for (const one of [id, randomUUID(), '../secret', '', 'a'.repeat(5_000), '%00'])
      await assert.rejects(blobs.read(one), { kind: 'not-found' }, one.slice(0, 20));
  });

  it('frees a reader who leaves, and lets others read on', async () => {
    const bytes = randomBytes(600_000);
    const { id } = await blobs.put(cut(bytes, 50_000));
    const leaving = await blobs.read(id);
    for await (const chunk of leaving) {
      assert.ok(Buffer.isBuffer(chunk));
      break;
    }
    assert.equal(leaving.destroyed, true);
    assert.equal((await bytesOf(id)).length, 600_000);
  });

  it('sweeps what nobody names and leaves what is named or young', async () => {
    const [named, unnamed] = [await blobs.put(once('a')), await blobs.put(once('b'))];
    assert.equal(await blobs.sweep(Date.now() - 60_000, () => Promise.resolve(false)), 0);
    const isNamed = (id: string) => Promise.resolve(id === named.id);
    assert.equal(await blobs.sweep(Date.now() + 60_000, isNamed), 1);
    assert.equal(await text(await blobs.read(named.id)), 'a');
    await assert.rejects(blobs.read(unnamed.id), { kind: 'not-found' });
  });

  it('tells what is free, or that nobody knows', async () => {
    const free = await blobs.free();
    assert.ok(free === undefined || free > 0);
  });
}

async function* cut(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) {
    await Promise.resolve();
    yield bytes.subarray(at, at + length);
  }
}

async function* once(bytes: string): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield Buffer.from(bytes);
}

async function* failing(bytes: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield bytes;
  throw new Error('the caller left');
}
