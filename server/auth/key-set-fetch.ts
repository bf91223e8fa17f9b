/**
 * One fetch of a client's key set (RFC 7517) and what it found, told so that the client's owner understands it. Owns
 * reading the answer and its Cache-Control; when to fetch is in key-sets.ts, the limits of the call are its port's.
 */
import { JsonFault, parseJson } from '../../core/json.ts';
import type { Clock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { PublicJwk } from '../catalogue/apps.ts';
import { burntBy } from '../catalogue/burnt-keys.ts';

/**
 * The port to the network: the JSON document at a user's address, with status 200, asked for on behalf of a client.
 * Rejects with an error whose message is a sentence that the owner may read.
 */
export type FetchJson = (
  url: string,
  who: string,
) => Promise<{ readonly status: number; readonly cacheControl: string; readonly body: Buffer }>;

/** The rules of registration: `checkKeySet` of the catalogue, with face and burnt keys filled in. */
export type CheckKeySet = (value: unknown) => readonly PublicJwk[];

/** A fetch as told to the owner. */
export interface KeyFetch {
  readonly url: string;
  /** When it ended, in milliseconds since the epoch. */
  readonly at: number;
  /** The HTTP status; absent when there was no answer that was accepted. */
  readonly status?: number;
  /** Why there are no keys, one sentence; absent when all is well. */
  readonly fault?: string;
  readonly bytes: number;
  /** The key ids found; empty when there was a fault. */
  readonly kids: readonly string[];
}

export interface FetchedKeys {
  readonly report: KeyFetch;
  /** The checked keys; absent when there was a fault. */
  readonly keys?: readonly PublicJwk[];
  /** How long they may be used without asking again, in milliseconds. */
  readonly freshFor: number;
  /** The key ids in a set that was read and refused; absent when there was none. */
  readonly named?: ReadonlySet<string>;
  /** Thumbprints of keys that the set gave away. */
  readonly leaked: readonly string[];
}

/** Fetches once. Whatever the host does is a result, not an error. */
export async function fetchKeySet(
  options: { readonly fetch: FetchJson; readonly check: CheckKeySet; readonly clock: Clock },
  url: string,
  clientId: string,
): Promise<FetchedKeys> {
  const { fetch, check, clock } = options;
  let answer: Awaited<ReturnType<FetchJson>>;
  try {
    answer = await fetch(url, clientId);
  } catch (error) {
    const fault = error instanceof Error ? error.message : 'The host could not be reached';
    return { report: { url, at: clock.now(), fault, bytes: 0, kids: [] }, freshFor: 0, leaked: [] };
  }
  const { status, body, cacheControl } = answer;
  const { keys, fault, ...found } = readKeySet(body, check);
  const report = { url, at: clock.now(), status, bytes: body.length };
  return keys
    ? {
        report: { ...report, kids: keys.map(({ kid }) => kid) },
        keys,
        freshFor: freshFor(cacheControl),
        leaked: [],
      }
    : { report: { ...report, fault, kids: [] }, freshFor: 0, ...found };
}

type Read =
  | { keys: readonly PublicJwk[]; fault?: never; named?: never; leaked: readonly string[] }
  | { keys?: never; fault: string; named?: ReadonlySet<string>; leaked: readonly string[] };

const limits = { depth: 16, members: 10_000 };

function readKeySet(body: Buffer, check: CheckKeySet): Read {
  let value: unknown;
  try {
    value = parseJson(body, limits);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return { fault: `The answer is refused as JSON: ${error.kind}`, leaked: [] };
  }
  try {
    return { keys: check(value), leaked: [] };
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== 'invalid') throw error;
    const named = kidsIn(value);
    return { fault: error.message, leaked: burntBy(error), ...(named ? { named } : {}) };
  }
}

/** The key ids of what at least has the form of a key set. */
function kidsIn(value: unknown): ReadonlySet<string> | undefined {
  if (typeof value !== 'object' || value === null || !('keys' in value)) return undefined;
  if (!Array.isArray(value.keys)) return undefined;
  const kids = value.keys.map((key: unknown) =>
    typeof key === 'object' && key !== null && 'kid' in key ? key.kid : undefined,
  );
  return new Set(kids.filter((kid) => typeof kid === 'string'));
}

const shortest = 60;
const longest = 3600;

/** From Cache-Control (RFC 9111 5.2.2), in milliseconds: between a minute, whatever it says, and an hour. */
export function freshFor(cacheControl: string): number {
  const directives = cacheControl
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim());
  if (directives.includes('no-store') || directives.includes('no-cache')) return shortest * 1000;
  const age = directives.find((directive) => directive.startsWith('max-age='))?.slice(8);
  if (age === undefined) return longest * 1000;
  const seconds = /^"?\d{1,10}"?$/.test(age) ? Number(age.replaceAll('"', '')) : 0;
  return Math.min(Math.max(seconds, shortest), longest) * 1000;
}
