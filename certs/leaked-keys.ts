/** Private keys that somebody sent along by mistake: whoever has read the text has them, so they are never used again. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { digest } from './certificate-facts.ts';
import { pemBlocks } from './pem.ts';

/** Whether a private key stands in the text, readable or not. */
export function holdsPrivateKey(text: string): boolean {
  return text.includes('PRIVATE KEY-----');
}

/** SHA-256 of the SubjectPublicKeyInfo of each private key in a text, base64url; those that cannot be read are left out. */
export function leakedKeys(text: string): string[] {
  if (!holdsPrivateKey(text)) return [];
  return pemBlocks(text)
    .filter(({ label }) => label.endsWith('PRIVATE KEY'))
    .flatMap(({ label, der }) => {
      try {
        const key = createPrivateKey({ key: der, format: 'der', type: typeOf(label) });
        return [digest(createPublicKey(key).export({ type: 'spki', format: 'der' }))];
      } catch {
        return [];
      }
    });
}

function typeOf(label: string): 'pkcs1' | 'sec1' | 'pkcs8' {
  if (label === 'RSA PRIVATE KEY') return 'pkcs1';
  return label === 'EC PRIVATE KEY' ? 'sec1' : 'pkcs8';
}
