/**
 * The memory of assertions at a token endpoint: each `jti` may be used once by its client (RFC 7523 3, item 7). A use is
 * the family that it gives, put under a name made of client and `jti`: claiming and granting are one write, and of all who
 * try exactly one wins. A use that gives nothing leaves a dead family there.
 */
import type { Store } from '../../core/store.ts';
import { familyCollection, isConflict, type Family } from './families.ts';
import { digest } from './tokens.ts';

export interface AssertionUses {
  /** Whether this client has used it; changes nothing. */
  seen(client: string, jti: string): Promise<boolean>;
  /** The name of the family that this use may give. */
  familyFor(client: string, jti: string): string;
  /** Spends a use that gives nothing, until `until`. */
  burn(client: string, jti: string, until: number): Promise<void>;
}

/** @param memory names the token endpoint: uses at one do not count at another. */
export function openAssertionUses(store: Store, memory: string): AssertionUses {
  const collection = store.open(familyCollection);
  // Lengths in front, so that no two triples make the same text.
  const familyFor = (client: string, jti: string) =>
    digest(`${memory} ${client.length} ${client} ${jti}`).slice(0, 16);
  return {
    familyFor,
    seen: async (client, jti) => (await collection.get(familyFor(client, jti))) !== undefined,
    async burn(client, jti, until) {
      try {
        await collection.put(familyFor(client, jti), nothing(client, until), { expected: 0 });
      } catch (error) {
        if (!isConflict(error)) throw error; // spent already
      }
    },
  };
}

function nothing(clientId: string, ends: number): Family {
  return {
    environment: 'sandbox',
    face: 'nhs',
    appId: '',
    clientId,
    grant: 'none',
    scopes: [],
    created: 0,
    ends,
    access: [],
    dead: { at: 0, why: 'nothing was granted' },
  };
}
