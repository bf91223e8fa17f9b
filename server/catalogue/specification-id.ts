/**
 * Under which id an OpenAPI document is kept: the SHA-256 of its text, in hex; where another Api came with the same text
 * before, that of the Api's id and the text, so that each Api has its own versions.
 */
import { createHash } from 'node:crypto';

export function specificationId(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** For an Api that comes with the text of another. */
export function specificationIdOf(api: string, text: string): string {
  return specificationId(`${api}\n${text}`);
}
