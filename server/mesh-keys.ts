/**
 * The secrets of MESH: the shared key of each environment, the passwords of mailboxes, and what cursors are signed with. Owns
 * where they are and how they are sealed. Test environments have the shared key that public clients use in their tests.
 */
import { hkdfSync } from 'node:crypto';
import { join } from 'node:path';
import { createSealer } from './auth/sealing.ts';
import { newSecret } from './auth/tokens.ts';
import { randomKey, readOrMake } from './key-files.ts';

export interface MeshKeys {
  /** Bound to the mailbox: it opens for no other. */
  seal(password: string, mailboxKey: string): string;
  open(sealed: string, mailboxKey: string): string | undefined;
  sharedKeys(environment: string): readonly string[];
  /** 32 bytes. */
  readonly cursorKey: Buffer;
}

const publicKey = 'TestKey';

export function meshKeys(dataDir: string): MeshKeys {
  const keys = join(dataDir, 'keys');
  const secret = randomKey(join(keys, 'mesh.key'));
  const sealer = createSealer([derived(secret, 'passwords')]);
  const own = readOrMake(join(keys, 'mesh-shared-production.key'), newSecret);
  return {
    seal: (password, mailboxKey) => sealer.seal(password, `mesh ${mailboxKey}`),
    open: (sealed, mailboxKey) => sealer.open(sealed, `mesh ${mailboxKey}`),
    sharedKeys: (environment) => [environment === 'production' ? own : publicKey],
    cursorKey: derived(secret, 'cursors'),
  };
}

function derived(secret: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
}
