/** Organisations in the two forms of the ORD interface: the row of a list, and the whole record. Owns those forms. */
import type { Organisation } from './directory.ts';
import { roleOf } from './ods-code-lists.ts';
import type { Organisations } from './ods-organisations.ts';

/** The row of a search. @param link the address of the whole record */
export function toRow(organisation: Organisation, link: string): object {
  const { name, odsCode, active, recordClass, address, lastChange } = organisation;
  const primary = primaryRoleOf(organisation);
  return {
    Name: name,
    OrgId: odsCode,
    Status: statusOf(active),
    OrgRecordClass: recordClass,
    ...some('PostCode', address.postcode),
    LastChangeDate: lastChange,
    ...(primary
      ? { PrimaryRoleId: primary.id, PrimaryRoleDescription: roleOf(primary.id).name }
      : {}),
    OrgLink: link,
  };
}

/** The whole record. @param all the organisations that it names */
export function toRecord(organisation: Organisation, all: Organisations): object {
  const { name, odsCode, active, opened, closed, lastChange, recordClass } = organisation;
  const { relationships, successions, contacts, roles } = organisation;
  const target = targetIn(all);
  return {
    Organisation: {
      Name: name,
      Date: [dated('Operational', opened, closed)],
      OrgId: orgId(odsCode),
      Status: statusOf(active),
      LastChangeDate: lastChange,
      orgRecordClass: recordClass,
      GeoLoc: { Location: locationOf(organisation) },
      ...(contacts.length > 0
        ? { Contacts: { Contact: contacts.map(({ type, value }) => ({ type, value })) } }
        : {}),
      Roles: { Role: roles.map(toRole) },
      ...(relationships.length > 0
        ? { Rels: { Rel: relationships.map((one) => toRelationship(one, target)) } }
        : {}),
      ...(successions.length > 0
        ? { Succs: { Succ: successions.map((one) => toSuccession(one, target)) } }
        : {}),
    },
  };
}

/** The object identifier of the register. */
const register = '2.16.840.1.113883.2.1.3.2.4.18.48';

function orgId(extension: string): object {
  return { root: register, assigningAuthorityName: 'HSCIC', extension };
}

function statusOf(active: boolean): string {
  return active ? 'Active' : 'Inactive';
}

function dated(Type: 'Operational' | 'Legal', Start: string, end?: string): object {
  return { Type, Start, ...some('End', end) };
}

function locationOf({ address }: Organisation): object {
  const { lines, town, county, postcode, country, uprn } = address;
  return {
    ...some('AddrLn1', lines[0]),
    ...some('AddrLn2', lines[1]),
    ...some('AddrLn3', lines[2]),
    ...some('Town', town),
    ...some('County', county),
    ...some('PostCode', postcode),
    ...some('Country', country),
    ...(uprn !== undefined && /^[0-9]{1,12}$/.test(uprn) ? { UPRN: Number(uprn) } : {}),
  };
}

function toRole({ id, uniqueId, primary, active, start, end }: Organisation['roles'][number]) {
  return {
    id,
    uniqueRoleId: uniqueId,
    ...(primary ? { primaryRole: true } : {}),
    Date: [dated('Operational', start, end)],
    Status: statusOf(active),
  };
}

type Target = (code: string) => object;

function targetIn({ byCode }: Organisations): Target {
  return (code) => {
    const found = byCode.get(code);
    const primary = found && primaryRoleOf(found);
    return {
      OrgId: orgId(code),
      ...(primary ? { PrimaryRoleId: { id: primary.id, uniqueRoleId: primary.uniqueId } } : {}),
    };
  };
}

function toRelationship(one: Organisation['relationships'][number], target: Target): object {
  return {
    Date: [dated('Operational', one.start, one.end)],
    Status: statusOf(one.active),
    Target: target(one.target),
    id: one.id,
    uniqueRelId: one.uniqueId,
  };
}

function toSuccession(one: Organisation['successions'][number], target: Target): object {
  return {
    uniqueSuccId: one.uniqueId,
    Date: [dated('Legal', one.date)],
    Type: one.type,
    Target: target(one.target),
  };
}

function primaryRoleOf({ roles }: Organisation) {
  return roles.find(({ primary, active }) => primary && active) ?? roles.find((one) => one.primary);
}

function some(name: string, value: string | undefined): object {
  return value === undefined || value === '' ? {} : { [name]: value };
}
