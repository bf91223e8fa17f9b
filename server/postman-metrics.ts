/**
 * Metrics of the postman: what waits for each endpoint and since when, what was given up, and what came of each attempt. The
 * age of the oldest is what an alarm should look at. Owns their names; a subscription is a label, its address never is.
 */
import { openOutbox } from '../core/outbox.ts';
import type { Clock } from '../core/clock.ts';
import type { Store } from '../core/store.ts';
import { laneOf } from '../spine/postman/deliveries.ts';
import type { PushTopicOptions } from '../spine/postman/sending.ts';
import { subscriptionCollection, type PushSubscription } from '../spine/postman/subscriptions.ts';
import { keptForAWhile } from './mesh-metrics.ts';
import { add, gauge, type Family, type Labels } from './observe/families.ts';

/** Counting, for the sender of pushes. */
export function pushCounts(
  counted: ((name: string, help: string, labels: Labels) => void) | undefined,
): NonNullable<PushTopicOptions['told']> {
  const help =
    'Attempts to push a message: taken by the endpoint, to be tried again, or given up for good.';
  return ({ environment, id: subscription }, result) => {
    counted?.('push_attempts_total', help, { environment, subscription, result });
  };
}

/** Each is asked for its queue: more are told of in the order in which they were made. */
const mostEndpoints = 200;
const mostCounted = 1_000;

/** What stands in the queues, in families; told anew at most twice a minute. */
export function pushStanding(store: Store, clock: Pick<Clock, 'now'>): () => Promise<Family[]> {
  const subscriptions = store.open(subscriptionCollection);
  const outbox = openOutbox(store, clock);
  const queueOf = async ({ id }: PushSubscription) => {
    const lane = laneOf(id);
    const [waiting, sending, dead] = await Promise.all(
      (['waiting', 'sending', 'dead'] as const).map(async (state) =>
        (await outbox.list({ lane, state, limit: mostCounted })).items.map(({ value }) => value),
      ),
    );
    const open = [...(waiting ?? []), ...(sending ?? [])];
    const left = (dead ?? []).filter(({ discarded }) => discarded !== true);
    return { open, dead: left.length };
  };
  return keptForAWhile(
    () => clock.now(),
    async () => {
      const bound = 'counted up to 1,000.';
      const depth = gauge('push_waiting', `Messages to be pushed to an endpoint; ${bound}`, 'max');
      const age = gauge('push_oldest_waiting_seconds', 'For how long the oldest waits.', 'max');
      const letters = gauge(
        'push_dead_letters',
        `Pushes that were given up and wait for a person's decision; ${bound}`,
        'max',
      );
      const { items } = await subscriptions.find({ index: 'all', limit: mostEndpoints });
      for (const { value } of items) {
        const labels = { environment: value.environment, subscription: value.id };
        const { open, dead } = await queueOf(value);
        const since = Math.min(...open.map(({ created }) => created));
        add(depth, labels, open.length);
        add(age, labels, open.length === 0 ? 0 : Math.max(0, (clock.now() - since) / 1000));
        add(letters, labels, dead);
      }
      return [depth, age, letters];
    },
  );
}
