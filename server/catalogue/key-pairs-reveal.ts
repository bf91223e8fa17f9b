/** Looking a subscription key up again, which test environments allow. Owns that each look is in the audit. */
import { Problem } from '../../core/problem.ts';
import type { Subscription } from './products.ts';
import type { Deed, Ground } from './records.ts';
import { must, type Actor, type Subject } from './roles.ts';
import type { KeySlot, SubscriptionKey } from './subscription-keys.ts';
import { entered, refusalsEntered } from './systems/deeds.ts';

export interface Looked {
  readonly subscription: Subscription;
  readonly subject: Subject;
  readonly keys: readonly SubscriptionKey[];
  readonly slot: KeySlot;
}

/** As `KeyPairs.reveal`. */
export async function reveal(
  options: Ground & { readonly unseal?: (sealed: string) => string | undefined },
  actor: Actor,
  { subscription, subject, keys, slot }: Looked,
): Promise<string> {
  const { id, environment } = subscription;
  const deed: Deed = { actor, environment, action: `subscription.keys.reveal.${slot}` };
  await refusalsEntered(options, deed, id, () => {
    must(actor, 'subscription.keys', subject);
  });
  const current = keys.find((one) => one.slot === slot && one.ends === undefined);
  const sealed = current?.sealed;
  const key = sealed === undefined ? undefined : options.unseal?.(sealed);
  if (key === undefined)
    throw new Problem('not-found', 'This key can be shown no more: make it anew');
  return entered(options, deed, id, () => Promise.resolve(key));
}
