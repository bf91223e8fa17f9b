/**
 * The containers of the tree, which are always there and are never stored, and the names of entries below them.
 */
import type { Entry } from './directory.ts';
import { escapeDnValue, normalDn } from './dn.ts';

export const root = 'o=nhs';
const organisationsDn = 'ou=Organisations,o=nhs';
export const peopleDn = 'ou=People,o=nhs';
export const servicesDn = 'ou=Services,o=nhs';
export const referenceDataDn = 'ou=ReferenceData,o=nhs';

const units = [
  organisationsDn,
  peopleDn,
  servicesDn,
  'ou=Workgroups,o=nhs',
  referenceDataDn,
  'ou=ChangeLog,o=nhs',
];

/** The containers by comparable name, the root first. */
export const containers: ReadonlyMap<string, Entry> = new Map(
  [rootEntry(), ...units.map(unitEntry)].map((entry) => [normalDn(entry.dn), entry]),
);

/** The name of a system or of a message handler: `uniqueIdentifier=200000000149,ou=Services,o=nhs`. */
export function serviceDn(id: string): string {
  return `uniqueIdentifier=${escapeDnValue(id)},${servicesDn}`;
}

/** The name of an organisation or site. */
export function organisationDn(odsCode: string): string {
  return `uniqueIdentifier=${escapeDnValue(odsCode)},${organisationsDn}`;
}

function rootEntry(): Entry {
  return { dn: root, attributes: { objectClass: ['top', 'organization'], o: ['nhs'] } };
}

function unitEntry(dn: string): Entry {
  const ou = dn.slice('ou='.length, dn.indexOf(','));
  return { dn, attributes: { objectClass: ['top', 'organizationalUnit'], ou: [ou] } };
}
