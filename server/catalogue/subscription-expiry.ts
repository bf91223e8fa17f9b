/** Subscriptions that were approved for a time end with it. Owns that step; when it is taken the platform says. */
import type { Subscription } from './products.ts';
import { running, type Parts } from './subscription-parts.ts';

/** Who does what the platform does by itself. */
const platform = { id: 'platform', role: 'operator', organisation: '*' } as const;

/** As `SubscriptionAdministration.expire`. */
export async function expire({ records, ground }: Parts): Promise<readonly Subscription[]> {
  const now = ground.clock.now();
  const { items } = await records.find({
    ...{ index: 'ends', to: new Date(now).toISOString(), limit: 500 },
  });
  const expired: Subscription[] = [];
  for (const { id, value } of items) {
    if (!running.has(value.state) || value.ends === undefined) continue;
    const { environment } = value;
    const stored = await records.change({
      deed: { actor: platform, action: 'subscription.expired', environment },
      ...{ id, expected: undefined, allow: () => undefined },
      edit: (one) =>
        running.has(one.state) && one.ends !== undefined && one.ends <= now
          ? { ...one, state: 'expired', decidedBy: platform.id, decided: now }
          : one,
    });
    if (stored.value.state === 'expired') expired.push(stored.value);
  }
  return expired;
}
