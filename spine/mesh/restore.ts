/** Puts a message back into its inbox that was acknowledged or has expired, as long as it is kept. Owns what may go back. */
import { Problem } from '../../core/problem.ts';
import type { Collection, OutboxEntry } from '../../core/store.ts';
import { dueOf, placeOf, type MeshMessage } from './messages.ts';
import { changed, happened } from './steps.ts';

/** What is noted with a message that was put back. */
export const restoring = 'RESTORE';

/**
 * It is the newest of its inbox again, for as long as any other.
 * @param key of its document
 * @throws Problem `not-found` when there is none, `conflict` for one that cannot go back
 */
export async function restored(
  messages: Collection<MeshMessage>,
  key: string,
  now: number,
  accepted: (message: MeshMessage) => readonly OutboxEntry[] = () => [],
): Promise<MeshMessage> {
  const done = await changed(messages, key, (message) => anew(message, now), accepted);
  if (done) return done;
  throw new Problem('not-found', 'There is no such message, or it is no longer kept');
}

function anew(message: MeshMessage, now: number): MeshMessage {
  const { acknowledged, ...rest } = message;
  const { state, recipient, id } = message;
  const wasThere = acknowledged !== undefined || ['acknowledged', 'undeliverable'].includes(state);
  if (state === 'accepted') throw new Problem('conflict', 'The message waits in its inbox already');
  if (!wasThere || recipient === '')
    throw new Problem(
      'conflict',
      `A message that is ${state} was in no inbox, so it cannot go back`,
    );
  if (dueOf(message) <= now)
    throw new Problem('conflict', 'The message was kept for 30 days, and these are over');
  const event = { event: restoring, text: 'Put back into the inbox by an operator' };
  const again = happened(rest, 'accepted', now, event);
  return { ...again, accepted: now, place: placeOf(now, id) };
}
