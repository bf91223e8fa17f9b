/** Searchset Bundles as FHIR R4 has them (search 3.1.1.5): a link to what was asked, and why each entry is there. */
import type { Bundle, BundleEntry, FhirResource, Patient } from 'fhir/r4.js';
import type { Found } from '../pds/patients.ts';
import { timestamp } from '../pds/searchset.ts';

/** The people found by criteria, best first. `self` and `base` are absolute addresses, `now` milliseconds. */
export function foundBundle(
  found: readonly Found[],
  self: string,
  base: string,
  now: number,
): Bundle<FhirResource> {
  const entries = found.map(({ resource, match }) => ({
    fullUrl: `${base}/Patient/${match.nhsNumber}`,
    resource,
    search: { mode: 'match' as const, score: match.score },
  }));
  return bundleOf(entries, self, now);
}

/** One person, found by number. */
export function personBundle(
  patient: Patient,
  self: string,
  base: string,
  now: number,
): Bundle<FhirResource> {
  const fullUrl = `${base}/Patient/${patient.id ?? ''}`;
  return bundleOf([{ fullUrl, resource: patient, search: { mode: 'match' } }], self, now);
}

export function emptyBundle(self: string, now: number): Bundle<FhirResource> {
  return bundleOf([], self, now);
}

/** A Bundle of the port Patients, with what R4 expects beside. */
export function linked(bundle: Bundle, self: string): Bundle {
  const { entry, ...rest } = bundle;
  return {
    ...rest,
    link: [{ relation: 'self', url: self }],
    ...(entry ? { entry: entry.map((each) => ({ ...each, search: { mode: 'match' } })) } : {}),
  };
}

function bundleOf(
  entry: BundleEntry<FhirResource>[],
  self: string,
  now: number,
): Bundle<FhirResource> {
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    timestamp: timestamp(now),
    total: entry.length,
    link: [{ relation: 'self', url: self }],
    ...(entry.length > 0 ? { entry } : {}),
  };
}
