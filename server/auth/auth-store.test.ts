import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../store/embedded.ts';
import { describeAuthStore } from './auth-store.conformance.ts';

const dirs: string[] = [];
const open = () => {
  const dir = mkdtempSync(join(tmpdir(), 'auth-store-'));
  dirs.push(dir);
  return openEmbeddedStore({ dir });
};

describeAuthStore('embedded', open);
describeAuthStore('embedded', open, 4);

after(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});
