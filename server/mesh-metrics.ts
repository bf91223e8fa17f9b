/**
 * Metrics of MESH: what was sent, acknowledged and expired, tokens that were refused, and what waits in each environment and
 * since when. Owns their names; a mailbox is never a label.
 */
import type { Collection } from '../core/store.ts';
import type { MeshMessage } from '../spine/mesh/messages.ts';
import { waitingInAll } from '../spine/mesh/overview.ts';
import { environments } from './catalogue/environments.ts';
import { add, gauge, type Family, type Labels } from './observe/families.ts';

export interface MeshCounts {
  readonly step: (environment: string, step: 'sent' | 'acknowledged' | 'expired') => void;
  readonly refused: (environment: string) => void;
}

/** Counting, for the parts of MESH. */
export function meshCounts(
  counted: ((name: string, help: string, labels: Labels) => void) | undefined,
): MeshCounts {
  return {
    step(environment, step) {
      const help = 'Messages of MESH by what became of them; reports are not counted.';
      counted?.('mesh_messages_total', help, { environment, step });
    },
    refused(environment) {
      const help = 'Calls on mailboxes whose token, certificate or mailbox was refused.';
      counted?.('mesh_refused_total', help, { environment });
    },
  };
}

/** For how long what was counted is told again: counting reads what waits. */
const keptFor = 30_000;

/** What waits, in families; told anew at most twice a minute. */
export function meshWaiting(
  messages: Collection<MeshMessage>,
  now: () => number,
): () => Promise<Family[]> {
  return keptForAWhile(now, () => counted(messages, now()));
}

/** Families that cost reading; none while the store is away, for nobody knows. */
export function keptForAWhile(
  now: () => number,
  read: () => Promise<Family[]>,
): () => Promise<Family[]> {
  let until = -Infinity;
  let last: Promise<Family[]> = Promise.resolve([]);
  return () => {
    if (now() < until) return last;
    until = now() + keptFor;
    last = read().catch((): Family[] => []);
    return last;
  };
}

async function counted(messages: Collection<MeshMessage>, now: number): Promise<Family[]> {
  const depth = gauge(
    'mesh_messages_waiting',
    'Messages in inboxes that nobody has acknowledged; counted up to 10,000 in an environment.',
    'max',
  );
  const age = gauge('mesh_oldest_waiting_seconds', 'For how long the oldest of them waits.', 'max');
  for (const environment of environments) {
    const { count, oldest } = await waitingInAll(messages, environment);
    add(depth, { environment }, count);
    add(age, { environment }, oldest === undefined ? 0 : Math.max(0, (now - oldest) / 1000));
  }
  return [depth, age];
}
