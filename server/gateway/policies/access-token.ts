/**
 * The policy that judges access tokens: from the Authorization header alone, live, of this environment and face, and of an
 * app that may still call. Owns the published order and texts of refusal; what a live token makes of its caller is the
 * API's own table, handed in.
 */
import { bearerOf } from '../../../core/bearer.ts';
import type { Caller, Exchange, Policy } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { JudgedToken } from '../judged-token.ts';
import { entitlementOf } from '../policy.ts';
import { twoApps } from './coverage.ts';
import { noCredential } from './credential.ts';

export interface AccessTokenOptions<F> {
  /** Names the protection space in WWW-Authenticate. */
  readonly realm: string;
  /** One look-up, mostly in memory. */
  readonly judge: (token: string, environment: string) => Promise<JudgedToken<F>>;
  /** The API's table. Throws to refuse; `unauthenticated` when the token is for other APIs. */
  readonly toCaller: (facts: F) => Caller;
  /** Whom the audit names when the table refuses a token that lives. */
  readonly refusedCaller: (facts: F) => Caller;
}

/** Each call needs a token. */
export function accessToken<F>(options: AccessTokenOptions<F>): Policy {
  return (next) => async (exchange) => {
    const bearer = bearerOf(exchange);
    if ('fault' in bearer) {
      const refusal = tokenRefused(options.realm, bearer.fault, !bearer.none);
      throw bearer.none ? noCredential(refusal) : refusal;
    }
    const judged = await options.judge(bearer.token, exchange.environment);
    return next(exchange.with({ caller: toCaller(options, judged, exchange) }));
  };
}

/** A token that is sent is judged and selects the caller; without one, or with what is none of ours, `otherwise` does. */
export function optionalToken<F>(options: AccessTokenOptions<F>, otherwise: Policy): Policy {
  return (next) => {
    const open = otherwise(next);
    return async (exchange) => {
      if (exchange.headers.authorization === undefined) return open(exchange);
      const bearer = bearerOf(exchange);
      if ('fault' in bearer) return open(exchange);
      const judged = await options.judge(bearer.token, exchange.environment);
      if (judged.state === 'unknown') return open(exchange);
      return next(exchange.with({ caller: toCaller(options, judged, exchange) }));
    };
  };
}

function toCaller<F>(
  options: AccessTokenOptions<F>,
  judged: JudgedToken<F>,
  exchange: Exchange,
): Caller {
  if (judged.state === 'expired') throw tokenRefused(options.realm, 'Access Token expired', true);
  if (judged.state !== 'live') throw tokenRefused(options.realm, 'Invalid Access Token', true);
  if (judged.certificate !== undefined && !isShown(judged.certificate, exchange)) {
    exchange.facts.caller = options.refusedCaller(judged.facts);
    throw tokenRefused(
      options.realm,
      'Invalid Access Token: it is bound to another client certificate than that of the connection',
      true,
    );
  }
  try {
    const caller = options.toCaller(judged.facts);
    const keyed = entitlementOf(exchange);
    if (keyed && keyed.appId !== caller.appId) throw twoApps();
    exchange.facts.caller = caller;
    return caller;
  } catch (error) {
    exchange.facts.caller = options.refusedCaller(judged.facts);
    throw error instanceof Problem && error.kind === 'unauthenticated'
      ? tokenRefused(options.realm, error.message, true)
      : error;
  }
}

/** Whether the connection has the certificate that a token is bound to (RFC 8705 3). */
function isShown(bound: string, { peer: { certificate } }: Exchange): boolean {
  return certificate?.thumbprint === bound && certificate.fault === undefined;
}

/** The 401 of a protection space (RFC 6750 3): with an error code only when a token was sent. */
export function tokenRefused(realm: string, message: string, sent: boolean): Problem {
  return new Problem('unauthenticated', message, {
    headers: {
      'www-authenticate': `Bearer realm="${realm}"${sent ? ', error="invalid_token"' : ''}`,
    },
  });
}
