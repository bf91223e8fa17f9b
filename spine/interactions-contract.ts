/**
 * How messages are exchanged, and which elements of the envelope that asks for: by pattern, or by the flags of a
 * directory entry. Owns no checks (ebxml/contract-checks.ts makes them).
 */
import type { MessageHandler } from './sds/directory.ts';

/** How a message is answered and repeated. */
export type Pattern =
  'sync' | 'async-express' | 'async-reliable' | 'forward-reliable' | 'forward-express';

/** Whether an element stands in the envelope. */
export type Presence = 'required' | 'absent' | 'any';

/** Who acknowledges: the final receiver, or the next message handler on the way. */
export type AckActor = 'toPartyMSH' | 'nextMSH';

/** The elements of reliability that the envelopes of one contract bear. */
export interface Contract {
  readonly duplicateElimination: Presence;
  readonly ackRequested: Presence;
  /** Of `AckRequested`, where it is required. */
  readonly ackActor?: AckActor;
  readonly syncReply: Presence;
}

/** The contract of a pattern, for an interaction without a directory entry; synchronous messages have none. */
export function contractOfPattern(pattern: Pattern): Contract {
  return contracts[pattern];
}

/** The contract that a directory entry states. Where it says nothing of an element, that is absent. */
export function contractOf(
  handler: Pick<
    MessageHandler,
    'duplicateElimination' | 'ackRequested' | 'syncReplyMode' | 'actors'
  >,
): Contract {
  const acked = isAlways(handler.ackRequested);
  const ackActor = acked ? actorOf(handler.actors) : undefined;
  return {
    duplicateElimination: isAlways(handler.duplicateElimination) ? 'required' : 'absent',
    ackRequested: acked ? 'required' : 'absent',
    ...(ackActor === undefined ? {} : { ackActor }),
    syncReply: isSynchronous(handler.syncReplyMode) ? 'required' : 'absent',
  };
}

/** The pattern that a contract is of, for interactions that no table names. */
export function patternOfContract({ ackRequested, ackActor, syncReply }: Contract): Pattern {
  if (ackRequested !== 'required')
    return syncReply === 'required' ? 'async-express' : 'forward-express';
  return syncReply === 'required' && ackActor !== 'nextMSH' ? 'async-reliable' : 'forward-reliable';
}

/** The three forward contracts (end-party reliability is the receiver's acknowledgement, relayed). */
export const endPartyContract: Contract = {
  duplicateElimination: 'any',
  ackRequested: 'required',
  ackActor: 'toPartyMSH',
  syncReply: 'absent',
};

/**
 * Milliseconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds (`PT4H10M`); undefined for anything
 * else, years and months among it, whose length depends on the day.
 */
export function durationMilliseconds(text: string): number | undefined {
  if (text.length > 40 || !/^P(?=\d|T\d)/.test(text)) return undefined;
  const parts =
    /^P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,3})?)S)?)?$/.exec(
      text,
    );
  if (!parts) return undefined;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = numbersOf(parts);
  const inHours = (weeks * 7 + days) * 24 + hours;
  return Math.round(((inHours * 60 + minutes) * 60 + seconds) * 1000);
}

/** The captured numbers; 0 for those that are not there. */
function numbersOf(parts: RegExpExecArray): number[] {
  return Array.from(parts, (one: string | undefined) => Number(one ?? 0)).slice(1);
}

const contracts: Readonly<Record<Pattern, Contract>> = {
  sync: { duplicateElimination: 'absent', ackRequested: 'absent', syncReply: 'any' },
  'async-express': {
    duplicateElimination: 'absent',
    ackRequested: 'absent',
    syncReply: 'required',
  },
  'async-reliable': {
    duplicateElimination: 'required',
    ackRequested: 'required',
    ackActor: 'toPartyMSH',
    syncReply: 'required',
  },
  'forward-reliable': {
    duplicateElimination: 'required',
    ackRequested: 'required',
    ackActor: 'nextMSH',
    syncReply: 'absent',
  },
  'forward-express': {
    duplicateElimination: 'any',
    ackRequested: 'absent',
    syncReply: 'absent',
  },
};

function isAlways(flag: string | undefined): boolean {
  return flag?.toLowerCase() === 'always';
}

function isSynchronous(mode: string | undefined): boolean {
  return mode !== undefined && mode.toLowerCase() !== 'none';
}

function actorOf(actors: readonly string[]): AckActor {
  return actors.some((one) => one.toLowerCase().endsWith('nextmsh')) ? 'nextMSH' : 'toPartyMSH';
}
