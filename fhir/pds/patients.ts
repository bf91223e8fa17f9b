/**
 * The port Patients: the demographic service behind the PDS API, whoever holds the records.
 * api.ts checks what belongs to HTTP (headers, ids, media types, who may call); everything that needs a record is behind this.
 * Failures are thrown as the rows of errors.ts.
 */
import type { Bundle, Patient } from 'fhir/r4.js';
import type { Caller, Facts } from '../../core/exchange.ts';
import type { Criteria, Match } from './trace/trace.ts';

/** Who asks, and in which view of the data. People shown or changed are added to `facts.people`. */
export interface Asking {
  readonly caller: Caller;
  readonly workspace: string;
  readonly requestId: string;
  readonly facts: Facts;
  /** What the call says of itself, for those who ask another system on its behalf. */
  readonly correlationId?: string;
  /** The organisation of the end user (ODS code), as claimed. */
  readonly endUserOrganisation?: string;
  /** Aborted when whoever asks has gone. */
  readonly gone?: () => AbortSignal;
}

/** A Patient as this caller may see it, already as JSON text. */
export interface Shown {
  readonly nhsNumber: string;
  readonly versionId: string;
  readonly text: string;
}

export interface Found {
  readonly resource: Patient;
  readonly match: Match;
}

/** The answer to a search: the matches best first, and, when asked for, why nearby records were left out. */
export interface FoundAll {
  readonly found: readonly Found[];
  /** Sentences with counts and rules, never another patient's data; present when asked to explain. */
  readonly notes?: readonly string[];
}

export interface Update {
  readonly nhsNumber: string;
  /** The version in If-Match. */
  readonly versionId: string;
  /** The parsed body. */
  readonly body: unknown;
  /** SHA-256 of If-Match and body, to know a repeat by. */
  readonly digest: string;
}

export interface Patients {
  retrieve(nhsNumber: string, asking: Asking): Promise<Shown>;
  /** Throws TOO_MANY_MATCHES when more than `criteria.maxResults` match. */
  search(criteria: Criteria, asking: Asking, explain: boolean): Promise<FoundAll>;
  update(update: Update, asking: Asking): Promise<Shown>;
  create(body: unknown, digest: string, asking: Asking): Promise<Shown>;
  /** `ignoreMatches`: the query `ignore_potential_matches=true`. */
  registerBirth(
    body: unknown,
    digest: string,
    ignoreMatches: boolean,
    asking: Asking,
  ): Promise<Shown & { notificationId: string }>;
  /** A searchset; `base` is the absolute address of the API, for fullUrls. */
  relatedPersons(nhsNumber: string, base: string, asking: Asking): Promise<Bundle>;
  coverage(nhsNumber: string, base: string, asking: Asking): Promise<Bundle>;
  /** Replaces the card. */
  replaceCoverage(update: Omit<Update, 'nhsNumber'>, base: string, asking: Asking): Promise<Bundle>;
}
