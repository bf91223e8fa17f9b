/** Under which id an OpenAPI document is kept: the SHA-256 of its text, in hex. */
import { createHash } from 'node:crypto';

export function specificationId(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
