/**
 * MESH as it is shipped: its Api with its Proxies as data, and the policy that finds out which mailbox calls. In integration
 * (UAT) a client certificate is needed besides the token. What becomes of messages is spine/mesh's.
 */
import type { Caller, Exchange } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { proveCaller, type AccessOptions } from '../spine/mesh/access.ts';
import { explainingWhy } from '../spine/mesh/errors.ts';
import type { Mailbox } from '../spine/mesh/mailboxes.ts';
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { PolicyUse } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import type { PolicyKind } from './gateway/policy.ts';

export const meshApiId = 'mesh';
const meshBase = '/messageexchange';
/** Where older clients look mailboxes up. */
const legacyBase = '/endpointlookup';

/** The name of its form of refusals. */
export const meshFaults = 'mesh';

const limits: readonly PolicyUse[] = [
  { policy: 'spike-arrest', config: { rate: 1_000, per: 'second', burst: 1_000 } },
  { policy: 'product-limits' },
];

const policies: Readonly<Record<'sandbox' | 'uat', readonly PolicyUse[]>> = {
  sandbox: [
    { policy: 'mesh-caller', config: { lookups: 'open', explain: true, administration: true } },
    ...limits,
  ],
  uat: [
    { policy: 'client-certificate' },
    { policy: 'mesh-caller', config: { explain: true } },
    ...limits,
  ],
};

/** In the sandbox and in integration. @param specification its OpenAPI document as JSON text */
export function shippedMesh(specification: string): BuiltInApi {
  return {
    api: {
      id: meshApiId,
      title: 'Message Exchange for Social Care and Health (MESH)',
      description: 'Leave messages in mailboxes of others, and fetch those in your own.',
      owner: 'DEMO1',
      contact: shippedContact,
      technology: 'rest',
      sensitive: true,
      status: 'live',
    },
    specification,
    proxies: (['sandbox', 'uat'] as const).flatMap((environment) =>
      [
        { name: meshApiId, base: meshBase },
        { name: `${meshApiId}-lookup`, base: legacyBase },
        ...(environment === 'sandbox' ? [{ name: `${meshApiId}-admin`, base: '/admin' }] : []),
      ].map(({ name, base }) => ({
        ...{ name, environment },
        definition: {
          base,
          backend: { kind: 'service' as const, service: meshApiId },
          faults: meshFaults,
          policies: policies[environment],
        },
      })),
    ),
  };
}

/** Which Api alone may end in the service. */
export const meshServiceApis: Readonly<Record<string, string>> = { [meshApiId]: meshApiId };

interface CallerConfig {
  readonly lookups: 'open' | 'certificate';
  readonly explain: boolean;
  readonly administration: boolean;
}

/** The policies that are its own. */
export function meshKinds(access: AccessOptions): Readonly<Record<string, PolicyKind>> {
  return {
    'mesh-caller': {
      phase: 'authenticate',
      summary:
        'Which mailbox of MESH calls: the NHSMESH token proves it. Look-ups of mailboxes need a client certificate or a token instead, or nothing where they are open.',
      schema: {
        type: 'object',
        additionalProperties: false,
        properties: {
          lookups: {
            enum: ['open', 'certificate'],
            default: 'certificate',
            description: 'Who may look mailboxes up: everyone, or who has a certificate or a token',
          },
          explain: {
            type: 'boolean',
            default: false,
            description:
              'Whether a refused token is answered with its reason in X-Gatehouse-Why; for environments in which people test',
          },
          administration: {
            type: 'boolean',
            default: false,
            description:
              'Whether anybody may empty mailboxes and plant reports below /admin, as public tests of clients do; in the sandbox only',
          },
        },
      },
      check: (config, { environment }) =>
        callerConfig(config).administration && environment !== 'sandbox'
          ? ['administration: mailboxes are emptied by anybody in the sandbox only']
          : [],
      create: (config) => (next) => async (exchange) => {
        const settings = callerConfig(config);
        try {
          const caller = await callerOf(access, exchange, settings);
          exchange.facts.caller = caller;
          return await next(exchange.with({ caller }));
        } catch (error) {
          throw settings.explain ? explainingWhy(error) : error;
        }
      },
    },
  };
}

function callerConfig(config: object): CallerConfig {
  return config as CallerConfig; // the schema has filled it in
}

async function callerOf(
  access: AccessOptions,
  exchange: Exchange,
  { lookups, administration }: CallerConfig,
): Promise<Caller> {
  const first = exchange.path.split('/')[1] ?? '';
  if (isAdministration(exchange, first)) {
    if (administration) return anybody;
    throw new Problem('not-found', 'Nothing at this path');
  }
  if (!isLookUp(exchange, first))
    return asCaller((await proveCaller(access, exchange, first)).mailbox);
  const certificate = exchange.peer.certificate?.fault === undefined && exchange.peer.certificate;
  if (lookups === 'open' || certificate) return anybody;
  const named = /^NHSMESH ([^:\s]{1,64}):/.exec(exchange.headers.authorization ?? '')?.[1] ?? '';
  return asCaller((await proveCaller(access, exchange, named)).mailbox);
}

/** What public tests of clients ask of a server for tests. */
function isAdministration({ facts }: Exchange, first: string): boolean {
  return first === 'admin' || facts.proxy?.endsWith(`.${meshApiId}-admin`) === true;
}

/** The legacy Proxy serves nothing else. */
function isLookUp({ facts }: Exchange, first: string): boolean {
  const isLegacy = facts.proxy?.endsWith(`.${meshApiId}-lookup`) === true;
  return isLegacy || first === 'endpointlookup' || first === 'workflowsearch';
}

function asCaller({ id, app }: Mailbox): Caller {
  return {
    ...{ appId: app ?? `mailbox ${id}`, appName: `Mailbox ${id}`, mode: 'app', scopes: [] },
    grants: new Set(),
  };
}

const anybody: Caller = {
  ...{ appId: 'anybody', appName: 'Anybody', mode: 'app', scopes: [] },
  grants: new Set(),
};
