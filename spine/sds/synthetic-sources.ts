/** What the default directory is made from: fixtures/directory.json, beside the organisations that patients belong to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadOrganisations, type Organisation } from '../../fhir/synthetic/organisations.ts';
import type { Product } from './directory.ts';

export interface Supplier {
  readonly code: string;
  readonly name: string;
  readonly product: Product;
  /** Whose systems it makes. */
  readonly of: 'practice' | 'pharmacy' | 'trust' | 'consumer';
}

/** An integrated care board with the locations that commission. */
export interface Board {
  readonly code: string;
  readonly name: string;
  readonly county: string;
  readonly town: string;
  readonly locations: readonly { readonly code: string; readonly name: string }[];
}

export interface Trust {
  readonly code: string;
  readonly name: string;
  readonly county: string;
  readonly town: string;
  /** Names of its sites; their codes are made of the trust's. */
  readonly sites: readonly string[];
  readonly closed?: string;
  readonly successor?: string;
}

/** The national services, in test and in use. */
export interface National {
  readonly code: string;
  readonly name: string;
  readonly asid: string;
  readonly partyKey: string;
  readonly domain: string;
}

/** The names of a system that samples speak of. */
export interface FixedSystem {
  readonly odsCode: string;
  readonly asid: string;
  readonly partyKey: string;
}

export interface Coded {
  readonly code: string;
  readonly name: string;
}

export interface JobRole extends Coded {
  readonly area: string;
  readonly group: string;
}

/** A worker of identities.json, as far as the directory tells of one. */
export interface Person {
  readonly username: string;
  readonly title: string;
  readonly given: string;
  readonly middle?: string;
  readonly family: string;
  readonly email: string;
  readonly registers?: Readonly<Record<string, string>>;
  readonly roles: readonly {
    readonly id: string;
    readonly code: string;
    readonly name: string;
    readonly odsCode: string;
    readonly activities?: readonly string[];
    readonly workgroups?: readonly string[];
  }[];
}

export interface DirectorySources {
  readonly suppliers: readonly Supplier[];
  readonly boards: readonly Board[];
  readonly trusts: readonly Trust[];
  readonly national: readonly National[];
  readonly systems: readonly FixedSystem[];
  readonly jobRoles: readonly JobRole[];
  readonly activities: readonly Coded[];
  readonly areasOfWork: readonly Coded[];
  readonly organisations: readonly Organisation[];
  readonly people: readonly Person[];
}

/** Reads the fixtures. `fixturesDir` is the folder `fixtures` of the package. */
export function loadDirectorySources(fixturesDir: string): DirectorySources {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(fixturesDir, name), 'utf8'));
  const own = read('directory.json') as Omit<DirectorySources, 'organisations' | 'people'>; // our own file, tested
  const { workers } = read('identities.json') as { workers: readonly Person[] }; // as above
  return { ...own, organisations: loadOrganisations(fixturesDir), people: workers };
}
