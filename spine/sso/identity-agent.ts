/**
 * The identity agent of a workstation, simulated: a card is put in, its PIN and a role are asked for, and a ticket is held as
 * long as the card stays. Owns who may sign in so, and in which role; the sessions are ticket-sessions.ts's. People, cards and
 * PINs are invented.
 */
import { Problem } from '../../core/problem.ts';
import type { SmartcardSession, SmartcardSessions } from './ticket-sessions.ts';
import { makeTicket } from './ticket.ts';

/** A role profile of a card's holder (national RBAC). */
export interface CardRole {
  readonly id: string;
  /** `S….:G….:R….`, and its words: `"Clinical":"Clinical Provision":"Nurse Access Role"`. */
  readonly code: string;
  readonly jobRole: string;
  readonly odsCode: string;
  readonly organisation: string;
  readonly activities: readonly string[];
  readonly workgroups: readonly string[];
}

export interface CardHolder {
  /** National user id, 12 digits. */
  readonly userId: string;
  readonly family: string;
  readonly given: string;
  /** Whether this person signs in with a smartcard, and whether the card is locked. */
  readonly smartcard: boolean;
  readonly locked: boolean;
  readonly roles: readonly CardRole[];
}

export type FindHolder = (userId: string) => CardHolder | undefined;

/** What a workstation's user does when asked. */
export interface SignInAsk {
  readonly place: string;
  readonly workstation: string;
  readonly userId: string;
  readonly pin: string;
  /** The role profile; absent: the only one. */
  readonly role?: string;
}

export interface HeldTicket extends Pick<SmartcardSession, 'userId' | 'role'> {
  readonly ticket: string;
}

export interface IdentityAgent {
  /** Reads the card anew. @throws Problem `forbidden` with SMARTCARD or PIN; `conflict` with ROLE */
  signIn(ask: SignInAsk): Promise<HeldTicket>;
  /** What the workstation holds already, without asking anybody. */
  held(place: string, workstation: string): Promise<HeldTicket | undefined>;
  /** The card is taken out: the session is over. */
  leave(place: string, workstation: string): Promise<void>;
}

/** The PIN of a simulated card: the last four digits of its user id. */
function pinOf(userId: string): string {
  return userId.slice(-4);
}

/** @param key what tickets are made with */
export function identityAgent(
  sessions: SmartcardSessions,
  holder: FindHolder,
  key: Buffer,
): IdentityAgent {
  return {
    async signIn({ place, workstation, userId, pin, role }) {
      const found = readCard(holder(userId), pin);
      const chosen = choose(found, role);
      const id = await sessions.begin({ place, workstation, userId, role: chosen.id });
      return { ticket: makeTicket(id, key), userId, role: chosen.id };
    },
    async held(place, workstation) {
      const id = await sessions.at(place, workstation);
      const session = id === undefined ? undefined : await sessions.use(id, place);
      if (id === undefined || !session) return undefined;
      return { ticket: makeTicket(id, key), userId: session.userId, role: session.role };
    },
    async leave(place, workstation) {
      const id = await sessions.at(place, workstation);
      if (id !== undefined) await sessions.end(id);
    },
  };
}

function readCard(holder: CardHolder | undefined, pin: string): CardHolder {
  if (!holder?.smartcard) throw refused('SMARTCARD', 'Expected somebody with a smartcard');
  if (holder.locked) throw refused('SMARTCARD', 'The card is locked');
  // The PIN of a simulated card is public: nothing is to be learnt from how long this takes.
  if (pin !== pinOf(holder.userId)) throw refused('PIN', 'The PIN is not that of the card');
  return holder;
}

function choose({ roles }: CardHolder, wish: string | undefined): CardRole {
  if (roles.length === 0) throw refused('ROLE', 'The holder of the card has no role');
  if (wish === undefined && roles.length > 1)
    throw new Problem(
      'conflict',
      `Choose one of the role profiles ${roles.map(({ id }) => id).join(', ')}`,
      { code: 'ROLE' },
    );
  const found = wish === undefined ? roles[0] : roles.find(({ id }) => id === wish);
  if (!found) throw refused('ROLE', 'Expected a role profile of the holder of the card');
  return found;
}

function refused(code: string, message: string): Problem {
  return new Problem('forbidden', message, { code });
}
