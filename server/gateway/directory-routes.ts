/**
 * The Spine Directory as the gateway asks it: the port of back ends and policies that route by it. Owns the words; how it
 * is answered from the directory's entries, and kept, is server/directory-routing.ts's.
 */
import type { Environment } from '../catalogue/environments.ts';

/** Which system a call is for. */
export interface RouteQuery {
  /** ODS code. */
  readonly organisation: string;
  /** Service-interaction id. */
  readonly interaction: string;
  readonly partyKey?: string;
}

/** Where it is, and who it is. */
export interface FoundRoute {
  readonly organisation: string;
  readonly interaction: string;
  readonly asid: string;
  readonly partyKey: string;
  readonly cpaId: string;
  /** The name its certificate bears; may be empty. */
  readonly fqdn: string;
  /** The first address it has registered. */
  readonly address: string;
}

/** An accredited system. */
export interface DirectorySystem {
  readonly asid: string;
  /** ODS code. */
  readonly organisation: string;
  readonly partyKey: string;
  readonly interactions: readonly string[];
}

/** Where a party takes one interaction. */
export interface DirectoryHandler {
  readonly cpaId: string;
  readonly fqdn: string;
  readonly addresses: readonly string[];
}

/** As whom, and how late, an answer may be. */
export interface LookUpTerms {
  /** The view of the data that the call is in; empty for the base. */
  readonly view: string;
  /** Seconds for which an answer of before will do; a change of the directory ends that at once. */
  readonly kept: number;
  /** Whether to ask anew in any case. */
  readonly fresh: boolean;
}

export interface DirectoryRoutes {
  /** The view in which the systems of an environment are, for calls that are in none of their own. */
  viewOf(environment: Environment): string;
  /**
   * The one system and endpoint that fit.
   * @throws Problem that names the first check that failed, with what was expected and found: `not-found` with code
   * ORGANISATION_NOT_FOUND, NO_ACCREDITED_SYSTEM or NO_ENDPOINT, `conflict` with AMBIGUOUS_SYSTEM or AMBIGUOUS_ENDPOINT.
   */
  route(query: RouteQuery, terms: LookUpTerms): Promise<FoundRoute>;
  system(asid: string, terms: LookUpTerms): Promise<DirectorySystem | undefined>;
  handlers(
    query: { readonly partyKey: string; readonly interaction: string },
    terms: LookUpTerms,
  ): Promise<readonly DirectoryHandler[]>;
  /** Whether any system may send or take an interaction. */
  isKnown(interaction: string, terms: LookUpTerms): Promise<boolean>;
}
