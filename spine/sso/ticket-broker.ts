/**
 * The security broker, simulated: what it says of a ticket. Owns which ticket is good and what the assertion for it says;
 * how it is asked is ticket-broker-api.ts's.
 */
import { Problem } from '../../core/problem.ts';
import type { CardHolder, FindHolder } from './identity-agent.ts';
import type { AssertedRole } from './role-assertion.ts';
import { audienceOf } from './role-assertion.ts';
import { roleAssertionResponse } from './role-assertion-write.ts';
import { signAssertion } from './saml-signature.ts';
import { endOf, type SmartcardSession, type SmartcardSessions } from './ticket-sessions.ts';
import { sessionIn } from './ticket.ts';

export interface BrokerOptions {
  readonly sessions: SmartcardSessions;
  readonly holder: FindHolder;
  /** What tickets are made with. */
  readonly ticketKey: Buffer;
  /** PEM of the RSA key that signs assertions. */
  readonly signingKey: () => Promise<string>;
  readonly issuer: (environment: string) => string;
  readonly clock: { now(): number; newId(): string };
}

/** Who asks, and from where. */
export interface BrokerAsk {
  readonly ticket: string;
  readonly environment: string;
  /** The system for which the assertion is to be; absent: for anybody. */
  readonly asid?: string;
  readonly address: string;
}

/** A session, as it is told to those who hold its ticket. */
export interface ToldSession {
  readonly id: string;
  readonly session: SmartcardSession;
  /** When it is over if nobody uses it; milliseconds. */
  readonly until: number;
}

export interface TicketBroker {
  /** The signed assertion, as XML. It counts as a use. @throws Problem `forbidden` with TICKET */
  assertion(ask: BrokerAsk): Promise<string>;
  /** @param used whether that keeps the session alive */
  session(ticket: string, environment: string, used: boolean): Promise<ToldSession>;
  end(ticket: string, environment: string): Promise<void>;
}

export function ticketBroker(options: BrokerOptions): TicketBroker {
  const { sessions, ticketKey, clock } = options;
  const session: TicketBroker['session'] = async (ticket, environment, used) => {
    const id = sessionIn(ticket, ticketKey) ?? '';
    const found = id === '' ? undefined : await sessions[used ? 'use' : 'find'](id, environment);
    if (!found) throw badTicket();
    return { id, session: found, until: endOf(found, used ? clock.now() : found.used) };
  };
  return {
    session,
    async assertion(ask) {
      const { session: found } = await session(ask.ticket, ask.environment, true);
      return assertionFor(options, found, ask);
    },
    async end(ticket, environment) {
      const { id } = await session(ticket, environment, false);
      await sessions.end(id);
    },
  };
}

async function assertionFor(
  { holder, signingKey, issuer, clock }: BrokerOptions,
  session: SmartcardSession,
  { ticket, environment, asid, address }: BrokerAsk,
): Promise<string> {
  const person = holder(session.userId);
  if (!person) throw badTicket();
  const response = roleAssertionResponse({
    ...{ id: newName(clock.newId()), innerId: newName(clock.newId()), address, ticket },
    ...{ issuer: issuer(environment), now: clock.now(), authenticated: session.started },
    ...(asid === undefined ? {} : { audience: audienceOf(asid) }),
    ...{ userId: session.userId, name: `${person.family} ${person.given}` },
    // Simulated people are there for training.
    ...{ mode: '1', roles: rolesOf(person), selected: session.role },
  });
  return signAssertion(response, await signingKey());
}

/** An NCName: it begins with a letter. */
function newName(id: string): string {
  return `a${id.replaceAll('-', '')}`;
}

function rolesOf({ roles }: CardHolder): AssertedRole[] {
  return roles.map(({ id, odsCode, organisation, jobRole, code, activities, workgroups }) => ({
    ...{ id, odsCode, organisation, jobRole, jobRoleCode: code, activities, workgroups },
    areas: [],
  }));
}

function badTicket(): Problem {
  return new Problem(
    'forbidden',
    'The ticket is none of this environment, or its session is over',
    {
      code: 'TICKET',
    },
  );
}
