/** Which keys may not have a certificate: those that became known to others, and those of other systems. */
import type { Store } from '../core/store.ts';
import { burntKeyCollection, isConflict, type BurntKey } from './burnt-keys.ts';
import type { Known } from './known.ts';

export interface KeyHistory {
  /** No certificate is given for this key any more. @param spki SHA-256 of the SubjectPublicKeyInfo, base64url @param why a sentence */
  burn(spki: string, why: string): Promise<void>;
  /** Why a system may not have a certificate for this key; undefined: it may. */
  fault(
    spki: string,
    holder: { readonly partyKey: string; readonly environment: string },
  ): Promise<string | undefined>;
}

export function openKeyHistory(store: Pick<Store, 'open'>, known: Known): KeyHistory {
  const burnt = store.open<BurntKey>(burntKeyCollection);
  return {
    async burn(spki, why) {
      try {
        await burnt.put(spki, { spki, why }, { expected: 0, by: 'certs' });
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    },
    async fault(spki, { partyKey, environment }) {
      const fire = await burnt.get(spki);
      if (fire)
        return `a new key is expected, and this one must not be used any more: ${fire.value.why}`;
      const isOther = known
        .withKey(spki)
        .some((one) => one.partyKey !== partyKey || one.environment !== environment);
      return isOther
        ? 'a key of its own is expected, and this one is in the certificate of another system'
        : undefined;
    },
  };
}
