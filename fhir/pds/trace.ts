/** Demographic matching: the criteria of a search and what matched. */

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
