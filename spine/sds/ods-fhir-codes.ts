/** The code systems and value sets of the FHIR look-up of organisations, made of the register's code lists. */
import { recordClasses, roles, type Named } from './ods-code-lists.ts';
import type { Resource } from './ods-fhir-form.ts';
import { numberOf, recordClassSystem, roleSystem } from './ods-fhir-organization.ts';

/** CodeSystems by id. @param base the address of the face */
export function codeSystems(base: string): ReadonlyMap<string, Resource> {
  return new Map(lists.map((one) => [one.id, codeSystem(base, one)]));
}

/** ValueSets by id: each holds the code system of its name whole. */
export function valueSets(base: string): ReadonlyMap<string, Resource> {
  return new Map(lists.map((one) => [one.id, valueSet(base, one)]));
}

interface CodeList {
  readonly id: string;
  readonly name: string;
  readonly system: string;
  readonly codes: readonly Named[];
}

const lists: readonly CodeList[] = [
  {
    id: 'ODSAPI-OrganizationRole-1',
    name: 'ODS API Organization Role',
    system: roleSystem,
    codes: roles,
  },
  {
    id: 'ODSAPI-OrganizationRecordClass-1',
    name: 'ODS API Organization Record Class',
    system: recordClassSystem,
    codes: recordClasses,
  },
];

function codeSystem(base: string, { id, name, system, codes }: CodeList): Resource {
  return {
    resourceType: 'CodeSystem',
    id,
    url: system,
    name,
    status: 'active',
    description: `Served at ${base}/CodeSystem/${id}`,
    content: 'complete',
    concept: codes.map((one) => ({ code: numberOf(one.id), display: one.name })),
  };
}

function valueSet(base: string, { id, name, system }: CodeList): Resource {
  return {
    resourceType: 'ValueSet',
    id,
    url: `${base}/ValueSet/${id}`,
    name,
    status: 'active',
    compose: { include: [{ system }] },
  };
}
