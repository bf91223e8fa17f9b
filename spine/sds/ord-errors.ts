/** Refusals of the ORD interface: a number and a sentence, and 406 for everything that is wrong with a query. */
import { problemsAs } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';

/** The query is not as it must be. The service answers that as not acceptable, whatever the fault is. */
export const badQuery = (message: string) => new Problem('not-acceptable', message);

export const unknownOrganisation = () => new Problem('not-found', 'No organisation has this code');

/** Answers problems as this interface does. */
export const ordFaults = problemsAs((problem) => ({
  status: problem.status,
  headers: {
    'cache-control': 'no-store',
    ...problem.headers,
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
  },
  body: JSON.stringify({ errorCode: problem.status, errorText: problem.message }),
}));
