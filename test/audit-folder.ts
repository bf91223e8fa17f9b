/** A folder with an audit in it, and entries to put there, for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEntry } from '../core/audit.ts';
import { systemClock } from '../core/clock.ts';
import { openJournal, type JournalOptions, type OpenJournal } from '../server/audit/journal.ts';

export interface AuditFolder {
  readonly root: string;
  readonly dir: string;
  readonly heads: string;
  readonly keys: string;
  open(options?: Partial<JournalOptions>): Promise<OpenJournal>;
  remove(): void;
}

/** Segments are small, so that a test writes little. */
export function makeAuditFolder(): AuditFolder {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-audit-'));
  const places = { dir: join(root, 'audit'), heads: join(root, 'heads'), keys: join(root, 'keys') };
  return {
    root,
    ...places,
    open: (options) =>
      openJournal({ ...places, clock: systemClock, segmentBytes: 64 * 1024, ...options }),
    remove: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export function auditEntry(fields: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: 1_760_000_000_000,
    kind: 'access',
    api: 'personal-demographics',
    environment: 'sandbox',
    workspace: '',
    action: 'GET /Patient/:id',
    app: 'an-app',
    mode: 'worker',
    user: '555254242106',
    role: '555254242105',
    purpose: '',
    people: ['9990000018'],
    status: 200,
    code: '',
    requestId: '60e0b220-8136-4ca5-ae46-1d97ef59d068',
    correlationId: '',
    address: '127.0.0.1',
    commit: 0,
    ...fields,
  };
}

export async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
