/**
 * Accredited systems as the gateway asks for them: which system a certificate speaks for, and who its app is. Owns the
 * words; the chain of checks from certificate to interaction is server/accredited.ts's.
 */
import type { ClientCertificate, Caller, Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';

/** What a call shows and claims. */
export interface SystemClaim {
  /** From the socket, never from a field of the call. */
  readonly certificate: ClientCertificate | undefined;
  /** The accredited system it says it is. */
  readonly asid: string | undefined;
  /** The organisation it says it is, where the interface tells one. */
  readonly odsCode?: string;
  /** Service-interaction id, where the interface has one. */
  readonly interaction?: string;
  readonly environment: string;
}

/** A system that was believed. */
export interface AccreditedCall {
  readonly asid: string;
  readonly partyKey: string;
  readonly odsCode: string;
  /** The name its certificate bears. */
  readonly fqdn: string;
  /** Id of its Deployment. */
  readonly deployment: string;
  /** Its app with its application rights; the same object while they stay the same. */
  readonly facts: AppRights;
}

/** What a table makes a caller of: the facts of a token without a user. */
export interface AppRights {
  readonly appId: string;
  readonly appName: string;
  readonly asid: string;
  readonly scopes: readonly string[];
  /** What the app may for users who sign in. Its systems may say for whom they call as far as this goes. */
  readonly userScopes?: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

/** The first check that failed. */
export interface SystemRefusal {
  /** ACCESS_DENIED_SSL, MISSING_VALUE, INVALID_VALUE, ASID_CHECK_FAILED, NO_ORGANISATION_CONSENT, ACCESS_DENIED */
  readonly code: string;
  readonly status: 400 | 403;
  /** What was expected and what was found. */
  readonly why: string;
}

export type JudgeSystem = (
  claim: SystemClaim,
) => Promise<AccreditedCall | { readonly refusal: SystemRefusal }>;

/**
 * Reads who the user is from the signed token that an organisation gave its system (cross-organisation JWT); undefined where
 * the call bears none. What it gives is in place of the application's own caller. @throws Problem for one that will not do
 */
export type ReadUserContext = (
  exchange: Exchange,
  call: AccreditedCall,
) => Promise<Caller | undefined>;

/** The refusal as it is thrown. */
export function systemRefused({ code, status, why }: SystemRefusal): Problem {
  return new Problem(status === 400 ? 'invalid' : 'forbidden', why, { code });
}
