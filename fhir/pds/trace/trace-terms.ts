/** The words of a demographic search: what is asked, what matched, and why. Rules are in the other trace files. */
import type { PdsRecord } from '../record.ts';

/** A date as searched: `yyyy-mm-dd` bounds, both ends included; either may be open. */
export interface DateRange {
  readonly from?: string;
  readonly to?: string;
}

/** A search, read and checked (pds-fhir 1.8). Texts are as sent, trimmed; folding is the matcher's work. */
export interface Criteria {
  readonly family?: string;
  readonly given: readonly string[];
  readonly gender?: string;
  readonly birthDate: DateRange;
  readonly deathDate?: DateRange;
  readonly postcode?: string;
  readonly practice?: string;
  readonly managingOrganization?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly fuzzy: boolean;
  readonly exact: boolean;
  readonly history: boolean;
  readonly maxResults: number;
}

/** Why one criterion holds. `how` is a rule's name, `score` its part between 0 and 1. */
export interface Reason {
  readonly criterion: string;
  readonly how: string;
  readonly score: number;
}

/** A record that matched, with its score (0 to 1, four decimals) and the reasons. */
export interface Match {
  readonly nhsNumber: string;
  readonly score: number;
  readonly reasons: readonly Reason[];
}

export interface TraceResult {
  /** Best first, equals by NHS number; at most `criteria.maxResults`. Empty when there are too many. */
  readonly matches: readonly { readonly record: PdsRecord; readonly match: Match }[];
  /** More records match than may be shown, or more would have to be looked at than one search may. */
  readonly tooMany: boolean;
  /** Sentences with counts and rules, when asked to explain. */
  readonly notes?: readonly string[];
}

/** What one criterion makes of a record that it does not exclude. */
export interface Part {
  readonly how: string;
  /** Taken from the score. */
  readonly loss?: number;
  /** What is taken otherwise is multiplied by this: a thing that is right makes up for others that are not quite. */
  readonly factor?: number;
  /** At least this much is taken. */
  readonly floor?: number;
  /** Taken at the end, whatever else is right. */
  readonly penalty?: number;
}
