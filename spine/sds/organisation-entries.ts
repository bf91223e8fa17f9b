/**
 * Organisations and sites, read from their entries and written as such. An entry of another source has LDAP attributes
 * only; what the ODS faces need is then made of those.
 */
import type { Entry, Organisation, OrganisationDetail } from './directory.ts';
import { organisationClasses } from './directory-keys.ts';
import { organisationDn } from './directory-tree.ts';
import { structuralClass } from './schema-check.ts';

/** How an organisation is entered: as one, as a site, or as a general practice with the commissioner it belongs to. */
export interface OrganisationKind {
  readonly objectClass: 'nhsOrg' | 'nhsSite' | 'nhsGPPractice';
  /** Name and code of its type: `GP PRACTICE`, `RO76`. */
  readonly type: string;
  readonly typeCode: string;
  /** ODS code; a practice must have one. */
  readonly commissioner?: string;
}

/** The organisation of an entry; undefined when it is none. */
export function toOrganisation(entry: Entry): Organisation | undefined {
  const kind = structuralClass(entry);
  if (!organisationClasses.has(kind)) return undefined;
  const first = (name: string) => entry.attributes[name]?.[0];
  const closed = dayOf(first('nhsOrgCloseDate'));
  return {
    odsCode: first('nhsIDCode') ?? first('uniqueIdentifier') ?? '',
    name: (first('o') ?? first('ou') ?? '').toUpperCase(),
    active: closed === undefined,
    opened: dayOf(first('nhsOrgOpenDate')) ?? earliest,
    ...(closed === undefined ? {} : { closed }),
    ...(entry.organisation ?? detailOf(entry, kind)),
  };
}

/** The entry of an organisation, below `ou=Organisations`. */
export function organisationEntry(organisation: Organisation, kind: OrganisationKind): Entry {
  const { odsCode, name, opened, closed } = organisation;
  const detail = detailIn(organisation);
  const { lines, town, county, postcode } = detail.address;
  const succession = (type: 'Successor' | 'Predecessor') =>
    detail.successions.filter((one) => one.type === type).map(({ target }) => target);
  const parent = detail.relationships.find(({ active }) => active)?.target;
  const contact = (type: string) =>
    detail.contacts.filter((one) => one.type === type).map(({ value }) => value);
  return {
    dn: organisationDn(odsCode),
    attributes: withoutEmpty({
      objectClass: ['top', kind.objectClass],
      uniqueIdentifier: [odsCode],
      nhsIDCode: [odsCode],
      [kind.objectClass === 'nhsSite' ? 'ou' : 'o']: [name],
      nhsOrgType: [kind.type],
      nhsOrgTypeCode: [kind.typeCode],
      postalAddress: [[...lines, town, county].filter(Boolean).join('$')],
      postalCode: [postcode ?? ''],
      l: [town ?? ''],
      nhsOrgOpenDate: [opened.replaceAll('-', '')],
      nhsOrgCloseDate: [(closed ?? '').replaceAll('-', '')],
      nhsPCTCode: [kind.commissioner ?? ''],
      nhsParentOrgCode: [parent ?? ''],
      nhsOCSSuccessor: succession('Successor'),
      nhsOCSPredecessor: succession('Predecessor'),
      telephoneNumber: contact('tel'),
      mail: contact('mail'),
    }),
    organisation: detail,
  };
}

function detailIn(organisation: Organisation): OrganisationDetail {
  const { recordClass, lastChange, roles, relationships } = organisation;
  const { successions, address, contacts } = organisation;
  return { recordClass, lastChange, roles, relationships, successions, address, contacts };
}

const earliest = '1974-04-01';

function detailOf({ attributes }: Entry, kind: string): OrganisationDetail {
  const first = (name: string) => attributes[name]?.[0];
  const opened = dayOf(first('nhsOrgOpenDate')) ?? earliest;
  const closed = dayOf(first('nhsOrgCloseDate'));
  const span = closed === undefined ? { start: opened } : { start: opened, end: closed };
  const active = closed === undefined;
  const role = first('nhsOrgTypeCode');
  const parent = first('nhsParentOrgCode');
  const lines = (first('postalAddress') ?? '').split('$').map((line) => line.trim());
  return {
    recordClass: kind === 'nhsSite' ? 'RC2' : 'RC1',
    lastChange: closed ?? opened,
    roles:
      role !== undefined && /^RO\d{1,4}$/.test(role)
        ? [{ id: role, uniqueId: 1, primary: true, active, ...span }]
        : [],
    relationships:
      parent === undefined ? [] : [{ id: 'RE4', uniqueId: 1, target: parent, active, ...span }],
    successions: (attributes.nhsOCSSuccessor ?? []).map((target, at) => ({
      ...{ type: 'Successor' as const, uniqueId: at + 1, target },
      date: closed ?? opened,
    })),
    address: {
      lines: lines.filter((line) => line !== ''),
      ...some('town', first('l')),
      ...some('postcode', first('postalCode')),
    },
    contacts: [
      ...(attributes.telephoneNumber ?? []).map((value) => ({ type: 'tel' as const, value })),
      ...(attributes.mail ?? []).map((value) => ({ type: 'mail' as const, value })),
    ],
  };
}

/** `YYYYMMDD…` or `YYYY-MM-DD…` as a day. */
function dayOf(value: string | undefined): string | undefined {
  const parts = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(value ?? '');
  return parts === null ? undefined : parts.slice(1).join('-');
}

function some<N extends string>(name: N, value: string | undefined): Partial<Record<N, string>> {
  // a member of the one name that was asked for
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<N, string>>);
}

function withoutEmpty(attributes: Record<string, readonly string[]>): Entry['attributes'] {
  return Object.fromEntries(
    Object.entries(attributes).filter(([, values]) => (values[0] ?? '') !== ''),
  );
}
