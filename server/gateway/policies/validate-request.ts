/** Checks each call against the OpenAPI document. Owns the settings; the checks are openapi-checks.ts. */
import { asDocument } from '../../catalogue/openapi/document.ts';
import { openApiChecks, type CheckOptions } from '../openapi-checks.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';

/** What the schema below describes, defaults filled in. */
export interface ValidateRequestConfig {
  readonly body?: boolean;
  readonly bodyLimit?: number;
  readonly larger?: 'pass' | 'refuse';
  readonly unknownQuery?: 'allow' | 'refuse';
  readonly formats?: boolean;
}

const defaults: CheckOptions = {
  body: true,
  limit: 1024 * 1024,
  larger: 'pass',
  unknownQuery: 'allow',
  formats: true,
};

export const validateRequest: PolicyKind<ValidateRequestConfig> = {
  phase: 'validate',
  summary:
    'Checks path, parameters, content type and JSON body against the API’s OpenAPI document. A call that does not fit is refused with 400, 404, 405, 413 or 415 and told where, what was expected and what kind of thing was found, never the value.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      body: {
        type: 'boolean',
        default: defaults.body,
        description:
          'Whether content type and JSON body are checked. Other types are streamed on unread.',
      },
      bodyLimit: {
        type: 'integer',
        minimum: 1024,
        maximum: 16 * 1024 * 1024,
        default: defaults.limit,
        description:
          'Bytes of JSON that are read into memory and checked. Without a Content-Length a longer body is refused with 413.',
      },
      larger: {
        enum: ['pass', 'refuse'],
        default: defaults.larger,
        description:
          'What becomes of JSON whose Content-Length is above that: streamed on unchecked, or refused with 413.',
      },
      unknownQuery: {
        enum: ['allow', 'refuse'],
        default: defaults.unknownQuery,
        description: 'Whether the query may hold names that the document does not list.',
      },
      formats: {
        type: 'boolean',
        default: defaults.formats,
        description: 'Whether formats such as date and uuid are checked.',
      },
    },
  },
  check: specificationFaults,
  create: (config, site) => {
    const document = asDocument(site.specification);
    if (!document) return (next) => next;
    const { bodyLimit, ...rest } = config;
    const check = openApiChecks(document, {
      ...defaults,
      ...rest,
      limit: bodyLimit ?? defaults.limit,
    });
    return (next) => async (exchange) => {
      await check(exchange);
      return next(exchange);
    };
  },
};

/** Without a document there is nothing to check against. */
export function specificationFaults(
  _config: unknown,
  { definition }: Pick<PolicySite, 'definition'>,
): readonly string[] {
  return definition.specification === undefined
    ? ['the definition names no OpenAPI document (specification)']
    : [];
}
