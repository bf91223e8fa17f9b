/**
 * An organisation as the look-up's STU3 Organization, with the oddities of the national service: `meta.profile` is a text,
 * and `identifier`, `type` and `address` are single objects where FHIR has lists. Owns that mapping.
 */
import type { Organisation } from './directory.ts';
import { recordClasses, roleOf } from './ods-code-lists.ts';
import type { Resource } from './ods-fhir-form.ts';

const definitions = 'https://fhir.nhs.uk/STU3/StructureDefinition/';

/** The code system of the roles, as resources name it wherever they are served. */
export const roleSystem =
  'https://directory.spineservices.nhs.uk/STU3/CodeSystem/ODSAPI-OrganizationRole-1';
export const recordClassSystem =
  'https://fhir.nhs.uk/STU3/CodeSystem/ODSAPI-OrganizationRecordClass-1';
export const odsSystem = 'https://fhir.nhs.uk/Id/ods-organization-code';

/** Members stand in the order of the definition, which is that of the XML form. */
export function toOrganization(organisation: Organisation): Resource {
  const { odsCode, name, active, lastChange, opened, closed, roles, address } = organisation;
  const telecom = organisation.contacts.map(({ type, value }) => ({
    system: contactSystems[type],
    value,
  }));
  return {
    resourceType: 'Organization',
    id: odsCode,
    meta: {
      lastUpdated: `${lastChange}T00:00:00+00:00`,
      profile: `${definitions}ODSAPI-Organization-1`,
    },
    extension: [
      { url: `${definitions}Extension-ODSAPI-ActivePeriod-1`, valuePeriod: period(opened, closed) },
      ...roles.map(toRole),
      ...(address.uprn === undefined
        ? []
        : [{ url: `${definitions}Extension-ODSAPI-UPRN-1`, valueString: address.uprn }]),
    ],
    identifier: { system: odsSystem, value: odsCode },
    active,
    type: { coding: recordClassOf(organisation) },
    name,
    ...(telecom.length > 0 ? { telecom } : {}),
    ...some('address', toAddress(address)),
  };
}

/** Number of a role or record class in FHIR: that of its id. */
export function numberOf(id: string): string {
  return id.slice(2);
}

const contactSystems = { tel: 'phone', http: 'url', mail: 'email', fax: 'fax' } as const;

function recordClassOf({ recordClass }: Organisation): object {
  const found = recordClasses.find(({ id }) => id === recordClass);
  return {
    system: recordClassSystem,
    code: numberOf(recordClass),
    ...(found ? { display: found.name } : {}),
  };
}

function period(start: string, end?: string): object {
  return {
    extension: [{ url: `${definitions}Extension-ODSAPI-DateType-1`, valueString: 'Operational' }],
    start,
    ...(end === undefined ? {} : { end }),
  };
}

function toRole({ id, primary, active, start, end }: Organisation['roles'][number]): object {
  const { name } = roleOf(id);
  return {
    url: `${definitions}Extension-ODSAPI-OrganizationRole-1`,
    extension: [
      { url: 'role', valueCoding: { system: roleSystem, code: numberOf(id), display: name } },
      { url: 'primaryRole', valueBoolean: primary },
      { url: 'activePeriod', valuePeriod: period(start, end) },
      { url: 'status', valueString: active ? 'Active' : 'Inactive' },
    ],
  };
}

/** A member, unless it would be empty. */
function some(name: string, value: object): object {
  return Object.keys(value).length > 0 ? { [name]: value } : {};
}

function toAddress({ lines, town, county, postcode, country }: Organisation['address']): object {
  return {
    ...(lines.length > 0 ? { line: lines } : {}),
    ...(town === undefined ? {} : { city: town }),
    ...(county === undefined ? {} : { district: county }),
    ...(postcode === undefined ? {} : { postalCode: postcode }),
    ...(country === undefined ? {} : { country }),
  };
}
