/**
 * Spine messaging as it is shipped: its Apis with their Proxies as data, and the policy that asks who sends. In the sandbox
 * whoever calls is believed to be the system that a message names, which must be in the directory all the same; in
 * integration (UAT) a certificate must be that system's. What is asked of messages is spine/mhs's.
 */
import type { Exchange } from '../core/exchange.ts';
import type { Api } from './catalogue/apis.ts';
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { PolicyUse } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import { directoryView } from './directory-views.ts';
import { believing, isBelieved } from './gateway/policies/believed.ts';
import { certificateMissing } from './gateway/policies/client-certificate.ts';
import type { PolicyKind } from './gateway/policy.ts';

/** The Apis, each of which ends in the service of its name. */
export const syncApiId = 'spine-sync';
export const asyncApiId = 'spine-async';
export const pollingApiId = 'spine-polling';
export const itkApiId = 'spine-itk';
export const inboundApiId = 'spine-inbound';

/** The names of their forms of refusals: SOAP faults as deployed clients compare them, and those of the toolkit. */
export const spineFaults = 'spine';
export const toolkitFaults = 'itk';

/** A base path, and the name of the Proxy that serves it. */
interface Face {
  readonly name: string;
  readonly base: string;
}

const syncFaces: readonly Face[] = [
  { name: syncApiId, base: '/sync-service' },
  { name: `${syncApiId}-pds`, base: '/syncservice-pds/pds' },
];

/** The polling front whose clients are those of summaries. */
export const summaryBase = '/clinical';

const pollingFaces: readonly Face[] = [
  { name: pollingApiId, base: '/Prescription' },
  { name: `${pollingApiId}-clinical`, base: summaryBase },
];

const itkFaces: readonly Face[] = [{ name: itkApiId, base: '/smsp/pds' }];

const asyncFaces: readonly Face[] = [{ name: asyncApiId, base: '/reliablemessaging' }];

const inboundFaces: readonly Face[] = [{ name: inboundApiId, base: '/spine-inbound' }];

const limits: readonly PolicyUse[] = [
  { policy: 'spike-arrest', config: { rate: 200, per: 'second', burst: 200 } },
  { policy: 'product-limits' },
];

const policies: Readonly<Record<'sandbox' | 'uat', readonly PolicyUse[]>> = {
  sandbox: [
    { policy: 'trace' },
    { policy: 'spine-sender', config: { open: true } },
    { policy: 'workspace' },
    ...limits,
  ],
  uat: [
    { policy: 'trace' },
    { policy: 'common-view', config: { name: directoryView('uat') } },
    { policy: 'spine-sender' },
    ...limits,
  ],
};

/** All of them, in the sandbox and in integration. */
export function shippedSpine(): readonly BuiltInApi[] {
  return [
    shipped(syncFaces, {
      id: syncApiId,
      title: 'Spine messaging, synchronous',
      description: 'Ask the national services in SOAP and HL7 V3 and be answered at once.',
    }),
    shipped(asyncFaces, {
      id: asyncApiId,
      title: 'Spine messaging, asynchronous',
      description: 'Send ebXML messages to the national services, or through them to others.',
    }),
    shipped(pollingFaces, {
      id: pollingApiId,
      title: 'Spine messaging, asynchronous with polling',
      description: 'Send ebXML messages to the national services and fetch the answers.',
    }),
    shipped(
      itkFaces,
      {
        id: itkApiId,
        title: 'Spine mini-services for demographics (ITK)',
        description:
          'Verify and find NHS numbers, and ask for details of patients, in envelopes of the Interoperability Toolkit.',
      },
      toolkitFaults,
    ),
    shipped(inboundFaces, {
      id: inboundApiId,
      title: 'Spine messaging, inbound',
      description: 'Answer what our own systems have asked of a service over Spine messages.',
    }),
  ];
}

/** Which Api alone may end in which service. */
export const spineServiceApis: Readonly<Record<string, string>> = {
  [syncApiId]: syncApiId,
  [asyncApiId]: asyncApiId,
  [pollingApiId]: pollingApiId,
  [itkApiId]: itkApiId,
  [inboundApiId]: inboundApiId,
};

function shipped(
  faces: readonly Face[],
  about: Pick<Api, 'id' | 'title' | 'description'>,
  form = spineFaults,
): BuiltInApi {
  return {
    api: {
      ...about,
      owner: 'DEMO1',
      contact: shippedContact,
      technology: 'soap',
      sensitive: true,
      status: 'live',
    },
    proxies: (['sandbox', 'uat'] as const).flatMap((environment) =>
      faces.map(({ name, base }) => ({
        ...{ name, environment },
        definition: {
          base,
          backend: { kind: 'service', service: about.id },
          faults: form,
          policies: policies[environment],
        },
      })),
    ),
  };
}

/** The policies that are these Apis' own. */
export const spineKinds: Readonly<Record<string, PolicyKind>> = {
  'spine-sender': {
    phase: 'authenticate',
    summary:
      'Takes messages of Spine: a client certificate is needed, and the service asks the directory whether it is that of the system which the message names. In a sandbox calls without one are believed.',
    ...believing('a sender'),
    create: (config) => (next) => (exchange) => {
      const missing = isBelieved(config, exchange) ? undefined : lacking(exchange);
      return missing ? Promise.reject(missing) : next(exchange);
    },
  },
};

function lacking(exchange: Exchange) {
  return certificateMissing(exchange);
}
