/**
 * Sealing what must be read again but never stands open in the store: AES-256-GCM, the key's id in the record, so that
 * keys can change while old records are still read.
 */
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';

export interface Sealer {
  /** `id.iv.sealed.tag`, base64url. `about` binds it to its place: it opens nowhere else. */
  seal(text: string, about: string): string;
  /** The text; undefined when it was made for another place, by another key, or was changed. */
  open(sealed: string, about: string): string | undefined;
}

/** @param keys 32 bytes each; the first seals, all open. */
export function createSealer(keys: readonly Buffer[]): Sealer {
  const byId = new Map(keys.map((key) => [hash('sha256', key, 'hex').slice(0, 8), key]));
  const [first] = byId;
  if (!first) throw new Error('there is no key to seal with');
  const [id, key] = first;
  return {
    seal(text, about) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      cipher.setAAD(Buffer.from(about));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      const parts = [iv, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'));
      return [id, ...parts].join('.');
    },
    open(sealed, about) {
      const [name = '', iv = '', content = '', tag = ''] = sealed.split('.');
      const known = byId.get(name);
      if (!known) return undefined;
      try {
        // A shorter tag would be taken for one, and is sooner guessed.
        const whole = { authTagLength: 16 };
        const from = Buffer.from(iv, 'base64url');
        const decipher = createDecipheriv('aes-256-gcm', known, from, whole);
        decipher.setAAD(Buffer.from(about));
        decipher.setAuthTag(Buffer.from(tag, 'base64url'));
        const opened = decipher.update(Buffer.from(content, 'base64url'));
        return Buffer.concat([opened, decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
