/**
 * FHIR messaging as it is shipped: its Api with its Proxies and the events it carries as data, and the check of such settings.
 * In the sandbox everybody may send; in integration (UAT) an application's token is compulsory. What becomes of messages is
 * spine/fhir-messaging's.
 */
import { Schemas } from '../core/schema.ts';
import type { MessageEvent } from '../spine/fhir-messaging/events.ts';
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { PolicyUse } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import type { ConfigFault } from './gateway/backend.ts';
import { integrationWorkspace } from './pds-proxies.ts';

export const messagingApiId = 'fhir-messaging';
const messagingBase = '/fhir-messaging/FHIR/R4';

/** The name of its form of refusals. */
export const messagingFaults = 'fhir-messaging';

/** Settings of a Proxy that ends in the service. */
export interface MessagingConfig {
  readonly events: readonly MessageEvent[];
  /** Minutes that a message is known again. */
  readonly reliableCache: number;
  /** Seconds that a caller is kept waiting for an answer. */
  readonly patience: number;
}

const interaction = 'urn:nhs:names:services:gatehouse:fhir:operation:process-message-1';
const system = 'https://gatehouse.test/events';

/** Those of a new installation; whoever deploys another revision names their own. */
const events: readonly MessageEvent[] = [
  {
    ...{ system, code: 'ambulance-handover', display: 'A patient is on the way' },
    ...{ category: 'notification', response: 'always', interaction },
  },
  {
    ...{ system, code: 'discharge-summary', display: 'A patient has left hospital' },
    ...{ category: 'consequence', response: 'on-error', interaction },
    workflow: 'TOC_FHIR_IP_DISCH',
  },
  {
    ...{ system, code: 'record-update', display: 'What a practice may take into its record' },
    ...{ category: 'consequence', response: 'always', interaction },
    ...{ workflow: 'GPCONNECT_UPDATE_RECORD', answerWorkflow: 'GPCONNECT_UPDATE_RECORD_ACK' },
  },
];

const config: MessagingConfig = { events, reliableCache: 24 * 60, patience: 20 };

const limits: readonly PolicyUse[] = [
  { policy: 'spike-arrest', config: { rate: 100, per: 'second', burst: 100 } },
  { policy: 'product-limits' },
];

const policies: Readonly<Record<'sandbox' | 'uat', readonly PolicyUse[]>> = {
  sandbox: [
    { policy: 'request-ids' },
    { policy: 'cors' },
    { policy: 'token', config: { optional: true } },
    ...limits,
  ],
  uat: [
    { policy: 'request-ids' },
    { policy: 'cors' },
    { policy: 'common-view', config: { name: integrationWorkspace } },
    { policy: 'token' },
    { policy: 'subscription', config: { refuse: 'national' } },
    ...limits,
  ],
};

/** In the sandbox and in integration. @param specification its OpenAPI document as JSON text */
export function shippedMessaging(specification: string): BuiltInApi {
  return {
    api: {
      id: messagingApiId,
      title: 'FHIR messaging',
      description:
        'Send FHIR messages to organisations: to the systems that the directory has, or to mailboxes.',
      owner: 'DEMO1',
      contact: shippedContact,
      technology: 'fhir',
      sensitive: true,
      status: 'live',
    },
    specification,
    proxies: (['sandbox', 'uat'] as const).map((environment) => ({
      name: messagingApiId,
      environment,
      definition: {
        base: messagingBase,
        backend: { kind: 'service', service: messagingApiId, config: { ...config } },
        faults: messagingFaults,
        policies: policies[environment],
      },
    })),
  };
}

const word = { type: 'string', minLength: 1, maxLength: 300, pattern: '^\\S+$' };

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['events'],
  properties: {
    events: {
      type: 'array',
      minItems: 1,
      maxItems: 500,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['system', 'code', 'category', 'response'],
        anyOf: [{ required: ['interaction'] }, { required: ['workflow'] }],
        properties: {
          system: word,
          code: { type: 'string', pattern: '^[A-Za-z0-9.-]{1,64}$' },
          display: { type: 'string', minLength: 1, maxLength: 300 },
          category: { enum: ['consequence', 'currency', 'notification'] },
          response: { enum: ['always', 'on-error', 'never', 'on-success'] },
          interaction: word,
          workflow: word,
          answerWorkflow: word,
        },
      },
    },
    reliableCache: { type: 'integer', minimum: 2, maximum: 43_200, default: config.reliableCache },
    patience: { type: 'integer', minimum: 1, maximum: 50, default: config.patience },
  },
};

const check = new Schemas([], { allErrors: true }).faults(schema);

/** What is wrong with settings, before a revision is made of them. */
export function messagingConfigFaults(
  given: Readonly<Record<string, unknown>>,
): readonly ConfigFault[] {
  return check(given).map(({ path, message }) => ({ at: `/${path.join('/')}`, message }));
}

/** Settings that were checked, with what they leave out. */
export function messagingConfig(given: Readonly<Record<string, unknown>>): MessagingConfig {
  return { ...config, ...(given as Partial<MessagingConfig>) }; // the schema describes it
}
