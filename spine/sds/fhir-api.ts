/**
 * The SDS FHIR API as a table: Device and Endpoint. Owns the order of the published checks and what an answer rests on;
 * mapping, queries and errors are in the files of those names.
 */
import type { Handler } from '../../core/exchange.ts';
import { routes } from '../../core/routes.ts';
import type { Directory, MessageHandler } from './directory.ts';
import { contentTypeFor } from './fhir-accept.ts';
import { bundleText } from './fhir-bundle.ts';
import type { AnswerCache } from './fhir-cache.ts';
import { toDevice, type SdsDevice } from './fhir-device.ts';
import { toEndpoints, type SdsEndpoint } from './fhir-endpoint.ts';
import { otherMethod, unknownPath } from './fhir-errors.ts';
import { checkCorrelationId } from './fhir-ids.ts';
import { deviceQuery, endpointQuery } from './fhir-query.ts';

export interface SdsFhirOptions {
  readonly directory: Directory;
  /** The absolute address of the face, without a slash at its end. */
  readonly base: () => string;
  /** A new UUID. */
  readonly newId: () => string;
  /** One for each Proxy: its keys tell views apart, not environments. */
  readonly cache: AnswerCache;
  readonly forwardAddress: ForwardAddress;
}

/**
 * The address of the intermediary through which messages to a handler are to go; undefined where they go straight to it.
 * @throws Problem `internal` when the intermediary is not exactly one entry with one address
 */
export type ForwardAddress = (
  handler: MessageHandler,
  directory: Directory,
) => Promise<string | undefined>;

/** The paths below the base that have a handler, as the OpenAPI document must list them. */
export const sdsFhirPaths = ['GET /Device', 'GET /Endpoint'] as const;

/** Which call sees which view of the directory is decided before: `exchange.workspace`. */
export function sdsFhirApi(options: SdsFhirOptions): Handler {
  const newId = () => options.newId().toUpperCase();
  const [device, endpoint] = sdsFhirPaths;
  return routes(
    {
      [device]: searching(options, deviceQuery, async (query, directory) => {
        const systems = await directory.systems(query);
        return systems.map((one) => toDevice(one, newId()));
      }),
      [endpoint]: searching(options, endpointQuery, async (query, directory) => {
        const handlers = await directory.handlers(query);
        const found: SdsEndpoint[] = [];
        for (const one of handlers) {
          const address = await options.forwardAddress(one, directory);
          const there = address === undefined ? one : { ...one, endpoints: [address] };
          found.push(...toEndpoints(there, newId));
        }
        return found;
      }),
    },
    {
      notFound: () => Promise.reject(unknownPath()),
      notAllowed: () => Promise.reject(otherMethod()),
    },
  );
}

type Find<Q> = (query: Q, directory: Directory) => Promise<readonly (SdsDevice | SdsEndpoint)[]>;

/** Only what was found is kept, so a kept answer is to a query that was in order. */
function searching<Q>(
  { directory, cache, base, newId }: SdsFhirOptions,
  read: (query: URLSearchParams) => Q,
  find: Find<Q>,
): Handler {
  return async (exchange) => {
    checkCorrelationId(exchange);
    const { path, rawQuery, workspace, headers } = exchange;
    const fresh = asksFresh(headers['cache-control']);
    const { body, age } = await cache.get(`${workspace} ${path}?${rawQuery}`, fresh, async () => {
      const query = read(exchange.query);
      contentTypeFor(headers.accept); // refused before anything is looked for
      const found = await find(query, directory.in(workspace));
      const id = newId().toUpperCase();
      return Buffer.from(bundleText(found, { base: base(), path, rawQuery, id }));
    });
    return {
      status: 200,
      headers: {
        'content-type': contentTypeFor(headers.accept),
        'x-content-type-options': 'nosniff', // the self link holds what the caller sent
        age: String(age),
      },
      body,
    };
  };
}

/** RFC 9111 5.2.1.4, among other directives too. */
function asksFresh(cacheControl: string | undefined): boolean {
  return cacheControl?.toLowerCase().includes('no-cache') === true;
}
