/**
 * The user of a call as the calling organisation's own token tells it (the cross-organisation JWT): the words between the
 * policy that asks and whoever reads such tokens. Owns what a caller is made of it.
 */
import type { Caller, Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { Environment } from '../catalogue/environments.ts';

/** What the call around the token is known to be. */
export interface AssertedTerms {
  /** The ASID of the call and its organisation, as far as they are proved, or believed in a sandbox. */
  readonly asid?: string;
  readonly odsCode?: string;
  /** Whose registered keys count; absent: nobody's. */
  readonly appId?: string;
  /** Whether only signed tokens will do. */
  readonly signed: boolean;
  /** The scopes of an interface that has its own, of which the token must have one; absent: those of all. */
  readonly scopes?: readonly string[];
}

/** What it says; asserted by the calling system. */
export interface Asserted {
  readonly odsCode: string;
  readonly asid?: string;
  readonly reason: string;
  readonly userId?: string;
  readonly roleProfile?: string;
  /** NHS number of a citizen who acts. */
  readonly patient?: string;
}

export interface AssertedContexts {
  /** @throws Problem that names the rule of the token that failed */
  read(
    text: string,
    exchange: Exchange,
    site: { readonly environment: Environment; readonly base: string | readonly string[] },
    terms: AssertedTerms,
  ): Promise<Asserted>;
  /** The organisation of an accredited system; undefined where the directory has none such. */
  organisationOf(asid: string, exchange: Exchange): Promise<string | undefined>;
}

/** The refusal of a token that is of another kind: whose it is, those may tell who take it (401). */
export function otherToken(): Problem {
  return new Problem(
    'unauthenticated',
    'Expected a cross-organisation JWT in Authorization, and found another token',
    { code: 'ACCESS_DENIED' },
  );
}

/** The app that calls. */
export interface AssertingApp extends Pick<Caller, 'appId' | 'appName' | 'scopes' | 'grants'> {
  readonly asid?: string;
}

/** The app acting for whom the token names: a worker, a citizen, or nobody. */
export function assertedCaller(
  { appId, appName, scopes, grants, asid }: AssertingApp,
  { reason, userId, roleProfile, patient }: Asserted,
): Caller {
  const worker = userId !== undefined || roleProfile !== undefined;
  const person = userId ?? patient;
  return {
    ...{ appId, appName, scopes, grants, purpose: reason },
    mode: worker ? 'worker' : patient === undefined ? 'app' : 'patient',
    ...(asid === undefined ? {} : { asid }),
    ...(person === undefined ? {} : { userId: person }),
    ...(roleProfile === undefined ? {} : { role: roleProfile }),
    ...(patient === undefined ? {} : { nhsNumber: patient }),
  };
}
