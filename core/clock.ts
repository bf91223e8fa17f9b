/** The time and new ids, handed to whoever needs them so that tests can hold them still. */
import { randomUUID } from 'node:crypto';

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** A new random UUID. */
  newId(): string;
}

export const systemClock: Clock = { now: () => Date.now(), newId: () => randomUUID() };

/** The calendar day in the United Kingdom's form of FHIR, `yyyy-mm-dd`, in UTC. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
