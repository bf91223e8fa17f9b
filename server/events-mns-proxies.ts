/**
 * The multicast notification service (MNS) as it is shipped: its Api with its Proxies as data. The sandbox lets in whoever
 * calls, as the national one does, and judges a token that is sent; in integration (UAT) the token of an application is
 * compulsory. What becomes of events is spine/events'.
 */
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { PolicyUse } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import { integrationWorkspace } from './pds-proxies.ts';

/** The Api, its name in national scopes, and its realm. */
export const mnsApiId = 'multicast-notification-service';
export const mnsBase = `/${mnsApiId}`;

/** The name of its form of refusals. */
export const mnsFaults = 'mns';

const ids: PolicyUse = { policy: 'request-ids', config: { check: false } };

const limits: readonly PolicyUse[] = [
  { policy: 'spike-arrest', config: { rate: 200, per: 'second', burst: 200 } },
  { policy: 'product-limits' },
];

const policies: Readonly<Record<'sandbox' | 'uat', readonly PolicyUse[]>> = {
  sandbox: [
    ids,
    { policy: 'token', config: { optional: true } },
    { policy: 'workspace' },
    ...limits,
  ],
  uat: [
    ids,
    { policy: 'common-view', config: { name: integrationWorkspace } },
    { policy: 'token', config: { modes: ['app'] } },
    { policy: 'subscription', config: { refuse: 'national' } },
    ...limits,
  ],
};

/** @param specification its OpenAPI document as JSON text */
export function shippedMns(specification: string): BuiltInApi {
  return {
    api: {
      id: mnsApiId,
      title: 'Multicast Notification Service (MNS)',
      description: 'Publish events, and have those you subscribe to delivered.',
      owner: 'DEMO1',
      contact: shippedContact,
      technology: 'rest',
      sensitive: true,
      status: 'live',
    },
    specification,
    proxies: (['sandbox', 'uat'] as const).map((environment) => ({
      name: mnsApiId,
      environment,
      definition: {
        base: mnsBase,
        backend: { kind: 'service' as const, service: mnsApiId },
        faults: mnsFaults,
        policies: policies[environment],
      },
    })),
  };
}

/** Which Api alone may end in the service. */
export const mnsServiceApis: Readonly<Record<string, string>> = { [mnsApiId]: mnsApiId };
