/**
 * What the hub lets go after a time: requests for help, feedback, incidents. Owns which of them are over and since when; how
 * long each is kept are settings, and each removal is in the audit.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Find, Stored } from '../../core/store.ts';
import { openRecords, type Ground } from '../catalogue/records.ts';
import { removeEndedAccounts } from './account-end.ts';
import { platformActor } from './accounts.ts';
import { feedbackCollection } from './feedback.ts';
import { ticketCollection, type Ticket } from './help-tickets.ts';
import type { Retention } from './hub-parts.ts';
import { incidentCollection } from './incidents.ts';

const day = 86_400_000;

/** Removes what is over, and finishes what of ended accounts is left; says how many documents are gone. */
export async function sweepHub(ground: Ground, retention: Retention): Promise<number> {
  const { helpDays, feedbackDays, incidentDays } = retention;
  const tickets = (state: string) =>
    sweep(ground, ticketCollection, {
      ...{ noun: 'ticket', days: helpDays, find: { index: 'state', equals: [state] } },
      last: lastNote,
    });
  return (
    (await removeEndedAccounts(ground)) +
    // What is open waits for an answer, however long.
    (await tickets('closed')) +
    (await tickets('answered')) +
    (await sweep(ground, feedbackCollection, {
      ...{ noun: 'feedback', days: feedbackDays, find: { index: 'all', equals: ['all'] } },
      last: ({ created }) => created,
    })) +
    (await sweep(ground, incidentCollection, {
      ...{ noun: 'incident', days: incidentDays, find: { index: 'time', equals: ['all'] } },
      last: ({ ended }) => ended,
    }))
  );
}

function lastNote({ notes, created }: Ticket): number {
  return notes.at(-1)?.at ?? created;
}

interface Sweeping<T> {
  readonly noun: string;
  readonly days: number;
  /** An index whose next part is a time at or before `last`, as ISO 8601. */
  readonly find: Pick<Find, 'index' | 'equals'>;
  /** When it was over; undefined while it is not. */
  readonly last: (value: T) => number | undefined;
}

async function sweep<T>(
  ground: Ground,
  definition: CollectionOf<T>,
  { noun, days, find, last }: Sweeping<T>,
): Promise<number> {
  if (days === 0) return 0;
  const before = ground.clock.now() - days * day;
  const isOver = (value: T) => (last(value) ?? Infinity) <= before;
  const records = openRecords(ground, definition, noun);
  const over: Stored<T>[] = [];
  let after: string | undefined;
  do {
    const page = await records.find({
      ...{ ...find, to: new Date(before).toISOString(), limit: 500 },
      ...(after === undefined ? {} : { after }),
    });
    over.push(...page.items.filter(({ value }) => isOver(value)));
    after = page.next;
  } while (after !== undefined);
  let gone = 0;
  for (const { id, version } of over)
    try {
      const deed = { actor: platformActor, action: `${noun}.expire` };
      await records.remove({ deed, id, expected: version, allow: () => undefined });
      gone++;
    } catch (error) {
      // It was written to meanwhile: then it is looked at again the next time.
      if (Problem.from(error).kind !== 'precondition-failed') throw error;
    }
  return gone;
}
