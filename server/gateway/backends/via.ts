/**
 * The field Via of a call that goes on (RFC 9110 7.6.3): how often it has come through a gateway of this kind, and that a
 * Proxy which ends in itself, or in another that ends in it, is found out after a few rounds and not by running dry.
 */
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';

const own = '1.1 gatehouse';

/** An API may stand in front of another of this gateway, and that of a third. */
const mostRounds = 4;

/** The value to send. @throws Problem of status 508 (RFC 5842 7.2) for a call that has come through too often. */
export function viaOf({ headers }: Pick<Exchange, 'headers'>): string {
  const { via } = headers;
  if (via === undefined) return own;
  const rounds = via.split(own).length - 1;
  if (rounds < mostRounds) return `${`${own}, `.repeat(rounds)}${own}`;
  // No fault of the back end's: anybody may write this field, and only that call is refused.
  throw new Problem('invalid', 'The call has come through this gateway too often: it goes round', {
    code: 'LOOP',
    row: { status: 508 },
  });
}
