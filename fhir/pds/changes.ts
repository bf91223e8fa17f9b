/**
 * What a write to a record changed, told to whoever wants to know of it: an entry that lands with the write. Owns the entry and
 * how kinds of change are told from two states of a record; who is told what is not its business. An entry is made while a
 * caller waits, so it compares a few fields and nothing else.
 */
import type { OutboxEntry } from '../../core/store.ts';
import { confidentialityOf, type PdsRecord } from './record.ts';
import { same } from './update/patch-apply.ts';

/** The topic of the store's entries that tell changes of records. */
export const changedTopic = 'pds.changed';

/** `created`: there was no record. `number`: it was superseded, or the number is no longer valid. */
export type ChangeKind = 'created' | 'address' | 'death' | 'practice' | 'name' | 'number';

export interface PdsChange {
  /** A UUID: the same change has the same, however often it is told. */
  readonly id: string;
  readonly nhsNumber: string;
  /** The view of the data in which it happened: nobody who looks at another one knows of it. */
  readonly workspace: string;
  /** The record's version after it, as in `meta.versionId`. */
  readonly versionId: string;
  /** None: something else of the record changed. */
  readonly kinds: readonly ChangeKind[];
  /** The practice before, ODS code; absent where there was none. */
  readonly practiceBefore?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Who asked for it: the app, and the accredited system where there is one. */
  readonly app: string;
  readonly asid?: string;
}

/** Who changed what, beside the two states. */
export type ChangeFacts = Pick<PdsChange, 'id' | 'workspace' | 'at' | 'app' | 'asid'>;

/** The entry that lands with a write. @param before absent for a record that is new */
export function changeEntry(
  before: PdsRecord | undefined,
  after: PdsRecord,
  facts: ChangeFacts,
): OutboxEntry {
  const { patient } = after;
  const practiceBefore = before && practiceOf(before);
  const change: PdsChange = {
    ...facts,
    nhsNumber: patient.id,
    versionId: patient.meta.versionId,
    kinds: before ? kindsOf(before, after) : ['created'],
    ...(practiceBefore === undefined ? {} : { practiceBefore }),
  };
  return { topic: changedTopic, body: JSON.stringify(change) };
}

/** @param body that of an entry of the topic */
export function readChange(body: string): PdsChange {
  return JSON.parse(body) as PdsChange; // changeEntry wrote it
}

/** The practice with which a person is registered. */
export function practiceOf({ patient }: PdsRecord): string | undefined {
  return patient.generalPractitioner?.[0]?.identifier?.value;
}

function kindsOf(before: PdsRecord, after: PdsRecord): ChangeKind[] {
  const [was, is] = [before.patient, after.patient];
  const kinds: Record<Exclude<ChangeKind, 'created'>, boolean> = {
    address: !same(was.address, is.address),
    death: !same(deathOf(before), deathOf(after)),
    practice: practiceOf(before) !== practiceOf(after),
    name: !same(was.name, is.name),
    number:
      before.behind.supersededBy !== after.behind.supersededBy || isVoid(before) !== isVoid(after),
  };
  return Object.entries(kinds).flatMap(([kind, changed]) => (changed ? [kind as ChangeKind] : [])); // its keys
}

function isVoid(record: PdsRecord): boolean {
  return confidentialityOf(record) === 'REDACTED';
}

/** When, and how sure that is. */
function deathOf({ patient: { deceasedDateTime, extension = [] } }: PdsRecord): unknown {
  const status = extension.find(({ url }) => url.endsWith('-UKCore-DeathNotificationStatus'));
  return [deceasedDateTime, status];
}
