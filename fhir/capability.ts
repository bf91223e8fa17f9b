/**
 * The CapabilityStatement of an API, derived from its OpenAPI document, so that the two cannot differ.
 * The document's `x-fhir-…` members say which interaction, operation or search parameter of FHIR a thing is.
 */
import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceInteraction,
  CapabilityStatementRestResourceOperation,
  CapabilityStatementRestResourceSearchParam,
} from 'fhir/r4.js';
import { operations, parametersOf, type OpenApi, type Operation } from './openapi.ts';

export interface CapabilityOptions {
  /** The absolute address of the API. */
  readonly base: string;
  /** The version of the software. */
  readonly version: string;
  /** When the statement was made, as a FHIR dateTime. */
  readonly date: string;
}

/** What the API at `base` can do (FHIR R4, CapabilityStatement, kind instance). */
export function capabilityStatement(
  doc: OpenApi,
  { base, version, date }: CapabilityOptions,
): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date,
    kind: 'instance',
    software: { name: 'Gatehouse', version },
    implementation: { description: doc.info.title, url: base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    patchFormat: ['application/json-patch+json'],
    rest: [{ mode: 'server', resource: resourceTypes(doc).map((type) => toResource(doc, type)) }],
  };
}

function resourceTypes(doc: OpenApi): string[] {
  const types = operations(doc).map(
    ({ object }) => (object['x-fhir-interaction'] ?? object['x-fhir-operation'])?.type,
  );
  return [...new Set(types.filter((type) => type !== undefined))];
}

function toResource(doc: OpenApi, type: string): CapabilityStatementRestResource {
  const own = operations(doc).filter(({ object }) => object['x-fhir-interaction']?.type === type);
  const searchParam = own.flatMap((one) => searchParamsOf(doc, one));
  const operation = operations(doc).flatMap((one) => operationOf(one, type));
  return {
    type: type as CapabilityStatementRestResource['type'], // as for the code
    interaction: own.flatMap(toInteraction),
    versioning: 'versioned-update',
    readHistory: false,
    updateCreate: false,
    ...(searchParam.length > 0 ? { searchParam } : {}),
    ...(operation.length > 0 ? { operation } : {}),
  };
}

type InteractionCode = CapabilityStatementRestResourceInteraction['code'];

function toInteraction({ object }: Operation): CapabilityStatementRestResourceInteraction[] {
  const code = object['x-fhir-interaction']?.code;
  if (code === undefined) return [];
  const documentation = object.summary;
  return [
    {
      code: code as InteractionCode, // a test holds the statement against the R4 schema
      ...(documentation === undefined ? {} : { documentation }),
    },
  ];
}

type SearchType = CapabilityStatementRestResourceSearchParam['type'];

function searchParamsOf(
  doc: OpenApi,
  operation: Operation,
): CapabilityStatementRestResourceSearchParam[] {
  return parametersOf(doc, operation).flatMap((parameter) => {
    const search = parameter['x-fhir-search'];
    if (!search) return [];
    return [
      {
        name: parameter.name,
        type: search.type as SearchType, // as for the code
        ...(search.definition === undefined ? {} : { definition: search.definition }),
        ...(parameter.description === undefined ? {} : { documentation: parameter.description }),
      },
    ];
  });
}

function operationOf(
  { object }: Operation,
  type: string,
): CapabilityStatementRestResourceOperation[] {
  const found = object['x-fhir-operation'];
  if (found?.type !== type) return [];
  const { name, definition } = found;
  return [
    {
      name,
      definition,
      ...(object.summary === undefined ? {} : { documentation: object.summary }),
    },
  ];
}
