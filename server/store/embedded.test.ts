import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from './embedded.ts';
import { describeStore } from './store.conformance.ts';

describe('embedded', () => {
  const dirs: string[] = [];
  afterEach(() => {
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
  });
  describeStore('embedded', () => {
    const dir = mkdtempSync(join(tmpdir(), 'gatehouse-store-'));
    dirs.push(dir);
    return openEmbeddedStore({ dir });
  });
});
