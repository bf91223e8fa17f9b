/**
 * What is told of one call or message on its way: the steps, in the order they were taken. Owns the port; who keeps steps,
 * for how long and what of them may be shown is server/'s.
 */

/** `translated` bears what there was before and after. */
export type StepName =
  'received' | 'checked' | 'looked-up' | 'translated' | 'sent' | 'answered' | 'refused';

/** What may be told with a step. */
export interface StepFacts {
  /** Ids, parties, interactions, codes; nothing of a patient. */
  readonly facts?: Readonly<Record<string, string>>;
  /** The text as it was; asked for only where texts are kept. It may hold a patient's data: where it goes is the keeper's rule. */
  readonly before?: () => string;
  readonly after?: () => string;
}

/** Takes steps as they happen. Never throws, never waits. */
export interface Trace {
  /** More ids by which it is found: message, conversation, correlation and request ids. */
  named(...ids: readonly string[]): void;
  /** @param says one sentence without a patient's data */
  add(step: StepName, says: string, more?: StepFacts): void;
}
