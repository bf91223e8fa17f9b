/** What requester and approver write to each other about a Subscription. Owns the messages; who is told is subscription-notices.ts's. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { CollectionOf } from '../../core/store.ts';
import { openRecords } from '../catalogue/records.ts';
import type { Actor } from '../catalogue/roles.ts';
import type { Hub } from './hub-parts.ts';
import { time } from './parts.ts';

export type Side = 'requester' | 'approver';

interface Message {
  readonly by: string;
  readonly name: string;
  readonly side: Side;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
}

interface Thread {
  /** Id of the Subscription. */
  readonly id: string;
  readonly messages: readonly Message[];
}

const threadCollection: CollectionOf<Thread> = { name: 'portal.threads' };

/** The longest message, and the most of a thread. */
export const longestMessage = 2000;
const mostMessages = 200;

/** Adds a message. @throws Problem `conflict` for one too many */
export async function say(
  hub: Hub,
  actor: Actor,
  id: string,
  { name, side, text }: Pick<Message, 'name' | 'side' | 'text'>,
): Promise<void> {
  const records = openRecords(hub, threadCollection, 'thread');
  const deed = { actor, action: 'subscription.message' };
  const message = { by: actor.id, name, side, at: hub.clock.now(), text };
  try {
    await records.add(deed, id, () => ({ id, messages: [message] }));
    return;
  } catch (error) {
    if (Problem.from(error).kind !== 'conflict') throw error;
  }
  await records.change({
    ...{ deed, id, expected: undefined, allow: () => undefined },
    edit(thread) {
      if (thread.messages.length >= mostMessages)
        throw new Problem(
          'conflict',
          'There are so many messages already: decide, or talk by mail',
        );
      return { ...thread, messages: [...thread.messages, message] };
    },
  });
}

/** All messages, oldest first. */
export async function threadOf(hub: Hub, id: string): Promise<Html> {
  const stored = await hub.store.open(threadCollection).get(id);
  const messages = stored?.value.messages ?? [];
  if (messages.length === 0) return html`<p>Nobody has written anything yet.</p>`;
  return html`<ol class="hub-thread">${messages.map(({ name, side, at, text }) => html`<li class="hub-thread__${side}"><p class="hub-thread__by"><strong>${name}</strong> (${side}), ${time(at)}</p><p class="hub-thread__text">${text}</p></li>`)}</ol>`;
}
