/** The searchset Bundle as PDS writes it (pds-fhir 5): no links, no search mode, and no `entry` when there is none. */
import type { Bundle, BundleEntry } from 'fhir/r4.js';

/** `YYYY-MM-DDThh:mm:ss+00:00`. `now` in milliseconds since the epoch. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}+00:00`;
}

export function searchset(entry: BundleEntry[], now: number): Bundle {
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    timestamp: timestamp(now),
    total: entry.length,
    ...(entry.length > 0 ? { entry } : {}),
  };
}
