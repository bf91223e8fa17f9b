/** The media types that the Spine Secure Proxy carries: those of FHIR, as both STU3 and its forerunner write them. */
import type { Exchange } from '../../../core/exchange.ts';
import { hasBody } from '../changed-call.ts';
import { mediaTypeRefused } from './ssp-problems.ts';

/** @throws Problem `unsupported` for a body that is not FHIR, or an Accept that takes no FHIR. */
export function checkMediaType(exchange: Exchange): void {
  const { headers } = exchange;
  if (hasBody(exchange) && !fhir.has(plainType(headers['content-type'] ?? '')))
    throw mediaTypeRefused('Expected a body of application/fhir+json or application/fhir+xml');
  const accept = (headers.accept ?? '').slice(0, 1000);
  if (accept === '' || accept.split(',').some((one) => takesFhir(plainType(one)))) return;
  throw mediaTypeRefused(
    'Expected an Accept that takes application/fhir+json or application/fhir+xml',
  );
}

const fhir: ReadonlySet<string> = new Set([
  'application/fhir+json',
  'application/fhir+xml',
  'application/json+fhir',
  'application/xml+fhir',
]);

function takesFhir(type: string): boolean {
  return type === '*/*' || type === 'application/*' || fhir.has(type);
}

function plainType(field: string): string {
  return (field.split(';', 1)[0] ?? '').trim().toLowerCase();
}
