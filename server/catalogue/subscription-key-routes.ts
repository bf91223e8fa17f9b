/** The routes of subscription keys. A key is in the answer that made it, once; afterwards only its hint is told. */
import { Problem } from '../../core/problem.ts';
import { checker } from '../../core/schema.ts';
import { bodyOf, idOf, json, type Act } from './api-call.ts';
import {
  keyOverlaps,
  keySlots,
  type KeyOverlap,
  type KeyPairs,
  type KnownKey,
} from './key-pairs.ts';
import type { KeySlot } from './subscription-keys.ts';

/** Those of subscription keys. */
export function subscriptionKeyActs(keys: KeyPairs): Readonly<Record<string, Act>> {
  return {
    'GET /subscriptions/:id/keys': async (actor, x) => {
      const items = await keys.list(actor, idOf(x));
      return json(200, { items: items.map(shownKey) });
    },
    'POST /subscriptions/:id/keys/:slot': async (actor, x) => {
      const slot = slotOf(x.params.slot ?? '');
      const { overlap } = await bodyOf(x, toRenewal);
      const made = await keys.regenerate(actor, idOf(x), slot, overlap);
      const shown = { key: made.key, ...shownKey(made), replaced: made.replaced.map(shownKey) };
      return json(201, shown);
    },
  };
}

const toRenewal = checker<{ readonly overlap: KeyOverlap }>({
  type: 'object',
  properties: { overlap: { enum: Object.keys(keyOverlaps), default: 'now' } },
  additionalProperties: false,
});

/** @throws Problem `not-found` */
function slotOf(text: string): KeySlot {
  const slot = keySlots.find((one) => one === text);
  if (slot) return slot;
  throw new Problem('not-found', `A subscription has the keys ${keySlots.join(' and ')}`);
}

function shownKey({ slot, hint, created, ends, used }: KnownKey): object {
  return {
    ...{ slot, hint, created: iso(created) },
    ...(ends === undefined ? {} : { ends: iso(ends) }),
    ...(used ? { lastUsed: iso(used.at), lastAddress: used.address } : {}),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
