import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileBlobs } from './blobs.ts';
import { blobsSuite } from './blobs.conformance.ts';
import { openEmbeddedStore } from './embedded.ts';
import { storedBlobs } from './stored-blobs.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'blobs-'));

describe('blobs as files', () => {
  blobsSuite(() => {
    const dir = folder();
    return Promise.resolve({ blobs: fileBlobs(dir), close: () => rm(dir, { recursive: true }) });
  });

  it('sweep what a killed process was writing', async () => {
    const dir = folder();
    const blobs = fileBlobs(dir);
    await writeFile(join(dir, 'coming', 'half'), 'half of it');
    assert.equal(await blobs.sweep(Date.now() + 60_000, () => Promise.resolve(true)), 1);
    assert.deepEqual(readdirSync(join(dir, 'coming')), []);
    await rm(dir, { recursive: true });
  });
});

describe('blobs as documents of a store', () => {
  blobsSuite(async () => {
    const dir = folder();
    const store = await openEmbeddedStore({ dir });
    return {
      blobs: storedBlobs(store, { now: () => Date.now() }),
      async close() {
        await store.close();
        await rm(dir, { recursive: true });
      },
    };
  });
});
