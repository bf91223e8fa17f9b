/**
 * How an Api may be called, read from the policies that really run: the access patterns and what each asks of a caller.
 * Pure. Owns which policy means which pattern; how a token is got in code is the snippets'.
 */
import { objectOf, listOf } from '../catalogue/openapi/document.ts';
import type { PolicyUse } from '../catalogue/proxies.ts';

export const accessPatterns = [
  'open',
  'key',
  'app',
  'worker',
  'patient',
  'certificate',
  'mailbox',
  'organisation',
  'smartcard',
  'other',
] as const;

export type AccessPattern = (typeof accessPatterns)[number];

/** The page that takes one through each, from nothing to an answer; those without one are told about in guides. */
export const accessTutorials: Readonly<Partial<Record<AccessPattern, string>>> = {
  open: '/security/open',
  key: '/security/api-key',
  app: '/security/signed-jwt',
  worker: '/security/healthcare-worker',
  patient: '/security/patient',
  certificate: '/security/mutual-tls',
  mailbox: '/technologies/mesh',
  organisation: '/guides/directory-routing',
  smartcard: '/guides/user-context',
};

/** What each is called, and asks. */
export const accessWords: Readonly<
  Record<AccessPattern, { readonly title: string; readonly needs: string }>
> = {
  open: {
    title: 'Open access',
    needs: 'Nothing: anybody may call.',
  },
  key: {
    title: 'Application-restricted, API key',
    needs: 'The key of an app that is registered for this environment, in a header of each call.',
  },
  app: {
    title: 'Application-restricted, signed JWT',
    needs:
      'An access token for the app: it signs a JSON Web Token with its private key and exchanges it at the token address.',
  },
  worker: {
    title: 'User-restricted, healthcare worker',
    needs:
      'An access token for a healthcare worker, who signs in with NHS CIS2 and sends your app a code.',
  },
  patient: {
    title: 'User-restricted, patient',
    needs: 'An access token for a patient, who signs in with NHS login and sends your app a code.',
  },
  certificate: {
    title: 'Accredited system, client certificate',
    needs:
      'A client certificate of an accredited system of this environment, on the address for mutual TLS.',
  },
  mailbox: {
    title: 'Mailbox',
    needs:
      'The id and password of a mailbox and the shared key of the environment, of which each call makes a fresh NHSMESH token.',
  },
  organisation: {
    title: 'Cross-organisation token',
    needs: 'A token that the calling system makes itself and that says who asks, and for what.',
  },
  smartcard: {
    title: 'Smartcard user',
    needs: 'A token of the user-context service for somebody who signed in with a smartcard.',
  },
  other: {
    title: 'Another way',
    needs: 'A policy of this installation decides who may call; its documentation says how.',
  },
};

/** How a Proxy may be called. */
export interface Access {
  readonly patterns: readonly AccessPattern[];
  /** The header that an API key goes into, for pattern `key`. */
  readonly keyHeader?: string;
}

/** The access of a Proxy with these policies. */
export function accessOf(policies: readonly PolicyUse[]): Access {
  const found = policies.flatMap(patternsOf);
  const patterns = accessPatterns.filter((one) => found.includes(one));
  return {
    patterns: patterns.length > 0 ? patterns : ['other'],
    ...(patterns.includes('key') ? { keyHeader: keyHeaderOf(policies) } : {}),
  };
}

function patternsOf({ policy, config = {} }: PolicyUse): readonly AccessPattern[] {
  switch (policy) {
    case 'open':
    case 'open-lane':
    case 'sds-open-lane':
      return ['open'];
    case 'api-key':
      return ['key'];
    case 'token':
      return modesOf(config.modes);
    case 'pds-caller':
      return ['app', 'worker', 'patient', 'certificate'];
    case 'any-of':
      return alternativesOf(config).flatMap(patternsOf);
    case 'client-certificate':
    case 'accredited-system':
      return ['certificate'];
    case 'spine-sender':
    case 'ssp-sender':
    case 'sso-system':
      return [config.open === true ? 'open' : 'certificate'];
    case 'mesh-caller':
      return ['mailbox'];
    case 'cross-organisation-jwt':
      return ['organisation'];
    case 'smartcard-token':
      return ['smartcard'];
    default:
      return [];
  }
}

const modes: readonly AccessPattern[] = ['app', 'worker', 'patient'];

function modesOf(given: unknown): readonly AccessPattern[] {
  const named = listOf(given);
  return named.length === 0 ? modes : modes.filter((one) => named.includes(one));
}

function alternativesOf(config: Readonly<Record<string, unknown>>): readonly PolicyUse[] {
  return listOf(config.alternatives).flatMap((one) => {
    const { policy, config: inner } = objectOf(one);
    return typeof policy === 'string' ? [{ policy, config: objectOf(inner) }] : [];
  });
}

/** `apikey` where it is taken, for national examples use it. */
function keyHeaderOf(policies: readonly PolicyUse[]): string {
  const uses = [...policies, ...policies.flatMap(({ config = {} }) => alternativesOf(config))];
  const headers = listOf(uses.find(({ policy }) => policy === 'api-key')?.config?.headers);
  const [first = 'apikey'] = headers.filter((one) => typeof one === 'string');
  return headers.length === 0 || headers.includes('apikey') ? 'apikey' : first;
}
