/** The catalogue's administration over a real store and a real audit in a folder of its own, for tests. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import { openJournal, type OpenJournal } from '../server/audit/journal.ts';
import type { AuditLine } from '../server/audit/line.ts';
import { searchAudit } from '../server/audit/search.ts';
import { createAdministration, type Administration } from '../server/catalogue/administration.ts';
import type { AppFields } from '../server/catalogue/app-rules.ts';
import type { PublicJwk } from '../server/catalogue/apps.ts';
import { checkKeySet } from '../server/catalogue/key-registration.ts';
import type { Actor, Role } from '../server/catalogue/roles.ts';
import { createSecrets, type Secrets } from '../server/catalogue/secrets.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../server/store/embedded.ts';

export interface AdministrationGround {
  readonly dir: string;
  readonly store: EmbeddedStore;
  readonly journal: OpenJournal;
  readonly secrets: Secrets;
  readonly administration: Administration;
  /** Stands still; set it to move on. */
  readonly clock: { time: number; now(): number; newId(): string };
  /** What fetching a key set gives; set it. */
  keySet: () => Promise<unknown>;
  /** All that the audit holds. */
  entries(): Promise<AuditLine[]>;
  end(): Promise<void>;
}

export async function administrationGround(): Promise<AdministrationGround> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-administration-'));
  const store = await openEmbeddedStore({ dir });
  let made = 0;
  const clock = {
    time: Date.UTC(2026, 5, 1),
    now: () => clock.time,
    newId: () => `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`,
  };
  const journal = await openJournal({
    dir: join(dir, 'audit'),
    heads: join(dir, 'heads'),
    keys: join(dir, 'keys'),
    clock,
    segmentBytes: 256 * 1024,
  });
  const secrets = createSecrets(Buffer.alloc(32, 7));
  const ground: AdministrationGround = {
    dir,
    store,
    journal,
    secrets,
    clock,
    keySet: () => Promise.reject(new Problem('upstream', 'Nobody answers')),
    administration: createAdministration({
      store,
      journal,
      clock,
      secrets,
      checkKeySet: (value) => checkKeySet(value, 'any', () => false),
      fetchKeySet: () => ground.keySet(),
      allowLocal: false,
    }),
    async entries() {
      const found: AuditLine[] = [];
      for await (const entry of searchAudit(join(dir, 'audit'), {})) found.push(entry);
      return found;
    },
    async end() {
      await journal.close();
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
  return ground;
}

export function actorOf(role: Role, organisation = '*'): Actor {
  return { id: `the-${role}`, role, organisation };
}

export const newApp: AppFields = {
  name: 'Ward round',
  description: '',
  owner: 'Y90001',
  kinds: ['point-of-care'],
  contact: 'ward@example.org',
};

/** A fresh public key as one registers it. */
export function publicJwk(kid: string): PublicJwk {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const { crv = '', x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return { kty: 'EC', kid, crv, x, y };
}
