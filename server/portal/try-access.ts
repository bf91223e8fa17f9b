/**
 * How an operation lets callers in, in one environment, as choices of a drop-down: what the policies of its Proxy ask for,
 * and whose sign-in the Products that cover it name in their scopes. Owns that reading; the gateway judges for itself.
 */
import type { Product } from '../catalogue/products.ts';
import type { Hub } from './hub-parts.ts';
import type { TryPlace } from './try-places.ts';
import type { SignInKind } from './try-ports.ts';

/** `none`: nobody is asked; `app`: a signed JWT; the two sign-ins; `certificate`: mutual TLS. */
export type Access = 'none' | 'app' | SignInKind | 'certificate';

export const accessWords: Readonly<Record<Access, string>> = {
  none: 'None: open access, or the subscription key alone',
  app: 'Application-restricted: a signed JWT of the app',
  'nhs-cis2': 'User-restricted: a healthcare worker signs in (CIS2)',
  'nhs-login': 'User-restricted: a patient signs in (NHS login)',
  certificate: 'Mutual TLS: a client certificate of the app',
};

/** The policies by which one gets in, with what of ours each takes. Those of other parts may take a token. */
const ways: Readonly<Record<string, readonly ('none' | 'token' | 'certificate')[]>> = {
  open: ['none'],
  'open-lane': ['none', 'token', 'certificate'],
  'sds-open-lane': ['none', 'token'],
  'api-key': ['none'],
  token: ['token'],
  'pds-caller': ['token', 'certificate'],
  'client-certificate': ['certificate'],
  'accredited-system': ['certificate'],
  'spine-sender': ['none', 'certificate'],
  'ssp-sender': ['none', 'certificate'],
  'mesh-caller': ['none', 'certificate'],
  'sso-system': ['none', 'certificate'],
  'cross-organisation-jwt': ['none'],
};

/** The choices, the most usual first; never empty. */
export function accessesAt(hub: Hub, { proxy, definition }: TryPlace): readonly Access[] {
  const named = definition.policies.flatMap(({ policy, config = {} }) => [
    policy,
    ...(policy === 'any-of' ? alternatives(config) : []),
  ]);
  const taken = new Set(named.flatMap((one) => ways[one] ?? []));
  const products = productsOf(hub, proxy.api);
  const gives = (part: string) => products.some((one) => givesPart(one, part));
  const found: Access[] = [
    ...(taken.has('none') ? (['none'] as const) : []),
    ...(taken.has('token') && gives(scopeParts.app) ? (['app'] as const) : []),
    ...(taken.has('token') && gives(scopeParts['nhs-cis2']) ? (['nhs-cis2'] as const) : []),
    ...(taken.has('token') && gives(scopeParts['nhs-login']) ? (['nhs-login'] as const) : []),
    ...(taken.has('certificate') && hub.tryIt.listensForCertificates(proxy.environment)
      ? (['certificate'] as const)
      : []),
  ];
  return found.length === 0 ? ['none'] : found;
}

function alternatives({
  alternatives: given,
}: Readonly<Record<string, unknown>>): readonly string[] {
  if (!Array.isArray(given)) return [];
  return given.flatMap((one: unknown) =>
    typeof one === 'object' && one !== null && 'policy' in one ? [String(one.policy)] : [],
  );
}

/** What stands in the scopes of a Product that gives tokens of a kind. */
const scopeParts = {
  app: ':app:level3:',
  'nhs-cis2': ':user-nhs-cis2:',
  'nhs-login': ':user-nhs-login:',
} as const;

function productsOf({ catalogue }: Hub, api: string): readonly Product[] {
  return [...catalogue.products()].filter(({ apis }) => apis.includes(api));
}

function givesPart({ scopes }: Product, part: string): boolean {
  return scopes.some((scope) => scope.includes(part));
}

/** The Products that would give an App this way in, when none of those it holds does; none when it is given already. */
export function notGiven(
  hub: Hub,
  api: string,
  access: Access,
  held: readonly Product[],
): readonly Product[] {
  if (access === 'none' || access === 'certificate') return [];
  const part = scopeParts[access];
  if (held.some((one) => givesPart(one, part))) return [];
  return productsOf(hub, api).filter((one) => givesPart(one, part));
}

/** Whether somebody has to sign in. */
export function isSignIn(access: Access): access is SignInKind {
  return access === 'nhs-cis2' || access === 'nhs-login';
}
