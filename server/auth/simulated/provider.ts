/**
 * A simulated OpenID provider, CIS2 or NHS login, as one handler: its table of routes and its error edges.
 * It authenticates nobody. Where it may run, and whose tokens count, is for those who mount it.
 */
import {
  assemble,
  problemsAs,
  type Exchange,
  type Handler,
  type Policy,
  type Reply,
} from '../../../core/exchange.ts';
import type { Problem } from '../../../core/problem.ts';
import { routes } from '../../../core/routes.ts';
import { FormFault } from '../form.ts';
import { noStore, oauthError, toRow } from '../oauth-error.ts';
import { describeProvider, publishKeys } from './discovery.ts';
import { paths, type SimulatedOptions } from './options.ts';
import { problemPage } from './pages.ts';
import { logOut, rotateKeys, sessionsPage } from './sessions.ts';
import { authorize, showAgain, takeAnswer } from './sign-in.ts';
import { openState } from './state.ts';
import { token } from './token.ts';
import { setNote, userinfo } from './userinfo.ts';

/** The handler of one provider; the path of an exchange is relative to the issuer. */
export function simulatedProvider(options: SimulatedOptions): Handler {
  const provider = { ...options, state: openState(options.store) };
  const asPage = (handler: Handler) => assemble([problemsAs(renderPage), formFaults], handler);
  const asJson = (handler: Handler) => assemble([problemsAs(renderJson), formFaults], handler);
  const alwaysBad = options.kind === 'nhs-login' ? [only400] : [];
  return asPage(
    routes({
      [`GET ${paths.discovery}`]: asJson(describeProvider(provider)),
      [`GET ${paths.keys}`]: asJson(publishKeys(provider)),
      [`GET ${paths.authorize}`]: authorize(provider, 'query'),
      [`POST ${paths.authorize}`]: authorize(provider, 'form'),
      [`GET ${paths.answer}`]: showAgain(provider),
      [`POST ${paths.answer}`]: takeAnswer(provider),
      [`POST ${paths.token}`]: assemble(alwaysBad, asJson(token(provider))),
      [`GET ${paths.userinfo}`]: asJson(userinfo(provider)),
      [`POST ${paths.userinfo}`]: asJson(userinfo(provider)),
      ...(options.kind === 'nhs-login'
        ? { [`PATCH ${paths.userinfo}`]: asJson(setNote(provider)) }
        : {}),
      [`GET ${paths.sessions}`]: sessionsPage(provider),
      [`POST ${paths.logout}`]: logOut(provider),
      [`POST ${paths.rotate}`]: rotateKeys(provider),
    }),
  );
}

/** A form that cannot be read, said as an error of its own. */
const formFaults: Policy = (next) => async (exchange) => {
  try {
    return await next(exchange);
  } catch (error) {
    if (error instanceof FormFault) throw oauthError(400, 'invalid_request', error.message);
    throw error;
  }
};

const challenge = 'www-authenticate';

/**
 * NHS login refuses at its token endpoint with 400 whatever is wrong, and without a challenge: it knows no other way to
 * sign in, and stock clients that see one tell nothing of the error.
 */
const only400: Policy = (next) => async (exchange) => {
  const reply = await next(exchange);
  if (reply.status <= 400 || reply.status >= 500) return reply;
  const headers = Object.entries(reply.headers ?? {}).filter(([name]) => name !== challenge);
  return { ...reply, headers: Object.fromEntries(headers), status: 400 };
};

function renderPage(problem: Problem, _exchange: Exchange): Reply {
  const page = problemPage(problem.status, problem.message);
  return { ...page, headers: { ...page.headers, ...problem.headers } };
}

function renderJson(problem: Problem, _exchange: Exchange): Reply {
  const { status, error, description } = toRow(problem);
  return {
    status,
    headers: { ...noStore, 'content-type': 'application/json', ...problem.headers },
    body: JSON.stringify({ error, error_description: description }),
  };
}
