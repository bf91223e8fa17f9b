/** Message handling endpoints as FHIR resources Endpoint, one for each address. Owns that mapping. */
import type { MessageHandler } from './directory.ts';
import {
  identifierOf,
  referenceExtension,
  type FhirIdentifier,
  type ReferenceExtension,
} from './fhir-device.ts';
import { extensions, systems } from './fhir-systems.ts';

/** An Endpoint as this face sends it: what is not known is left out, lists included. */
export interface SdsEndpoint {
  readonly resourceType: 'Endpoint';
  readonly id: string;
  readonly status: 'active';
  readonly connectionType: object;
  readonly payloadType: readonly object[];
  readonly address: string;
  readonly managingOrganization?: { readonly identifier: FhirIdentifier };
  readonly identifier?: readonly FhirIdentifier[];
  readonly extension?: readonly (ReferenceExtension | ReliabilityExtension)[];
}

/** How reliably messages are to be sent there: the contract's values by their directory names. */
export interface ReliabilityExtension {
  readonly url: string;
  readonly extension: readonly ReliabilityValue[];
}

export type ReliabilityValue =
  | { readonly url: string; readonly valueString: string }
  | { readonly url: string; readonly valueInteger: number };

/** What the directory may know of a handler: more than it must, so that what is missing is left out. */
export type EndpointFacts = Partial<MessageHandler>;

/** @param newId gives each resource its id for this answer */
export function toEndpoints(facts: EndpointFacts, newId: () => string): SdsEndpoint[] {
  const rest = restOf(facts);
  return (facts.endpoints ?? []).map((address) => ({
    resourceType: 'Endpoint',
    id: newId(),
    status: 'active',
    connectionType,
    payloadType,
    address,
    ...rest,
  }));
}

/** The same whatever the protocol is. */
const connectionType = {
  system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
  code: 'hl7-fhir-msg',
  display: 'HL7 FHIR Messaging',
};
const payloadType = [
  {
    coding: [
      {
        system: 'http://terminology.hl7.org/CodeSystem/endpoint-payload-type',
        code: 'any',
        display: 'Any',
      },
    ],
  },
];

function restOf(
  facts: EndpointFacts,
): Pick<SdsEndpoint, 'managingOrganization' | 'identifier' | 'extension'> {
  const { odsCode, fqdn, partyKey, cpaId, id, interaction } = facts;
  const [managing] = identifierOf(systems.ods, odsCode);
  const identifier = [
    ...identifierOf(systems.fqdn, fqdn),
    ...identifierOf(systems.partyKey, partyKey),
    ...identifierOf(systems.cpaId, cpaId),
    ...identifierOf(systems.handlerId, id),
  ];
  const reliability = reliabilityOf(facts);
  const extension = [
    ...(reliability.length > 0 ? [{ url: extensions.reliability, extension: reliability }] : []),
    ...referenceExtension(extensions.interaction, systems.interaction, interaction),
  ];
  return {
    ...(managing ? { managingOrganization: { identifier: managing } } : {}),
    ...(identifier.length > 0 ? { identifier } : {}),
    ...(extension.length > 0 ? { extension } : {}),
  };
}

function reliabilityOf(facts: EndpointFacts): ReliabilityValue[] {
  return [
    ...text('nhsMHSSyncReplyMode', facts.syncReplyMode),
    ...text('nhsMHSRetryInterval', facts.retryInterval),
    ...wholeNumber('nhsMHSRetries', facts.retries),
    ...text('nhsMHSPersistDuration', facts.persistDuration),
    ...text('nhsMHSDuplicateElimination', facts.duplicateElimination),
    ...text('nhsMHSAckRequested', facts.ackRequested),
    ...(facts.actors ?? []).flatMap((actor) => text('nhsMHSActor', actor)),
  ];
}

function text(url: string, value: string | undefined): ReliabilityValue[] {
  return value === undefined || value === '' ? [] : [{ url, valueString: value }];
}

/** Text in the directory, a number here; what is none cannot be told. */
function wholeNumber(url: string, value: string | undefined): ReliabilityValue[] {
  return value !== undefined && /^[0-9]{1,9}$/.test(value)
    ? [{ url, valueInteger: Number(value) }]
    : [];
}
