/**
 * The signing keys of identity providers, found through their discovery documents; kept for a day and asked for again
 * when a `kid` is unknown, at most every 30 seconds. Owns that; what is verified with them, the rules say.
 */
import { checker } from '../../core/schema.ts';
import type { PublicJwk } from '../catalogue/apps.ts';
import type { IdentityProvider } from './providers.ts';
import { toVerifyingKeys, type VerifyingKey } from './signature.ts';

/** Reads JSON from a provider named by the operator. Rejects when it cannot be read. */
export type FetchProvider = (url: string) => Promise<unknown>;

export interface ProviderKeys {
  /** The keys of a provider, read again when none bears this `kid`. Rejects when they cannot be read. */
  keysOf(provider: IdentityProvider, kid: string): Promise<readonly VerifyingKey[]>;
}

const keptFor = 24 * 3_600_000;
const askedEvery = 30_000;

const checkDiscovery = checker<{ issuer: string; jwks_uri: string }>({
  type: 'object',
  required: ['issuer', 'jwks_uri'],
  properties: { issuer: { type: 'string' }, jwks_uri: { type: 'string', maxLength: 2000 } },
});
/** A key as a provider publishes it: of any kind, with or without a name. */
interface PublishedKey {
  readonly kty: string;
  readonly kid?: string;
  readonly use?: string;
  readonly n?: string;
  readonly e?: string;
}

const checkKeys = checker<{ keys: readonly PublishedKey[] }>({
  type: 'object',
  required: ['keys'],
  properties: {
    keys: {
      type: 'array',
      maxItems: 100,
      items: { type: 'object', required: ['kty'], properties: { kid: { type: 'string' } } },
    },
  },
});

interface Kept {
  readonly at: number;
  readonly keys: readonly VerifyingKey[];
}

export function createProviderKeys(fetch: FetchProvider, now: () => number): ProviderKeys {
  const kept = new Map<string, Kept>();
  const running = new Map<string, Promise<Kept>>();
  const failed = new Map<string, { readonly at: number; readonly error: unknown }>();
  const read = async ({ issuer }: IdentityProvider): Promise<Kept> => {
    const document = checkDiscovery(await fetch(`${issuer}/.well-known/openid-configuration`));
    if (document.issuer !== issuer) throw new Error('the discovery document names another issuer');
    const { keys } = checkKeys(await fetch(document.jwks_uri));
    return { at: now(), keys: toVerifyingKeys(keys.flatMap(usable)) };
  };
  const refresh = (provider: IdentityProvider): Promise<Kept> => {
    const known = running.get(provider.issuer);
    if (known) return known;
    const reading = read(provider)
      .then((fresh) => {
        kept.set(provider.issuer, fresh);
        failed.delete(provider.issuer);
        return fresh;
      })
      .catch((error: unknown) => {
        failed.set(provider.issuer, { at: now(), error });
        throw error;
      })
      .finally(() => running.delete(provider.issuer));
    running.set(provider.issuer, reading);
    return reading;
  };
  return {
    async keysOf(provider, kid) {
      const known = kept.get(provider.issuer);
      const age = known ? now() - known.at : Infinity;
      const has = known?.keys.some((key) => key.kid === kid) ?? false;
      if (known && age < keptFor && (has || age < askedEvery)) return known.keys;
      const fault = failed.get(provider.issuer);
      if (fault && now() - fault.at < askedEvery) {
        // Anybody can name an unknown key: a provider that is away is not asked for each of them.
        if (known && age < keptFor) return known.keys;
        throw fault.error;
      }
      return (await refresh(provider)).keys;
    },
  };
}

/** The RSA keys with a name that sign; what else a provider publishes is none of ours. */
function usable({ kty, kid, use, n, e }: PublishedKey): readonly PublicJwk[] {
  const signs = use === undefined || use === 'sig';
  if (kty !== 'RSA' || !signs || kid === undefined || n === undefined || e === undefined) return [];
  return [{ kty, kid, n, e }];
}
