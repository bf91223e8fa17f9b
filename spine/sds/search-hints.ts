/**
 * How an entry is found again: the search that finds it over LDAP, and the queries of the FHIR and ODS faces. Pure; the
 * addresses of the faces are added by who shows them.
 */
import type { Entry } from './directory.ts';
import { organisationClasses } from './directory-keys.ts';
import { servicesDn } from './directory-tree.ts';
import { escapeFilterValue } from './filter.ts';
import { structuralClass } from './schema-check.ts';

export interface SearchHints {
  readonly base: string;
  readonly filter: string;
  /** Below the SDS FHIR API: `/Device?organization=…`. Absent for what that does not show. */
  readonly fhir?: string;
  /** The code by which the ODS faces know it. */
  readonly odsCode?: string;
  /** The value of the header Ssp-To for calls to this system. */
  readonly sspTo?: string;
}

/** The searches that real clients make for entries of this kind, filled in for this one. */
export function hintsFor(entry: Entry): SearchHints {
  const kind = structuralClass(entry);
  const [id = ''] = entry.attributes.uniqueIdentifier ?? [];
  if (kind === 'nhsAs') return { ...serviceHints(entry, kind, 'nhsAsSvcIA'), sspTo: id };
  if (kind === 'nhsMhs') return serviceHints(entry, kind, 'nhsMhsSvcIA');
  const own = { base: baseOf(entry), filter: filterOf(entry, ['objectClass', namingIn(entry)]) };
  return organisationClasses.has(kind) ? { ...own, odsCode: id } : own;
}

/** The naming attribute that an entry of this directory has. */
function namingIn({ attributes }: Entry): string {
  return ['uniqueIdentifier', 'uid', 'ou', 'o'].find((name) => attributes[name]) ?? 'cn';
}

function baseOf({ dn }: Entry): string {
  const above = dn.slice(dn.indexOf(',') + 1).trim();
  return dn.includes(',') ? above : dn;
}

function serviceHints(entry: Entry, kind: 'nhsAs' | 'nhsMhs', interactions: string): SearchHints {
  const first = (name: string) => entry.attributes[name]?.[0] ?? '';
  const query = [
    ['organization', odsSystem, first('nhsIDCode')],
    ['identifier', interactionSystem, first(interactions)],
    ['identifier', partyKeySystem, first('nhsMHSPartyKey')],
  ].map(([name = '', system = '', value = '']) => `${name}=${encodeURIComponent(system + value)}`);
  return {
    base: servicesDn,
    filter: filterOf(entry, ['nhsIDCode', 'objectClass', interactions, 'nhsMHSPartyKey']),
    fhir: `/${kind === 'nhsAs' ? 'Device' : 'Endpoint'}?${query.join('&')}`,
  };
}

const odsSystem = 'https://fhir.nhs.uk/Id/ods-organization-code|';
const interactionSystem = 'https://fhir.nhs.uk/Id/nhsServiceInteractionId|';
const partyKeySystem = 'https://fhir.nhs.uk/Id/nhsMhsPartyKey|';

/** An AND of the first values of these attributes; of classes the one that tells most. */
function filterOf(entry: Entry, names: readonly string[]): string {
  const parts = names.map((name) => {
    const value =
      name === 'objectClass' ? structuralClass(entry) : (entry.attributes[name]?.[0] ?? '');
    return `(${name}=${escapeFilterValue(value)})`;
  });
  return `(&${parts.join('')})`;
}
