/**
 * Demographic matching: the criteria of a search, and the search itself. Candidates come by key (trace-keys.ts); each is
 * judged on the record as it is now (trace-judge.ts), so that a stale or damaged index entry can never answer.
 * docs/decisions/0006-demographic-matching.md tells the rules; the published side is pds-fhir 1.8 and 5.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Find, Page } from '../../../core/store.ts';
import type { PdsRecord } from '../record.ts';
import { judgeOf } from './trace-judge.ts';
import { findsOf } from './trace-keys.ts';
import { Exclusions, notesOf } from './trace-notes.ts';
import type { Criteria, Match, TraceResult } from './trace-terms.ts';

export type { Criteria, Match, TraceResult } from './trace-terms.ts';

/** Asks the store; `Collection.find` of the view to be searched. */
export type FindRecords = (query: Find) => Promise<Page<PdsRecord>>;

export interface TraceOptions {
  /** Whether to tell which criteria excluded the nearest records. */
  readonly explain?: boolean | undefined;
  /** The day as yyyy-mm-dd: temporary addresses that ended before it are former. Without it none has ended. */
  readonly today?: string | undefined;
  /** At most this many records are looked at; a search that would need more is answered as too many. */
  readonly mostExamined?: number | undefined;
}

/** A search with a wildcard and a wide range must not hold up everybody else. */
const mostExamined = 2_000;
const pageSize = 100;
/** After so many finds, or one full page, others get their turn. */
const findsPerTurn = 32;

/** Searches. Never throws for lack of matches; the caller decides what too many means. */
export async function trace(
  find: FindRecords,
  criteria: Criteria,
  options: TraceOptions = {},
): Promise<TraceResult> {
  const judge = judgeOf(criteria, options.today);
  const exclusions = options.explain ? new Exclusions() : undefined;
  const matches: { record: PdsRecord; match: Match }[] = [];
  const tooMany = { matches: [], tooMany: true };
  let examined = 0;
  for await (const record of candidates(find, findsOf(criteria))) {
    if (++examined > (options.mostExamined ?? mostExamined)) return tooMany;
    const verdict = judge(record, exclusions !== undefined);
    if (verdict.match) matches.push({ record, match: verdict.match });
    else exclusions?.add(record, verdict.failed);
    if (matches.length > criteria.maxResults) return tooMany;
  }
  matches.sort(({ match: one }, { match: other }) => compare(one, other));
  if (!exclusions) return { matches, tooMany: false };
  const again = (changed: Criteria) => trace(find, changed, { ...options, explain: false });
  const notes = await notesOf({ criteria, exclusions, matched: matches.length, again });
  return { matches, tooMany: false, notes };
}

/** Best first; equals by number, so that the order never changes from one call to the next. */
function compare(one: Match, other: Match): number {
  return other.score - one.score || (one.nhsNumber < other.nhsNumber ? -1 : 1);
}

/** Every record the finds propose, once. */
async function* candidates(find: FindRecords, finds: readonly Find[]): AsyncGenerator<PdsRecord> {
  const seen = new Set<string>();
  let asked = 0;
  for (const query of finds) {
    let after: string | undefined;
    do {
      const page = await find({
        ...query,
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      for (const { id, value } of page.items) {
        if (seen.has(id)) continue;
        seen.add(id);
        yield value;
      }
      after = page.next;
      if (++asked % findsPerTurn === 0 || after !== undefined) await nextTurn();
    } while (after !== undefined);
  }
}
