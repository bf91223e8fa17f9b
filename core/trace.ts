/**
 * What is told of one call or message on its way: the steps, in the order they were taken. Owns the port; who keeps steps,
 * for how long and what of them may be shown is server/'s. No spans of OpenTelemetry, which measure; these explain.
 */

/** `translated` bears what there was before and after. `refused`: not this time; `gave-up`: never. */
export type StepName =
  | 'received'
  | 'checked'
  | 'looked-up'
  | 'translated'
  | 'sent'
  | 'answered'
  | 'acknowledged'
  | 'refused'
  | 'gave-up';

/** What may be told with a step. */
export interface StepFacts {
  /** Ids, parties, interactions, codes; nothing of a patient. */
  readonly facts?: Readonly<Record<string, string>>;
  /**
   * The text as it was; asked for only where texts are kept, and after the call has ended, so what it reads must not be
   * changed meanwhile. It may hold a patient's data: where it goes is the keeper's rule.
   */
  readonly before?: () => string;
  readonly after?: () => string;
}

/** Takes steps as they happen. Never throws, never waits. */
export interface Trace {
  /** More ids by which it is found: message, conversation, correlation and request ids. */
  named(...ids: readonly string[]): void;
  /** @param says one sentence without a patient's data */
  add(step: StepName, says: string, more?: StepFacts): void;
  /** The App whose it is, where the caller is not told. */
  belongs?(app: string): void;
}

/** What a trace is of. */
export interface TraceAbout {
  /** `call to spine-sync`, `processing`, `delivery`. */
  readonly what: string;
  readonly environment: string;
  /** The App whose it is, where that is known. */
  readonly app?: string;
}

/** A trace that is kept when it has ended. */
export interface OpenTrace extends Trace {
  belongs(app: string): void;
  /** Ids of the call alone, which say nothing of other traces that bear them. */
  foundBy(...ids: readonly (string | undefined)[]): void;
  /** NHS numbers of those whom texts may show, for the audit of who looks. */
  about(people: readonly string[]): void;
  /** What comes later is passed over. */
  end(): void;
}

/** Where traces are begun. */
export interface Traces {
  open(about: TraceAbout): OpenTrace;
}
