/** The CapabilityStatement of the SMART base, derived from the table of its operations, so that the two cannot differ. */
import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestSecurity,
  Extension,
} from 'fhir/r4.js';
import { smartOperations, type SmartOperation, type SmartResource } from './operations.ts';

/** Absolute addresses of the authorisation server. */
export interface SmartEndpoints {
  readonly authorize: string;
  readonly token: string;
  readonly register?: string;
  readonly manage?: string;
  readonly introspect?: string;
  readonly revoke?: string;
}

export interface SmartCapabilityOptions {
  /** The absolute address of this base, without a trailing slash. */
  readonly base: string;
  readonly endpoints: SmartEndpoints;
  /** The version of the software. */
  readonly version: string;
  /** When the statement was made, as a FHIR dateTime. */
  readonly date: string;
}

const operations: readonly SmartOperation[] = smartOperations;

/** What the base can do (FHIR R4, CapabilityStatement, kind instance). */
export function smartCapability(options: SmartCapabilityOptions): CapabilityStatement {
  const { base, endpoints, version, date } = options;
  const types = [...new Set(operations.map(({ type }) => type))];
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date,
    kind: 'instance',
    software: { name: 'Gatehouse', version },
    implementation: { description: 'SMART on FHIR base for demographic records', url: base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    patchFormat: ['application/json-patch+json'],
    rest: [{ mode: 'server', security: security(endpoints), resource: types.map(toResource) }],
  };
}

/** The coding and the extension by which older SMART apps find the authorisation server (SMART App Launch 2.2). */
function security(endpoints: SmartEndpoints): CapabilityStatementRestSecurity {
  return {
    extension: [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: Object.entries(endpoints).flatMap(
          ([url, address]: [string, string | undefined]): Extension[] =>
            address === undefined ? [] : [{ url, valueUri: address }],
        ),
      },
    ],
    cors: true,
    service: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
            code: 'SMART-on-FHIR',
          },
        ],
        text: 'OAuth 2 with SMART App Launch 2.2',
      },
    ],
  };
}

function toResource(type: SmartResource): CapabilityStatementRestResource {
  const own = operations.filter((operation) => operation.type === type);
  const searchParam = own.flatMap(({ search }) => search ?? []);
  const interactions = new Map(own.toReversed().map((each) => [each.interaction, each.summary]));
  return {
    type,
    interaction: [...interactions]
      .toReversed()
      .map(([code, documentation]) => ({ code, documentation })),
    versioning: type === 'RelatedPerson' ? 'no-version' : 'versioned-update',
    readHistory: false,
    updateCreate: false,
    ...(searchParam.length > 0
      ? {
          searchParam: searchParam.map(({ name, type: kind, note }) => ({
            name,
            type: kind,
            ...(note === undefined ? {} : { documentation: note }),
          })),
        }
      : {}),
  };
}
