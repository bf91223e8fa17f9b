/**
 * The security broker over HTTP: `GET /RoleAssertion?token=…`, and beside it what validates a session, keeps it alive and
 * ends it. Owns paths and answers; who asks was judged in front.
 */
import type { Exchange, Handler } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes } from '../../core/routes.ts';
import type { TicketBroker, ToldSession } from './ticket-broker.ts';
import { jsonReply } from './ticket-bodies.ts';

export function ticketBrokerApi(broker: TicketBroker): Handler {
  const told = async (exchange: Exchange, used: boolean) =>
    jsonReply(shown(await broker.session(ticketOf(exchange), exchange.environment, used)));
  return routes({
    'GET /RoleAssertion': async (exchange) => {
      const { environment, caller, peer } = exchange;
      const body = await broker.assertion({
        ...{ ticket: ticketOf(exchange), environment, address: peer.address },
        ...(caller?.asid === undefined ? {} : { asid: caller.asid }),
      });
      const headers = { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'no-store' };
      return { status: 200, headers: { ...headers, ssbassertionversion: '1.1' }, body };
    },
    'GET /Session': (exchange) => told(exchange, false),
    'POST /Session': (exchange) => told(exchange, true),
    'DELETE /Session': async (exchange) => {
      await broker.end(ticketOf(exchange), exchange.environment);
      return { status: 204 };
    },
  });
}

/** Many a client leaves the plus signs of a ticket as they are, which a query takes for blanks. */
function ticketOf({ query }: Exchange): string {
  const [ticket, ...others] = query.getAll('token');
  if (ticket !== undefined && others.length === 0 && ticket.length <= 300)
    return ticket.replaceAll(' ', '+');
  throw new Problem('invalid', 'Expected one ticket in token', { code: 'MISSING_VALUE' });
}

function shown({ session: { userId, role, started }, until }: ToldSession) {
  const at = (time: number) => new Date(time).toISOString();
  return { active: true, userId, role, started: at(started), until: at(until) };
}
