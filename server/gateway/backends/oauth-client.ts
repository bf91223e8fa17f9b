/**
 * Access tokens for a back end that wants them: client credentials with a signed assertion (RFC 6749 4.4, RFC 7523 2.2).
 * Owns asking, keeping until shortly before the end, and asking once however many calls wait. Where the secret and the
 * connection come from, it is told.
 */
import type { Clock } from '../../../core/clock.ts';
import { Problem } from '../../../core/problem.ts';
import type { BackendSecurity } from '../../catalogue/proxies.ts';
import type { Asked } from './pools.ts';
import { signedJwt, signingKey } from './signed-jwt.ts';

export interface TokenSource {
  /** A token that is good now; at once when one is kept. @throws Problem `unavailable`, which names no secret. */
  token(): string | Promise<string>;
  /**
   * The back end refused a token: it is not used again, unless the one before was refused within a second, for then it is
   * not the token that is wrong. Gives whether another is to be had.
   */
  refused(token: string): boolean;
}

export interface TokenTerms {
  readonly security: Extract<BackendSecurity, { readonly kind: 'oauth' }>;
  readonly clock: Clock;
  /** The private key as it is now; undefined when it is missing. */
  readonly secret: () => string | undefined;
  /** POSTs a form to the token address. */
  readonly post: (form: string) => Promise<Asked>;
  /** Hears why no token was had. */
  readonly failed: (why: string) => void;
}

/** Seconds an assertion lives: most servers refuse more than five minutes. */
const assertionLife = 240;
/** Milliseconds before its end that a token is not used any more, or a fifth of its life if that is less. */
const margin = 30_000;
/** Seconds a token lives when the server does not say. */
const unsaidLife = 60;
/** Milliseconds after a failure or a refusal in which the server is left alone. */
const rest = 1000;

interface Kept {
  readonly token: string;
  readonly until: number;
  readonly secret: string;
}

export function createTokenSource(terms: TokenTerms): TokenSource {
  const { clock } = terms;
  let kept: Kept | undefined;
  let fetching: Promise<string> | undefined;
  let refusal = -Infinity;
  let failure: { readonly since: number; readonly problem: Problem } | undefined;

  const fetchToken = async (secret: string): Promise<string> => {
    const asked = clock.now();
    try {
      const answer = await terms.post(await formOf(terms, secret));
      const { token, life } = readToken(answer);
      const until = asked + life * 1000 - Math.min(margin, life * 200);
      kept = { token, until, secret };
      return token;
    } catch (error) {
      terms.failed(
        error instanceof NoToken ? error.message : 'the token address cannot be reached',
      );
      const problem = new Problem('unavailable', 'The gateway got no token for the back end', {
        headers: { 'retry-after': '1' },
      });
      failure = { since: asked, problem };
      throw problem;
    } finally {
      fetching = undefined;
    }
  };

  return {
    token() {
      const secret = terms.secret();
      if (secret === undefined) throw missingSecret();
      if (kept?.secret === secret && clock.now() < kept.until) return kept.token;
      const age = failure ? clock.now() - failure.since : rest;
      if (failure && age >= 0 && age < rest) throw failure.problem;
      return (fetching ??= fetchToken(secret));
    },
    refused(token) {
      if (kept?.token !== token) return true;
      const age = clock.now() - refusal;
      if (age >= 0 && age < rest) return false;
      refusal = clock.now();
      kept = undefined;
      return true;
    },
  };
}

/** What a call is told when a secret is not there or is of no use: nothing of it. */
export function missingSecret(): Problem {
  return new Problem('unavailable', 'The back end is not set up: a secret is missing or unfit');
}

/** The server answered, and there is no token in it. The message is for the log. */
class NoToken extends Error {}

async function formOf({ security, clock }: TokenTerms, secret: string): Promise<string> {
  const { clientId, tokenUrl, kid, algorithm = 'RS512', scope } = security;
  const key = signingKey(secret, algorithm);
  if (!key) throw new NoToken(`the secret is no private key for ${algorithm}`);
  const assertion = await signedJwt(
    {
      iss: clientId,
      sub: clientId,
      aud: tokenUrl,
      jti: clock.newId(),
      exp: Math.floor(clock.now() / 1000) + assertionLife,
    },
    { key, kid, algorithm },
  );
  return new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    ...(scope === undefined ? {} : { scope }),
  }).toString();
}

/** @throws NoToken; a server's error code (RFC 6749 5.2) is told, its other words are not. */
function readToken({ status, body, cut }: Asked): { token: string; life: number } {
  const answer = cut ? undefined : parsed(body);
  if (status !== 200) {
    const code = typeof answer?.error === 'string' && /^[a-z_]{1,40}$/.test(answer.error);
    throw new NoToken(
      `the token address answered ${status}${code ? ` ${String(answer.error)}` : ''}`,
    );
  }
  const { access_token: token, expires_in: told } = answer ?? {};
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(token))
    throw new NoToken('the token address answered without a token');
  const life = Number(told ?? unsaidLife); // some servers tell it as text
  return { token, life: Number.isFinite(life) && life > 0 ? life : unsaidLife };
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
