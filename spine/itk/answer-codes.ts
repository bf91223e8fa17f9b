/** Answer codes of the demographics mini-services, and the Problems of the FHIR API they stand for, both ways. */
import { Problem } from '../../core/problem.ts';
import * as errors from '../../fhir/pds/errors.ts';

export const success = 'SMSP-0000';
export const inputInvalid = 'SMSP-0001';
export const notVerified = 'DEMOG-0040';
export const superseded = 'DEMOG-0017';

/** What a refusal of the records is told as. */
export function itkCodeOf(problem: Problem): string {
  switch (problem.code) {
    case 'RESOURCE_NOT_FOUND':
      return 'DEMOG-0001';
    case 'TOO_MANY_MATCHES':
      return 'DEMOG-0007';
    case 'INVALIDATED_RESOURCE':
      return 'DEMOG-0022';
    case 'INVALID_RESOURCE_ID':
      return 'DEMOG-0042';
    default:
      return codeOfKind(problem);
  }
}

function codeOfKind({ kind, status }: Problem): string {
  if (kind === 'unavailable' || kind === 'timeout' || kind === 'too-slow' || kind === 'throttled')
    return 'SMSP-0003';
  if (kind === 'upstream') return 'SMSP-0002';
  if (kind === 'forbidden' || kind === 'unauthenticated') return 'SMSP-0004';
  return status >= 500 ? 'SMSP-9999' : inputInvalid;
}

/** The Problem of an answer that tells of none; undefined for a success. A number that is not verified is not found. */
export function problemOfItkCode(code: string): Problem | undefined {
  switch (code) {
    case success:
      return undefined;
    case 'DEMOG-0001':
    case notVerified:
    case superseded:
      return errors.notFound();
    case 'DEMOG-0007':
      return errors.tooManyMatches();
    case 'DEMOG-0022':
      return errors.invalidated();
    case 'DEMOG-0042':
      return errors.invalidResourceId();
    case inputInvalid:
      return errors.invalidSearchData('input');
    case 'SMSP-0003':
      return errors.serviceUnavailable();
    case 'SMSP-0004':
      return new Problem('forbidden', 'The mini-service refused access', { code });
    case 'SMSP-0002':
      return new Problem('upstream', 'The mini-service was answered wrongly by its source', {
        code,
      });
    default:
      return new Problem('internal', 'The mini-service failed', { code });
  }
}
