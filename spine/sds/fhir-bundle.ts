/** What a search of SDS FHIR answers: all that was found in one Bundle. Owns its form. */
import type { SdsDevice } from './fhir-device.ts';
import type { SdsEndpoint } from './fhir-endpoint.ts';

export interface BundlePlace {
  /** The absolute address of the face. */
  readonly base: string;
  /** `/Device` or `/Endpoint`. */
  readonly path: string;
  /** The query as it was sent, without its question mark. */
  readonly rawQuery: string;
  /** A new UUID. */
  readonly id: string;
}

/**
 * The Bundle as text. Its self link is the request's address with nothing escaped. `entry` is there when it is empty too:
 * FHIR forbids that, and the national service does it.
 */
export function bundleText(
  found: readonly (SdsDevice | SdsEndpoint)[],
  { base, path, rawQuery, id }: BundlePlace,
): string {
  return JSON.stringify({
    resourceType: 'Bundle',
    id,
    type: 'searchset',
    total: found.length,
    link: [{ relation: 'self', url: `${base}${path}?${unescaped(rawQuery)}` }],
    entry: found.map((resource) => ({
      fullUrl: `${base}${path}/${resource.id}`,
      resource,
      search: { mode: 'match' },
    })),
  });
}

function unescaped(rawQuery: string): string {
  try {
    return decodeURIComponent(rawQuery);
  } catch {
    return rawQuery;
  }
}
