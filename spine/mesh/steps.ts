/** The steps that messages take, each as a new document at the version that was read. Owns what is noted with each. */
import { Problem } from '../../core/problem.ts';
import type { Collection, OutboxEntry, Stored } from '../../core/store.ts';
import { placeOf, type MeshEvent, type MeshMessage, type MessageState } from './messages.ts';

/** Whole: it is in the inbox from this write on. */
export function completed(message: MeshMessage, at: number): MeshMessage {
  const accepted = happened(message, 'accepted', at);
  return { ...accepted, accepted: at, place: placeOf(at, message.id) };
}

/** What happened, newest first. */
export function happened(
  message: MeshMessage,
  state: MessageState,
  at: number,
  more: Partial<Omit<MeshEvent, 'at' | 'state'>> = {},
): MeshMessage {
  const usual = { event: 'TRANSFER', code: state === 'error' ? '06' : '00', text: texts[state] };
  return { ...message, state, events: [{ at, state, ...usual, ...more }, ...message.events] };
}

const texts: Readonly<Record<MessageState, string>> = {
  uploading: 'Waiting for the remaining chunks',
  accepted: 'Transferred to recipient mailbox',
  acknowledged: 'Message acknowledged',
  undeliverable: 'Message not collected by recipient after 5 days',
  error: 'The message could not be delivered',
};

/** Puts what `to` makes of a message, again as long as somebody else is faster; undefined leaves it. */
export async function changed(
  messages: Collection<MeshMessage>,
  key: string,
  to: (message: MeshMessage) => MeshMessage | undefined,
  outbox: (message: MeshMessage) => readonly OutboxEntry[] = () => [],
): Promise<MeshMessage | undefined> {
  for (;;) {
    const stored = await messages.get(key);
    const next = stored && to(stored.value);
    if (!stored || !next) return undefined;
    if (await putAt(messages, stored, next, outbox(next))) return next;
  }
}

/** Puts at the version that was read; false when somebody was faster. */
export async function putAt(
  messages: Collection<MeshMessage>,
  { id, version }: Stored<MeshMessage>,
  next: MeshMessage,
  outbox: readonly OutboxEntry[],
): Promise<boolean> {
  try {
    await messages.put(id, next, { expected: version, outbox });
    return true;
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict') return false;
    throw error;
  }
}
