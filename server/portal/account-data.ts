/** All that the hub keeps about a person, for that person (UK GDPR articles 15 and 20). Owns what is in it; nothing secret is. */
import { openTickets } from './help-tickets.ts';
import type { Hub } from './hub-parts.ts';
import type { Me } from './page.ts';
import { roleIn } from './teams.ts';

/** What is in it, in words. */
export const dataInWords =
  'your account, your teams and roles, your sessions, your requests for help, and the subscriptions that you asked for or decided';

export async function ownData(hub: Hub, { account, person }: Me): Promise<object> {
  const { id } = account;
  const { email, created, signedIn, passwordChanged, secondFactor } = account.value;
  const [teams, sessions, tickets] = await Promise.all([
    hub.teams.of(id),
    hub.sessions.of(id),
    openTickets(hub).of(id),
  ]);
  const subscriptions = [...hub.catalogue.subscriptions()].filter(
    ({ requestedBy, decidedBy }) => requestedBy === id || decidedBy === id,
  );
  return {
    made: dateOf(hub.clock.now()),
    account: {
      ...{ id, name: person.name, email, role: person.role, organisation: person.organisation },
      ...{ created: dateOf(created), lastSignIn: dateOf(signedIn) },
      passwordChanged: dateOf(passwordChanged),
      secondFactor: secondFactor
        ? { since: dateOf(secondFactor.since), recoveryCodesLeft: secondFactor.recovery.length }
        : null,
    },
    teams: teams.map(({ value: team }) => ({
      ...{ code: team.id, name: team.name, role: roleIn(team, id) },
      since: dateOf(team.members.find((one) => one.account === id)?.since ?? team.created),
    })),
    sessions: sessions.map(({ value }) => ({
      ...{ browser: value.browser, address: value.address },
      ...{ signedIn: dateOf(value.created), lastUsed: dateOf(value.seen) },
    })),
    requestsForHelp: tickets.map((ticket) => ({
      ...{ number: ticket.id, kind: ticket.kind, subject: ticket.subject, state: ticket.state },
      ...{ email: ticket.email, reference: ticket.reference, created: dateOf(ticket.created) },
      notes: ticket.notes.map(({ at, by, text }) => ({ at: dateOf(at), by, text })),
    })),
    subscriptions: subscriptions.map((one) => ({
      ...{ id: one.id, state: one.state, environment: one.environment },
      ...(one.requestedBy === id
        ? { requested: dateOf(one.requested), purpose: one.purpose, volume: one.volume }
        : {}),
      ...(one.decidedBy === id && one.decided !== undefined
        ? { decided: dateOf(one.decided), reason: one.reason }
        : {}),
    })),
  };
}

function dateOf(at: number): string {
  return new Date(at).toISOString();
}
