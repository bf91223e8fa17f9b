/**
 * The events that messages are about: where each goes by the directory, and what its category asks. Owns the table's shape,
 * the finding of a row, and its telling as MessageDefinition and in the CapabilityStatement (FHIR R4, Messaging).
 */
import type { CapabilityStatement, MessageDefinition } from 'fhir/r4.js';

/** One row, as the settings of a Proxy have it. */
export interface MessageEvent {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
  /**
   * `consequence`: done twice it would do harm, so the same message in another Bundle is refused. `currency`,
   * `notification`: it is taken once more.
   */
  readonly category: 'consequence' | 'currency' | 'notification';
  /** Whether its receiver answers. */
  readonly response: 'always' | 'on-error' | 'never' | 'on-success';
  /** The service-interaction id under which the directory has its receivers; absent: none has an endpoint for it. */
  readonly interaction?: string;
  /** The workflow of MESH; absent: no mailbox takes it. */
  readonly workflow?: string;
  /** The workflow of its answers; absent: the same. */
  readonly answerWorkflow?: string;
}

/** How a message names its event: a Coding, or a URI that is system and code in one. */
export type EventName =
  { readonly system: string; readonly code: string; readonly display?: string } | string;

export function eventNamed(
  events: readonly MessageEvent[],
  name: EventName,
): MessageEvent | undefined {
  return events.find(({ system, code }) =>
    typeof name === 'string'
      ? [`${system}#${code}`, `${system}|${code}`, `${system}/${code}`].includes(name)
      : name.system === system && name.code === code,
  );
}

export interface StatementOptions {
  /** The absolute address of the API. */
  readonly base: string;
  readonly version: string;
  /** As FHIR dateTime. */
  readonly date: string;
  readonly events: readonly MessageEvent[];
  /** Minutes for which a message is known again. */
  readonly reliableCache: number;
}

/** What the API takes, and for how long it knows a repeat. */
export function messagingStatement(options: StatementOptions): CapabilityStatement {
  const { base, version, date, events, reliableCache } = options;
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date,
    kind: 'instance',
    software: { name: 'Gatehouse', version },
    implementation: { description: 'FHIR messages to systems and mailboxes', url: base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    messaging: [
      {
        endpoint: [
          {
            protocol: {
              system: 'http://terminology.hl7.org/CodeSystem/message-transport',
              code: 'http',
            },
            address: `${base}/$process-message`,
          },
        ],
        reliableCache,
        documentation:
          'A Bundle and a MessageHeader with ids that were seen before are answered as before. The same MessageHeader in a new Bundle is refused where the category is consequence, else taken once more; another MessageHeader in a Bundle that was seen is an error.',
        supportedMessage: events.map((event) => ({
          mode: 'receiver' as const,
          definition: definitionUrl(base, event),
        })),
      },
    ],
  };
}

/** @returns undefined when there is no such event */
export function definitionOf(
  { base, date, events }: Pick<StatementOptions, 'base' | 'date' | 'events'>,
  id: string,
): MessageDefinition | undefined {
  const event = events.find(({ code }) => code === id);
  if (!event) return undefined;
  const { system, code, display, category, response } = event;
  return {
    resourceType: 'MessageDefinition',
    id,
    url: definitionUrl(base, event),
    status: 'active',
    date,
    eventCoding: { system, code, ...(display === undefined ? {} : { display }) },
    category,
    responseRequired: response,
  };
}

function definitionUrl(base: string, { code }: MessageEvent): string {
  return `${base}/MessageDefinition/${code}`;
}
