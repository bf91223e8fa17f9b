/**
 * What the simulated providers remember: sign-ins under way, codes, sessions, tokens, used assertions. Each under the
 * SHA-256 of its secret, each with the time of its end, so that a copy of the store opens nothing and a sweep can tidy up.
 * Owns the shapes and collections; keeping.ts has what is done with them.
 */
import type { Collection, CollectionOf, Store } from '../../../core/store.ts';
import { endKey } from '../sweeping.ts';
import type { Assurance } from './assurance.ts';
import type { Role } from './identities.ts';
import type { SimulatedOptions } from './options.ts';
import type { Choice, Fault } from './rehearsal.ts';
import type { Vector } from './vectors.ts';

/** What everything remembered has. */
export interface Ending {
  /** Milliseconds since the epoch. */
  readonly ends: number;
  /** The provider it belongs to; nothing of one counts at another. */
  readonly issuer: string;
}

/** What an application asked for at the authorization endpoint. */
export interface Asked {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state?: string | undefined;
  readonly nonce?: string | undefined;
  readonly scopes: readonly string[];
  readonly acrs: readonly string[];
  readonly vtr: readonly Vector[];
  /** The S256 challenge (RFC 7636). */
  readonly challenge?: string | undefined;
}

/** A sign-in page that waits for its answer. */
export interface SignIn extends Ending {
  readonly asked: Asked;
  /** What was answered on the pages before this one. */
  readonly choice?: Choice | undefined;
}

/** What a sign-in came to: everything the claims are made of. */
export interface Granted {
  readonly username: string;
  readonly fault?: Fault | undefined;
  /** A worker's. */
  readonly worker?: WorkerGrant | undefined;
  /** A patient's. */
  readonly patient?: PatientGrant | undefined;
}

export interface WorkerGrant {
  readonly assurance: Assurance;
  readonly roles: readonly Role[];
  readonly selectedRole?: string | undefined;
}

export interface PatientGrant {
  /** What the person has. */
  readonly held: Vector;
  /** What this sign-in shows. */
  readonly vot: Vector;
  /** Whom the tokens are about, when that is not who signed in. */
  readonly actsFor?: string | undefined;
}

/** A sign-in that succeeded, for one application. */
export interface Session extends Ending {
  readonly sid: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly nonce?: string | undefined;
  readonly granted: Granted;
  /** When the session began and when the person proved who it is; milliseconds since the epoch. */
  readonly began: number;
  readonly authenticated: number;
  readonly ended?: boolean | undefined;
}

export interface Code extends Ending {
  /** The key of its session. */
  readonly session: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state?: string | undefined;
  readonly challenge?: string | undefined;
  readonly spent: boolean;
}

export interface Token extends Ending {
  readonly kind: 'access' | 'refresh';
  readonly session: string;
  readonly scopes: readonly string[];
  readonly spent: boolean;
}

/** The browser's own session, which answers `prompt=none`. */
export interface Browser extends Ending {
  readonly session: string;
}

/** What an application noted about somebody (`client_user_metadata`). */
export interface Note extends Ending {
  readonly text: string;
}

export interface State {
  readonly signIns: Collection<SignIn>;
  readonly codes: Collection<Code>;
  readonly sessions: Collection<Session>;
  readonly tokens: Collection<Token>;
  readonly browsers: Collection<Browser>;
  readonly assertions: Collection<Ending>;
  readonly notes: Collection<Note>;
}

/** A provider at work: what it is made of, and what it remembers. */
export interface Provider extends SimulatedOptions {
  readonly state: State;
}

export function openState(store: Store): State {
  return {
    signIns: store.open(definitions.signIns),
    codes: store.open(definitions.codes),
    sessions: store.open(definitions.sessions),
    tokens: store.open(definitions.tokens),
    browsers: store.open(definitions.browsers),
    assertions: store.open(definitions.assertions),
    notes: store.open(definitions.notes),
  };
}

const define = <T extends Ending>(
  name: string,
  more: (value: T) => Readonly<Record<string, readonly (readonly string[])[]>> = () => ({}),
): CollectionOf<T> => ({
  name: `simulated.${name}`,
  keys: (value) => ({ end: endKey(value.ends), ...more(value) }),
});

const definitions = {
  signIns: define<SignIn>('signins'),
  codes: define<Code>('codes'),
  // The newest first: an index is read upwards only.
  sessions: define<Session>('sessions', ({ issuer, began, ended }) => ({
    newest: ended ? [] : [[issuer, padded(1e15 - began)]],
  })),
  tokens: define<Token>('tokens'),
  browsers: define<Browser>('browsers'),
  assertions: define<Ending>('assertions'),
  notes: define<Note>('notes'),
};

/** All of them, for the sweeper, which looks at nothing but their ends. */
export const simulatedCollections: readonly CollectionOf<never>[] = Object.values(
  definitions,
) as unknown as CollectionOf<never>[]; // each holds documents with an end

/** A time as it sorts in an index. */
function padded(time: number): string {
  return String(Math.trunc(time)).padStart(16, '0');
}
