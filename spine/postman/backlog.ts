/**
 * What waits in mailboxes and has no push yet: messages from before a subscription, or accepted by a process that had not
 * heard of it. Handing a push in twice is handing it in once.
 */
import type { Outbox } from '../../core/outbox.ts';
import type { Store } from '../../core/store.ts';
import { meshMessageCollection } from '../mesh/messages.ts';
import { pushOf } from './deliveries.ts';
import type { PushSubscription } from './subscriptions.ts';

/** Hands in what is missing, oldest first. @returns how many */
export async function pushBacklog(
  store: Store,
  outbox: Pick<Outbox, 'add' | 'get'>,
  subscription: PushSubscription,
): Promise<number> {
  const messages = store.open(meshMessageCollection);
  const equals = [`${subscription.environment}|${subscription.mailbox}`];
  let after: string | undefined;
  let count = 0;
  do {
    const page = await messages.find({
      ...{ index: 'inbox', equals, limit: 200 },
      ...(after === undefined ? {} : { after }),
    });
    for (const { value } of page.items) {
      const push = pushOf(subscription, value);
      const there = await outbox.get(push.id);
      if (there && there.again === push.again) continue;
      await outbox.add(push);
      count++;
    }
    after = page.next;
  } while (after !== undefined);
  return count;
}
