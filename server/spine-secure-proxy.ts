/**
 * The Spine Secure Proxy as it is shipped: its Api, and its Proxies as data. The published form of its addresses is
 * `<proxy>/https://<provider base>/<path>`; the proxy is this Api's base. In the sandbox senders are believed and may call
 * without a certificate; in integration (UAT) a certificate must be theirs. Checks and texts are the gateway's (ssp.ts).
 */
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { PolicyUse, ProxyDefinition } from './catalogue/proxies.ts';
import { shippedContact } from './catalogue/shipped-contact.ts';
import { directoryView } from './directory-views.ts';

const sspApiId = 'spine-secure-proxy';
const sspBase = '/spine-secure-proxy';
/** The name of its form of refusals. */
export const sspFaults = 'spine-secure-proxy';

const limits: readonly PolicyUse[] = [
  { policy: 'spike-arrest', config: { rate: 100, per: 'second', burst: 100 } },
  { policy: 'product-limits' },
];

const definitions: Readonly<Record<'sandbox' | 'uat', ProxyDefinition>> = {
  sandbox: {
    base: sspBase,
    backend: { kind: 'spine-secure-proxy' },
    faults: sspFaults,
    policies: [
      { policy: 'request-ids' },
      { policy: 'common-view', config: { name: directoryView('sandbox') } },
      { policy: 'ssp-sender', config: { open: true } },
      ...limits,
    ],
  },
  uat: {
    base: sspBase,
    backend: { kind: 'spine-secure-proxy' },
    faults: sspFaults,
    policies: [
      { policy: 'request-ids' },
      { policy: 'common-view', config: { name: directoryView('uat') } },
      { policy: 'ssp-sender' },
      ...limits,
    ],
  },
};

export function shippedSsp(): BuiltInApi {
  return {
    api: {
      id: sspApiId,
      title: 'Spine Secure Proxy',
      description: 'Call the FHIR API of another organisation’s system, as the directory has it.',
      owner: 'DEMO1',
      contact: shippedContact,
      technology: 'fhir',
      sensitive: true,
      status: 'live',
    },
    proxies: (['sandbox', 'uat'] as const).map((environment) => ({
      name: sspApiId,
      environment,
      definition: definitions[environment],
    })),
  };
}
