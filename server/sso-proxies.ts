/**
 * Smartcard sign-on as it is shipped: its Apis, with their Proxies as data. The identity agent is a workstation's and open; the
 * broker and user context ask which system calls, in the sandbox by its word, in integration (UAT) by its certificate; and one
 * greeting shows what a role lets in.
 */
import type { Api } from './catalogue/apis.ts';
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { PolicyUse } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import { directoryView } from './directory-views.ts';

export const agentApiId = 'identity-agent';
export const brokerApiId = 'security-broker';
export const contextApiId = 'user-context';
export const brokerBase = '/saml';

/** Clinical job roles of national RBAC: what the greeting is for. */
const clinical = ['S8000:*:*', 'S0010:*:*'];

const limits: readonly PolicyUse[] = [
  { policy: 'spike-arrest', config: { rate: 100, per: 'second', burst: 100 } },
];

type Tried = 'sandbox' | 'uat';

const system: Readonly<Record<Tried, readonly PolicyUse[]>> = {
  sandbox: [{ policy: 'sso-system', config: { open: true } }, { policy: 'workspace' }],
  uat: [
    { policy: 'common-view', config: { name: directoryView('uat') } },
    { policy: 'sso-system' },
  ],
};

export function shippedSso(): readonly BuiltInApi[] {
  return [
    shipped(
      {
        id: agentApiId,
        title: 'Identity agent',
        description: 'A workstation with a smartcard reader, simulated: sign in and get a ticket.',
        sensitive: false,
      },
      [face(agentApiId, '/identity-agent', () => [{ policy: 'open' }])],
    ),
    shipped(
      {
        id: brokerApiId,
        title: 'Security broker',
        description: 'The SAML role assertion for a ticket, and whether its session lives.',
        sensitive: true,
      },
      [face(brokerApiId, brokerBase, (environment) => system[environment])],
    ),
    shipped(
      {
        id: contextApiId,
        title: 'User context',
        description: 'Tokens that say who uses an application, in which national role.',
        sensitive: true,
      },
      [face(contextApiId, '/user-context', (environment) => system[environment]), greeting],
    ),
  ];
}

/** Which Api alone may end in which service. */
export const ssoServiceApis: Readonly<Record<string, string>> = {
  [agentApiId]: agentApiId,
  [brokerApiId]: brokerApiId,
  [contextApiId]: contextApiId,
};

interface Face {
  readonly name: string;
  readonly base: string;
  readonly service: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly access: (environment: Tried) => readonly PolicyUse[];
}

function face(name: string, base: string, access: Face['access']): Face {
  return { name, base, service: name, access };
}

const greeting: Face = {
  ...{ name: 'hello-world-clinician', base: '/hello-world/hello/clinician', service: 'hello' },
  config: { whom: 'Clinician' },
  access: () => [{ policy: 'smartcard-token' }, { policy: 'roles', config: { any: clinical } }],
};

function shipped(
  about: Pick<Api, 'id' | 'title' | 'description' | 'sensitive'>,
  faces: readonly Face[],
): BuiltInApi {
  return {
    api: {
      ...about,
      owner: 'DEMO1',
      contact: shippedContact,
      technology: 'rest',
      status: 'live',
    },
    proxies: (['sandbox', 'uat'] as const).flatMap((environment) =>
      faces.map(({ name, base, service, config, access }) => ({
        ...{ name, environment },
        definition: {
          base,
          backend: { kind: 'service', service, ...(config ? { config } : {}) },
          policies: [{ policy: 'request-ids' }, ...access(environment), ...limits],
        },
      })),
    ),
  };
}
