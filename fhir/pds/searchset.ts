/** The searchset Bundle as PDS writes it (pds-fhir 5): no links, no search mode, and no `entry` when there is none. */
import type { Bundle, BundleEntry, FhirResource } from 'fhir/r4.js';
import type { FoundAll } from './patients.ts';

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

/** The searchset of a search (pds-fhir 5); with reasons as extensions when the caller asked why. */
export function foundSearchset(
  { found, notes }: FoundAll,
  base: string,
  now: number,
  explain: boolean,
): Bundle<FhirResource> {
  const entry: BundleEntry<FhirResource>[] = found.map(({ resource, match }) => ({
    fullUrl: `${base}/Patient/${match.nhsNumber}`,
    search: {
      ...(explain ? { extension: match.reasons.map(toExtension) } : {}),
      score: match.score,
    },
    resource,
  }));
  if (notes && notes.length > 0)
    entry.push({
      search: { mode: 'outcome' },
      resource: {
        resourceType: 'OperationOutcome',
        issue: notes.map((diagnostics) => ({
          severity: 'information',
          code: 'informational',
          diagnostics,
        })),
      },
    });
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    timestamp: timestamp(now),
    total: found.length,
    ...(entry.length > 0 ? { entry } : {}),
  };
}

/** The address of the extension that tells why. */
export const explained = 'https://gatehouse.example/fhir/StructureDefinition/why-it-matched';

function toExtension({ criterion, how, score }: { criterion: string; how: string; score: number }) {
  return {
    url: explained,
    extension: [
      { url: 'criterion', valueString: criterion },
      { url: 'how', valueString: how },
      { url: 'score', valueDecimal: score },
    ],
  };
}
