/**
 * The identity agent over HTTP, as a workstation's application asks it: for a ticket with a prompt (`POST`), without one
 * (`GET`), and to end the session (`DELETE`). Owns the paths and bodies; the agent is identity-agent.ts's.
 */
import type { Exchange, Handler } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes } from '../../core/routes.ts';
import type { CardHolder, IdentityAgent } from './identity-agent.ts';
import { jsonReply, membersOf, neededIn, textIn } from './ticket-bodies.ts';

/** @param holders whose cards may be put in */
export function identityAgentApi(agent: IdentityAgent, holders: readonly CardHolder[]): Handler {
  const cards = jsonReply({ cards: holders.filter(({ smartcard }) => smartcard).map(shownCard) });
  return routes({
    'GET /cards': () => Promise.resolve(cards),
    'GET /ticket': async (exchange) => {
      const held = await agent.held(exchange.environment, workstationOf(exchange));
      if (held) return jsonReply(held);
      throw new Problem('not-found', 'Nobody is signed in at this workstation', { code: 'TICKET' });
    },
    'POST /ticket': async (exchange) => {
      const members = await membersOf(exchange, ['workstation', 'userId', 'pin', 'role']);
      const role = textIn(members, 'role', /^\d{1,20}$/);
      const held = await agent.signIn({
        place: exchange.environment,
        workstation: neededIn(members, 'workstation', name),
        userId: neededIn(members, 'userId', /^\d{12}$/),
        pin: neededIn(members, 'pin', /^\d{4,8}$/),
        ...(role === undefined ? {} : { role }),
      });
      return jsonReply(held, 201);
    },
    'DELETE /ticket': async (exchange) => {
      await agent.leave(exchange.environment, workstationOf(exchange));
      return { status: 204 };
    },
  });
}

const name = /^[A-Za-z0-9._-]{1,64}$/;

function workstationOf({ query }: Exchange): string {
  const [workstation, ...others] = query.getAll('workstation');
  if (workstation !== undefined && others.length === 0 && name.test(workstation))
    return workstation;
  throw new Problem('invalid', 'Expected one workstation, of letters, digits, dots and dashes', {
    code: 'INVALID_VALUE',
  });
}

function shownCard({ userId, family, given, locked, roles }: CardHolder) {
  const shown = roles.map(({ id, code, odsCode, jobRole }) => ({ id, code, odsCode, jobRole }));
  return { userId, name: `${family} ${given}`, locked, roles: shown };
}
