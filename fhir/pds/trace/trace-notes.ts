/**
 * Why a search found nobody, or fewer than expected: counts and rules, never a person's data. Restricted people are not
 * counted at all, so that no note can tell that one exists.
 */
import { confidentialityOf, type PdsRecord } from '../record.ts';
import { isDay } from './trace-keys.ts';
import type { Criteria, TraceResult } from './trace-terms.ts';

/** What excluded the records that were looked at. */
export class Exclusions {
  /** Records that share family name and birth date, and were excluded by something else. */
  near = 0;
  readonly byCriterion = new Map<string, number>();

  add(record: PdsRecord, failed: readonly string[]): void {
    if (failed.length === 0 || confidentialityOf(record) !== 'U') return;
    if (failed.includes('family') || failed.includes('birthdate')) return;
    this.near++;
    for (const criterion of failed)
      this.byCriterion.set(criterion, (this.byCriterion.get(criterion) ?? 0) + 1);
  }
}

export interface Searched {
  readonly criteria: Criteria;
  readonly exclusions: Exclusions;
  readonly matched: number;
  /** Searches with changed criteria. */
  readonly again: (criteria: Criteria) => Promise<TraceResult>;
}

/** Sentences about what was excluded and, when nobody was found, about what would have helped. */
export async function notesOf(searched: Searched): Promise<readonly string[]> {
  const { criteria, exclusions, matched } = searched;
  const notes: string[] = [];
  if (exclusions.near > 0) notes.push(excludedNote(exclusions));
  if (matched > 0) return notes;
  if (exclusions.near === 0) notes.push('No record shares the names and the birth date.');
  const { from, to } = criteria.birthDate;
  if (from !== undefined && to !== undefined && from > to)
    notes.push('The range of birth dates ends before it begins.');
  if (criteria.postcode?.replaceAll(' ', '').toUpperCase().startsWith('ZZ99'))
    notes.push('Pseudo postcodes (ZZ99 …) match nobody.');
  for (const [what, changed] of changesOf(criteria)) {
    const count = await countOf(searched, changed);
    if (count !== undefined) notes.push(`${count} would match ${what}.`);
  }
  const partial = await partialNote(searched);
  return partial === undefined ? notes : [...notes, partial];
}

function excludedNote({ near, byCriterion }: Exclusions): string {
  const parts = [...byCriterion].map(([criterion, count]) =>
    count === near && near > 1 ? `all ${count} by ${criterion}` : `${count} by ${criterion}`,
  );
  const shares = near === 1 ? 'record shares' : 'records share';
  return `${near} ${shares} the family name and birth date but ${near === 1 ? 'was' : 'were'} excluded: ${parts.join(', ')}.`;
}

/** The one change each that might have found somebody. */
function* changesOf(criteria: Criteria): Generator<readonly [string, Criteria]> {
  if (criteria.exact) yield ['without _exact-match', { ...criteria, exact: false }];
  if (!criteria.fuzzy && !criteria.history)
    yield ['with _history=true', { ...criteria, history: true }];
  if (mayBeFuzzy(criteria)) yield ['with _fuzzy-match=true', { ...criteria, fuzzy: true }];
  const exchanged = exchangedDay(criteria);
  if (exchanged !== undefined)
    yield [
      'if day and month of the birth date were exchanged',
      { ...criteria, birthDate: { from: exchanged, to: exchanged } },
    ];
}

function mayBeFuzzy({ fuzzy, family, given, gender, postcode }: Criteria): boolean {
  const wild = [family ?? '', postcode ?? '', ...given].some((text) => text.includes('*'));
  return !fuzzy && !wild && (given.length > 0 || (gender !== undefined && postcode !== undefined));
}

function exchangedDay({ birthDate }: Criteria): string | undefined {
  if (!isDay(birthDate)) return undefined;
  const [year = '', month = '', day = ''] = (birthDate.from ?? '').split('-');
  return Number(day) <= 12 && day !== month ? `${year}-${day}-${month}` : undefined;
}

/** Records that hold only the year or month of the birth date asked for are found by a range alone. */
async function partialNote({ criteria, again }: Searched): Promise<string | undefined> {
  if (!isDay(criteria.birthDate)) return undefined;
  const year = (criteria.birthDate.from ?? '').slice(0, 4);
  const range = { from: `${year}-01-01`, to: `${year}-12-31` };
  const { matches } = await again({ ...criteria, birthDate: range, maxResults: 50 });
  const partial = matches.filter(
    ({ record }) => open(record) && (record.patient.birthDate ?? '').length < 10,
  );
  return partial.length === 0
    ? undefined
    : `${counted(partial.length)} would match in a range over the year: only year or month of birth is held.`;
}

async function countOf({ again }: Searched, criteria: Criteria): Promise<string | undefined> {
  const { matches, tooMany } = await again({ ...criteria, maxResults: 50 });
  if (tooMany) return 'More than 50 records';
  const count = matches.filter(({ record }) => open(record)).length;
  return count === 0 ? undefined : counted(count);
}

function open(record: PdsRecord): boolean {
  return confidentialityOf(record) === 'U';
}

function counted(count: number): string {
  return count === 1 ? '1 record' : `${count} records`;
}
