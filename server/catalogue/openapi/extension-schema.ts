/** The shape of `x-gatehouse`, and the JSON Schema that describes it. Owns both, side by side; extension.ts reads it. */
import type { HttpBackend, PolicyUse } from '../proxies.ts';
import type { RateLimits } from '../products.ts';

/** One way in, and the Product that opens it. */
export interface Access {
  readonly mode: 'open' | 'key' | 'app' | 'worker' | 'patient';
  /** How well a person must have signed in: `aal3`, `p9`; empty: anyhow. */
  readonly levels?: readonly string[];
  /** Scopes beside the national one. */
  readonly scopes?: readonly string[];
  /** Ways in with the same title share a Product. */
  readonly title?: string;
}

export interface AttributeHeader {
  /** Where the value comes from, in the words of the policy headers: `app.attribute.party-key`. */
  readonly from: string;
  readonly header: string;
  readonly required?: boolean;
}

export interface Extension {
  readonly base?: string;
  readonly access?: readonly Access[];
  readonly target?: Omit<HttpBackend, 'kind'>;
  /** A sandbox of one's own; on this machine only. */
  readonly sandbox?: { readonly url: string };
  readonly attributes?: readonly AttributeHeader[];
  readonly limits?: {
    /** Of all callers together. */
    readonly proxy?: RateLimits;
    /** Of an app for which neither it nor its Product says anything else. */
    readonly app?: RateLimits;
  };
  readonly policies?: readonly PolicyUse[];
  readonly waivers?: readonly { readonly rule: string; readonly reason: string }[];
}

const text = (longest: number) => ({ type: 'string', minLength: 1, maxLength: longest });
const address = { type: 'string', pattern: '^https?://[^\\s]+$', maxLength: 2000 };

const limitsSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    quota: {
      type: 'object',
      additionalProperties: false,
      required: ['limit'],
      properties: {
        limit: { type: 'integer', minimum: 1 },
        interval: { type: 'integer', minimum: 1, maximum: 1000, default: 1 },
        unit: { enum: ['second', 'minute', 'hour', 'day', 'week', 'month'], default: 'minute' },
      },
    },
    spikeArrest: {
      type: 'object',
      additionalProperties: false,
      required: ['rate'],
      properties: {
        rate: { type: 'integer', minimum: 1 },
        per: { enum: ['second', 'minute'], default: 'second' },
        burst: { type: 'integer', minimum: 1 },
      },
    },
    concurrency: { type: 'integer', minimum: 1 },
  },
};

const securitySchema = {
  type: 'object',
  required: ['kind'],
  properties: { kind: { enum: ['none', 'key', 'mtls', 'oauth'] } },
  allOf: [
    ['key', ['header', 'secret']],
    ['mtls', ['secret']],
    ['oauth', ['tokenUrl', 'clientId', 'kid', 'secret']],
  ].map(([kind, required]) => ({
    if: { properties: { kind: { const: kind } } },
    then: { required },
  })),
};

/** The JSON Schema of `x-gatehouse`. */
export const extensionSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    base: {
      ...text(200),
      pattern: '^(/[A-Za-z0-9._~-]+)+$',
      description: 'Where the API lies: /hello-world',
    },
    access: {
      type: 'array',
      maxItems: 20,
      description: 'Who may call; one of them is enough. An empty list is nobody.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['mode'],
        properties: {
          mode: { enum: ['open', 'key', 'app', 'worker', 'patient'] },
          levels: {
            type: 'array',
            items: { enum: ['aal1', 'aal2', 'aal3', 'p0', 'p5', 'p9'] },
            uniqueItems: true,
          },
          scopes: { type: 'array', items: text(256), maxItems: 50 },
          title: text(200),
        },
      },
    },
    target: {
      type: 'object',
      additionalProperties: false,
      required: ['url'],
      description: 'The back end outside of the sandbox',
      properties: {
        url: address,
        owner: text(20),
        contact: text(300),
        healthcheck: { ...text(500), pattern: '^/' },
        timeout: { type: 'integer', minimum: 1, maximum: 300_000 },
        connections: { type: 'integer', minimum: 1, maximum: 10_000 },
        security: securitySchema,
      },
    },
    sandbox: {
      type: 'object',
      additionalProperties: false,
      required: ['url'],
      description: 'A sandbox on this machine; without it the examples of the document answer',
      properties: { url: address },
    },
    attributes: {
      type: 'array',
      maxItems: 50,
      description: 'Facts of the app that the back end is told in header fields',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['from', 'header'],
        properties: {
          from: text(200),
          header: { ...text(100), pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" },
          required: { type: 'boolean' },
        },
      },
    },
    limits: {
      type: 'object',
      additionalProperties: false,
      properties: { proxy: limitsSchema, app: limitsSchema },
    },
    policies: {
      type: 'array',
      maxItems: 50,
      description: 'Further policies, as in a definition of a Proxy',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['policy'],
        properties: { policy: text(100), config: { type: 'object' }, when: { type: 'object' } },
      },
    },
    waivers: {
      type: 'array',
      maxItems: 50,
      description: 'Rules of publishing that this document need not keep, each with the reason',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['rule', 'reason'],
        properties: { rule: text(100), reason: text(500) },
      },
    },
  },
};
