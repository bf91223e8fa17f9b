import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepChunk, readChunk } from '../spine/mesh/bodies.ts';
import type { MeshChunk } from '../spine/mesh/messages.ts';
import { fileBlobs } from '../server/store/blobs.ts';

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  if (bytes.length > 0) yield bytes;
}

describe('bodies of MESH messages', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-bodies-'));
  const blobs = fileBlobs(dir);
  after(() => rm(dir, { recursive: true }));

  it('keep a document short, however many short chunks there are, and are whole all the same', async () => {
    const chunks: MeshChunk[] = [];
    for (let n = 1; n <= 12; n++)
      chunks.push(await keepChunk(blobs, n, one(Buffer.alloc(3_000, 64 + n)), 10_000, chunks));
    const staying = chunks.filter(({ inline }) => inline !== undefined);
    assert.deepEqual(
      staying.map(({ n }) => n),
      [1, 2],
    );
    for (const chunk of chunks) {
      const parts = (await (await readChunk(blobs, chunk)).toArray()) as Buffer[];
      assert.deepEqual(Buffer.concat(parts), Buffer.alloc(3_000, 64 + chunk.n));
    }
  });

  it('take no empty chunk, whatever is there already', async () => {
    const full = await keepChunk(blobs, 1, one(Buffer.alloc(8 * 1024)), 10_000);
    assert.notEqual(full.inline, undefined);
    for (const others of [[], [full]])
      await assert.rejects(keepChunk(blobs, 2, one(Buffer.alloc(0)), 10_000, others), {
        status: 417,
      });
  });
});
