/**
 * The files of authorities on several machines over one store: what the first machine makes all others get, sealed on its
 * way. Owns that way; what the files are is authority.ts's.
 */
import { Problem } from '../core/problem.ts';
import type { CollectionOf, Store } from '../core/store.ts';
import { isConflict } from './burnt-keys.ts';

/** Where machines find what another has made. Names are `<environment>/<file>`. */
export interface SharedFiles {
  /** The text that counts; undefined: nobody has offered one. @throws Problem `unavailable` when it cannot be opened */
  read(name: string): Promise<string | undefined>;
  /** Offers a text; gives the one that counts, which is the first that was offered. @throws as read */
  offer(name: string, text: string): Promise<string>;
}

/** Seals text for a place; opens it there only, else undefined. */
export interface FileSealer {
  seal(text: string, about: string): string;
  open(sealed: string, about: string): string | undefined;
}

interface SharedFile {
  readonly sealed: string;
}

export const sharedFileCollection: CollectionOf<SharedFile> = { name: 'certs.files' };

/** Shares through the store. All machines must have the sealer's key. */
export function shareThroughStore(store: Pick<Store, 'open'>, sealer: FileSealer): SharedFiles {
  const files = store.open(sharedFileCollection);
  const place = (name: string) => `certificate authority ${name}`;
  const read = async (name: string): Promise<string | undefined> => {
    const sealed = (await files.get(name))?.value.sealed;
    if (sealed === undefined) return undefined;
    const text = sealer.open(sealed, place(name));
    if (text !== undefined) return text;
    throw new Problem(
      'unavailable',
      `The file ${name} of the certificate authority that other machines use cannot be opened: this machine has another sealing key`,
    );
  };
  return {
    read,
    async offer(name, text) {
      try {
        const value = { sealed: sealer.seal(text, place(name)) };
        const known = await read(name);
        if (known !== undefined) return known;
        await files.put(name, value, { expected: 0, by: 'certs' });
        return text;
      } catch (error) {
        if (!isConflict(error)) throw error;
        return (await read(name)) ?? text; // whoever was faster has written one
      }
    },
  };
}
