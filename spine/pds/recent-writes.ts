/**
 * By what a write is known again when its caller repeats it, so that it is answered as it was and not sent once more. Owns
 * the key; what was sent and answered under it is the exchange's to keep (spine/mhs/client-conversation.ts).
 */
import { createHash } from 'node:crypto';
import type { Asking } from '../../fhir/pds/patients.ts';

/** A hash: it names a person's number. @param digest of what the write is */
export function writeKey(
  what: string,
  digest: string,
  { workspace, requestId, caller }: Pick<Asking, 'workspace' | 'requestId' | 'caller'>,
): string {
  return createHash('sha256')
    .update(JSON.stringify([workspace, caller.appId, what, requestId.toUpperCase(), digest]))
    .digest('base64url');
}
