/**
 * The national events service as it is shipped: its Api with its two Proxies as data, one for event messages, one for
 * subscriptions. In the sandbox whoever calls is believed to be the system it names, which must be in the directory; in
 * integration (UAT) a certificate must be that system's. What becomes of events is spine/nems's.
 */
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { PolicyUse } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import { directoryView } from './directory-views.ts';

export const nemsApiId = 'nems';

/** Both lie below the base that the national service has; other APIs of STU3 are beside them. */
export const nemsStem = '/STU3';
export const eventsBase = `${nemsStem}/Events`;
const subscriptionBase = `${nemsStem}/Subscription`;

/** The name of its form of refusals. */
export const nemsFaults = 'nems';

const limits: readonly PolicyUse[] = [
  { policy: 'spike-arrest', config: { rate: 200, per: 'second', burst: 200 } },
  { policy: 'product-limits' },
];

export function shippedNems(): BuiltInApi {
  return {
    api: {
      id: nemsApiId,
      title: 'National Events Management Service (NEMS)',
      description: 'Publish events about patients, and have those you subscribe to delivered.',
      owner: 'DEMO1',
      contact: shippedContact,
      technology: 'fhir',
      sensitive: true,
      status: 'live',
    },
    proxies: (['sandbox', 'uat'] as const).flatMap((environment) =>
      [
        { name: nemsApiId, base: eventsBase },
        { name: `${nemsApiId}-subscriptions`, base: subscriptionBase },
      ].map(({ name, base }) => ({
        ...{ name, environment },
        definition: {
          base,
          backend: { kind: 'service' as const, service: nemsApiId },
          faults: nemsFaults,
          policies: [
            { policy: 'trace' },
            { policy: 'common-view', config: { name: directoryView(environment) } },
            { policy: 'nems-system', config: { open: environment === 'sandbox' } },
            ...limits,
          ],
        },
      })),
    ),
  };
}

/** Which Api alone may end in the service. */
export const nemsServiceApis: Readonly<Record<string, string>> = { [nemsApiId]: nemsApiId };
