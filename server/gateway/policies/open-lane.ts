/**
 * The open lane of a sandbox: no token is needed, and a header says as whom to call. The access modes are as real
 * as with a token: the Caller made here is what the rules look at. A bearer token that is sent must look like one.
 */
import type { AccessMode, Caller, Policy } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { isNhsNumber } from '../../../fhir/identifiers.ts';
import { tokenRefused } from './access-token.ts';

const header = 'x-gatehouse-act-as';

/** The id of the app that callers nobody knows are taken for. */
export const openSandboxApp = 'open-sandbox';

/** A caller that asks for no mode is a worker for whom Coverage is open too, as it is to all in the published sandbox. */
const unnamed = callerIn('worker', ['coverage']);
const named: Readonly<Record<string, Caller>> = Object.freeze({
  worker: callerIn('worker', []),
  app: callerIn('app', []),
  privileged: callerIn('privileged', []),
});

export const openLane: Policy = (next) => (exchange) => {
  checkBearer(exchange.headers.authorization);
  const acting = withRole(
    toCaller(exchange.headers[header]),
    exchange.headers['nhsd-session-urid'],
  );
  // Whose key it was stays known; as whom it acts the call says.
  const { appId, appName } = exchange.caller ?? acting;
  const caller = exchange.caller ? { ...acting, appId, appName } : acting;
  exchange.facts.caller = caller;
  return next(exchange.with({ caller }));
};

function toCaller(actAs: string | undefined): Caller {
  if (actAs === undefined) return unnamed;
  const known = Object.hasOwn(named, actAs) ? named[actAs] : undefined;
  if (known) return known;
  const nhsNumber = /^patient:([0-9]{10})$/.exec(actAs)?.[1];
  if (nhsNumber !== undefined && isNhsNumber(nhsNumber))
    return { ...callerIn('patient', ['coverage']), nhsNumber, userId: nhsNumber };
  throw new Problem(
    'invalid',
    'X-Gatehouse-Act-As must be worker, app, privileged or patient:<a valid NHS number>',
  );
}

/** The role a healthcare worker claims to act in: nobody vouches for it here, but the audit tells it. */
function withRole(caller: Caller, role: string | undefined): Caller {
  if (role === undefined || caller.mode !== 'worker' || !/^[0-9]{1,20}$/.test(role)) return caller;
  return { ...caller, role };
}

function callerIn(mode: AccessMode, grants: readonly string[]): Caller {
  return {
    appId: openSandboxApp,
    appName: 'Open sandbox',
    mode,
    scopes: [],
    asid: '200000000205',
    grants: new Set(grants),
  };
}

/** The texts of pds-fhir 2.2, row 401. An absent token is fine here; a malformed one tells of a broken client. */
function checkBearer(authorization: string | undefined): void {
  if (authorization === undefined || authorization.trim() === '') return;
  const [type = '', token = '', ...rest] = authorization.trim().split(/\s+/, 3);
  if (type.toLowerCase() !== 'bearer')
    throw refuse(`Invalid token type '${type.slice(0, 20)}', must be 'Bearer'`);
  if (token === '') throw refuse('Missing access token');
  if (rest.length > 0) throw refuse('Invalid Authorization header');
  if (!/^[\w.~+/=-]+$/.test(token) || !/[A-Za-z]/.test(token) || !/[0-9]/.test(token))
    throw refuse('Invalid Access Token');
}

function refuse(diagnostics: string): Problem {
  return tokenRefused('personal-demographics', diagnostics, true);
}
