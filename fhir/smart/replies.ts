/** Replies of the SMART base that show a record: never cached on their way, with the version as entity tag. */
import type { Reply } from '../../core/exchange.ts';
import type { Bundle } from 'fhir/r4.js';
import { fhirJson } from '../outcome.ts';
import type { Shown } from '../pds/patients.ts';

/** What is known of a person is never left in a cache on its way. */
const patientData = { 'content-type': fhirJson, 'cache-control': 'no-store' };

/** A resource as the port shows it. */
export function resource(status: number, { versionId, text }: Shown): Reply {
  return { status, headers: { ...patientData, etag: `W/"${versionId}"` }, body: text };
}

/** Any other resource. */
export function json(status: number, value: object): Reply {
  return { status, headers: patientData, body: JSON.stringify(value) };
}

/** A Bundle whose version is that of the record, for the next If-Match. */
export function versioned(status: number, bundle: Bundle): Reply {
  const reply = json(status, bundle);
  return { ...reply, headers: { ...reply.headers, etag: `W/"${bundle.meta?.versionId ?? ''}"` } };
}
