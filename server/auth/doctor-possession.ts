/**
 * Who made a JWT, whatever its header says of it: tries the keys registered for a client. The proof by which the doctor
 * tells an app's facts to those who hold its key and to nobody else.
 */
import type { Catalogue, Client } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import { textOf, type DecodedJwt } from './jwt.ts';
import type { KeySets } from './key-sets.ts';
import { isSignedBy, type SigningAlgorithm, type VerifyingKey } from './signature.ts';

export interface Maker {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
}

const rsa: readonly SigningAlgorithm[] = ['RS512', 'RS384', 'RS256'];
const ec: readonly SigningAlgorithm[] = ['ES384', 'ES256'];

/** The key among these that has signed, with the algorithm it was used with; undefined when it is none of them. */
export function makerOf(jwt: DecodedJwt, keys: readonly VerifyingKey[]): Maker | undefined {
  for (const key of keys)
    for (const algorithm of key.kty === 'RSA' ? rsa : ec)
      if (isSignedBy(jwt, key, algorithm)) return { kid: key.kid, algorithm };
  return undefined;
}

/** The client that a JWT names, if that is one of another environment and its key has signed. */
export async function provenElsewhere(
  jwt: DecodedJwt,
  environment: Environment,
  { catalogue, keySets }: { readonly catalogue: Catalogue; readonly keySets: KeySets },
): Promise<Client | undefined> {
  const client = catalogue.client(textOf(jwt.claims, 'iss') ?? '');
  if (!client || client.environment === environment) return undefined;
  return makerOf(jwt, await keysAt(jwt, client, keySets)) ? client : undefined;
}

/** The keys of a client; none when nobody answers at their address, or none is registered. */
export async function keysAt(
  { header }: DecodedJwt,
  client: Client,
  keySets: KeySets,
): Promise<readonly VerifyingKey[]> {
  return keySets.keysOf(client, textOf(header, 'kid') ?? '').catch(() => []);
}
