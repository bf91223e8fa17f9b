/**
 * Hello World: the smallest Api there is, once for each security pattern, with the paths and answers of the national one.
 * It shows what a Proxy needs for each, and is the first call of somebody new.
 */
import { routes } from '../core/routes.ts';
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { Environment } from './catalogue/environments.ts';
import type { PolicyUse } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import type { Service } from './gateway/backend.ts';

/** Greets whom its configuration names. */
export const helloService: Service = ({ config }) => {
  const body = JSON.stringify({ message: `Hello ${String(config.whom)}!` });
  return {
    handler: routes({
      'GET ': () =>
        Promise.resolve({ status: 200, headers: { 'content-type': 'application/json' }, body }),
    }),
  };
};

const patterns: readonly { name: string; path: string; whom: string; access: PolicyUse[] }[] = [
  {
    name: 'hello-world-open',
    path: 'world',
    whom: 'World',
    access: [
      { policy: 'open' },
      { policy: 'spike-arrest', config: { rate: 600, per: 'minute', by: 'address' } },
    ],
  },
  {
    name: 'hello-world-application',
    path: 'application',
    whom: 'Application',
    access: [{ policy: 'api-key', config: { clientId: true } }, { policy: 'product-limits' }],
  },
  {
    name: 'hello-world-user',
    path: 'user',
    whom: 'User',
    access: [
      { policy: 'token', config: { realm: 'hello-world', modes: ['worker', 'patient'] } },
      { policy: 'subscription' },
      { policy: 'product-limits' },
    ],
  },
];

/** Hello World as it is shipped: in the sandbox and in integration. */
export function helloWorld(specification: string): BuiltInApi {
  const environments: readonly Environment[] = ['sandbox', 'uat'];
  return {
    api: {
      id: 'hello-world',
      title: 'Hello World API',
      description: 'Try each security pattern: open, application-restricted and user-restricted.',
      owner: 'DEMO1',
      contact: shippedContact,
      technology: 'rest',
      sensitive: false,
      status: 'live',
    },
    specification,
    proxies: environments.flatMap((environment) =>
      patterns.map(({ name, path, whom, access }) => ({
        name,
        environment,
        definition: {
          base: `/hello-world/hello/${path}`,
          backend: { kind: 'service', service: 'hello', config: { whom } },
          policies: [{ policy: 'request-ids' }, { policy: 'cors' }, ...access],
        },
      })),
    ),
  };
}
