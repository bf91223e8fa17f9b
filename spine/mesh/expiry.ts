/**
 * What happens to messages by themselves: not fetched in time, never completed, kept long enough. Several processes may run
 * it: each step is one write at the version that was read. Owns those steps.
 */
import type { Blobs } from '../../core/blobs.ts';
import { outboxEntry, timeKey } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { Store, Stored } from '../../core/store.ts';
import { changed, happened } from './steps.ts';
import { dueOf, meshMessageCollection, type MeshMessage } from './messages.ts';
import { reportOf } from './reports.ts';

export interface ExpiryOptions {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly now: () => number;
  /** Told of each message that expired here, to be counted. */
  readonly told?: (environment: string, step: 'expired') => void;
  /** Whether something else than a message names a body. */
  readonly named?: (blob: string) => Promise<boolean>;
}

const batch = 500;

/** Does all that is due. @returns how many messages changed or went */
export async function expire(options: ExpiryOptions): Promise<number> {
  const messages = options.store.open(meshMessageCollection);
  let count = 0;
  for (;;) {
    const to = timeKey(options.now());
    const { items } = await messages.find({ index: 'due', to, limit: batch });
    const due = items.filter(({ value }) => dueOf(value) <= options.now());
    for (const stored of due) await one(options, stored);
    count += due.length;
    if (items.length < batch || due.length === 0) return count;
  }
}

async function one(
  { store, blobs, now, told }: ExpiryOptions,
  stored: Stored<MeshMessage>,
): Promise<void> {
  const messages = store.open(meshMessageCollection);
  const { id, version, value } = stored;
  if (value.state === 'accepted' || value.state === 'uploading') {
    const done = await changed(messages, id, (message) => ended(message, now()), reported);
    if (done) told?.(done.environment, 'expired');
    return;
  }
  try {
    await messages.remove(id, version);
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict') return;
    throw error;
  }
  await blobs.remove(value.chunks.flatMap(({ blob }) => (blob === undefined ? [] : [blob])));
}

/** Undefined where somebody fetched or completed it meanwhile. */
function ended(message: MeshMessage, at: number): MeshMessage | undefined {
  if (dueOf(message) > at) return undefined;
  if (message.state === 'accepted')
    return happened(message, 'undeliverable', at, { event: 'SEND', code: '14' });
  if (message.state !== 'uploading') return undefined;
  const { addressed, ...rest } = message;
  const text =
    addressed === undefined || message.chunks.length < message.total
      ? 'Not all chunks were sent in time'
      : 'The practice of the patient could not be found out in time';
  return happened(rest, 'error', at, { event: 'SEND', code: '06', text });
}

function reported(message: MeshMessage) {
  return message.kind === 'REPORT' ? [] : [outboxEntry(reportOf(message))];
}

/** Removes bodies that nothing names: of calls that were cut off, or chunks that were replaced. */
export function sweepBodies({ store, blobs, now, named }: ExpiryOptions): Promise<number> {
  const messages = store.open(meshMessageCollection);
  return blobs.sweep(now() - 24 * 3_600_000, async (id) => {
    const { items } = await messages.find({ index: 'blob', equals: [id], limit: 1 });
    return items.length > 0 || (await named?.(id)) === true;
  });
}
