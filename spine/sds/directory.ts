/**
 * The port of the Spine Directory: entries as LDAP shows them, and the typed look-ups that routing and the FHIR face use.
 * Owns the words; stored-directory.ts keeps the entries, the faces (LDAP, SDS FHIR, ODS) only read through here.
 */

/** One entry. Attribute names are in the schema's spelling (schema.ts); values are text, in the order they were given. */
export interface Entry {
  /** As it was first written; compare with `normalDn`. */
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** What only the ODS faces show of an organisation. */
  readonly organisation?: OrganisationDetail;
}

/** A search filter (RFC 4511 4.5.1.7). Attribute names as sent, in any spelling. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | {
      readonly kind: 'equal' | 'approx' | 'greaterOrEqual' | 'lessOrEqual';
      readonly attribute: string;
      readonly value: string;
    }
  | { readonly kind: 'present'; readonly attribute: string }
  | {
      readonly kind: 'substring';
      readonly attribute: string;
      readonly initial?: string;
      readonly any: readonly string[];
      readonly final?: string;
    }
  | {
      readonly kind: 'extensible';
      readonly rule?: string;
      readonly attribute?: string;
      readonly value: string;
      readonly dnAttributes: boolean;
    };

export type Scope = 'base' | 'one' | 'sub';

export interface Search {
  readonly base: string;
  readonly scope: Scope;
  readonly filter: Filter;
  /** Asked between entries; what it throws ends the search (time limits, abandoned searches). */
  readonly goOn?: () => void;
}

export interface WriteTerms {
  /** Whether attributes that the entry's classes need may be missing, as in entries of directories in use. */
  readonly lenient?: boolean;
}

/** An accredited system (`nhsAs`). */
export interface AccreditedSystem {
  readonly asid: string;
  readonly odsCode: string;
  readonly partyKey: string;
  /** Service-interaction ids with a colon before the interaction. */
  readonly interactions: readonly string[];
  /** ODS codes of the client organisations; may be empty. */
  readonly clients: readonly string[];
  /** ODS code of the supplier. */
  readonly manufacturer?: string;
  readonly product: Product;
}

/** One message handling endpoint for one interaction (`nhsMhs`): where, and under which contract. */
export interface MessageHandler {
  readonly id: string;
  readonly odsCode: string;
  readonly partyKey: string;
  /** Service-interaction id, its service part, and its interaction part. */
  readonly interaction: string;
  readonly service: string;
  readonly action: string;
  /** At least one URL. */
  readonly endpoints: readonly string[];
  readonly cpaId: string;
  readonly fqdn: string;
  readonly syncReplyMode?: string;
  readonly ackRequested?: string;
  readonly duplicateElimination?: string;
  /** A whole number, as text. */
  readonly retries?: string;
  /** ISO 8601 durations. */
  readonly retryInterval?: string;
  readonly persistDuration?: string;
  readonly actors: readonly string[];
  /** `HL7`, `FHIR`, `N/A`. */
  readonly interactionType: string;
  readonly manufacturer?: string;
  readonly product: Product;
}

export interface Product {
  readonly key: string;
  readonly name: string;
  readonly version: string;
}

/** What the ODS faces know of an organisation beyond its LDAP attributes. */
export interface OrganisationDetail {
  /** `RC1` an organisation, `RC2` a site. */
  readonly recordClass: 'RC1' | 'RC2';
  /** YYYY-MM-DD. */
  readonly lastChange: string;
  readonly roles: readonly {
    /** `RO177`. */
    readonly id: string;
    readonly uniqueId: number;
    readonly primary: boolean;
    readonly active: boolean;
    readonly start: string;
    readonly end?: string;
  }[];
  readonly relationships: readonly {
    /** `RE6`. */
    readonly id: string;
    readonly uniqueId: number;
    readonly target: string;
    readonly active: boolean;
    readonly start: string;
    readonly end?: string;
  }[];
  readonly successions: readonly {
    readonly type: 'Successor' | 'Predecessor';
    readonly uniqueId: number;
    readonly target: string;
    readonly date: string;
  }[];
  readonly address: {
    readonly lines: readonly string[];
    readonly town?: string;
    readonly county?: string;
    readonly postcode?: string;
    readonly country?: string;
    readonly uprn?: string;
  };
  readonly contacts: readonly {
    readonly type: 'tel' | 'http' | 'mail' | 'fax';
    readonly value: string;
  }[];
}

/** An organisation or site, whole. */
export interface Organisation extends OrganisationDetail {
  readonly odsCode: string;
  /** Upper case. */
  readonly name: string;
  readonly active: boolean;
  /** YYYY-MM-DD. */
  readonly opened: string;
  readonly closed?: string;
}

/** Parts left out match everything; ODS code and interaction compare exactly, the others ignore case. */
export interface SystemQuery {
  readonly asid?: string;
  readonly odsCode?: string;
  readonly interaction?: string;
  readonly partyKey?: string;
  readonly manufacturer?: string;
}

export interface HandlerQuery {
  readonly odsCode?: string;
  readonly interaction?: string;
  readonly partyKey?: string;
  /** Any case; a scheme or path in the stored value is ignored. */
  readonly fqdn?: string;
}

export interface Directory {
  /** The same directory as a view of the data sees it (workspaces, environments); '' is the base. */
  in(view: string): Directory;
  entry(dn: string): Promise<Entry | undefined>;
  /** Entries that match, in no promised order. @throws Problem `not-found` for a base that is not there. */
  search(search: Search): AsyncIterable<Entry>;
  /** At most `limit` (default 1,000) matches; at least one part of the query must be given. In order of ASID. */
  systems(query: SystemQuery, limit?: number): Promise<readonly AccreditedSystem[]>;
  /** The same for endpoints, in order of id. */
  handlers(query: HandlerQuery, limit?: number): Promise<readonly MessageHandler[]>;
  organisation(odsCode: string): Promise<Organisation | undefined>;
  /** Every organisation, in order of code, page by page: `after` is the last code of the page before. */
  organisations(after?: string, limit?: number): Promise<readonly Organisation[]>;
  /** Resolves when it is on disk. @throws Problem `conflict` when it is there, `invalid` by the schema, `not-found` without parent. */
  add(entry: Entry, by: string, terms?: WriteTerms): Promise<void>;
  /** Replaces an entry. @throws Problem `not-found`, `invalid` */
  replace(entry: Entry, by: string, terms?: WriteTerms): Promise<void>;
  /** @throws Problem `not-found`, `conflict` when entries lie below it */
  remove(dn: string, by: string): Promise<void>;
  /** Calls back after each change to any entry, of any process (caches drop all); returns what stops it. */
  changed(fn: () => void): () => void;
}
