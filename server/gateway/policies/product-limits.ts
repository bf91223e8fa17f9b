/**
 * The policy `product-limits`: the limits that an App has by its Product, or of its own. Owns its settings, which are the
 * platform's defaults; counting is the limits', asking limit-policy.ts's.
 */
import { limitAsks, limitPolicy } from '../limit-policy.ts';
import type { PolicyKind } from '../policy.ts';

const count = { type: 'integer', minimum: 1, maximum: 1e12 } as const;

export const productLimits: PolicyKind = {
  phase: 'limit',
  summary:
    "Applies the limits of the Product by whose subscription an app calls, counted for each app over all APIs of the Product in the environment. A limit that the app was given of its own wins over the Product's, that over the defaults here. What is above is answered 429 with Retry-After.",
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      defaults: {
        type: 'object',
        additionalProperties: false,
        description: 'What applies where neither the app nor the Product has a limit.',
        properties: {
          quota: {
            type: 'object',
            additionalProperties: false,
            required: ['limit', 'interval', 'unit'],
            description: 'Calls in an interval, as in the policy quota.',
            properties: {
              limit: { ...count, description: 'How many calls.' },
              interval: { ...count, maximum: 1000, description: 'In how many units of time.' },
              unit: {
                enum: ['second', 'minute', 'hour', 'day', 'week', 'month'],
                description: 'The unit of time.',
              },
            },
          },
          spikeArrest: {
            type: 'object',
            additionalProperties: false,
            required: ['rate', 'per'],
            description: 'Calls evenly spread, as in the policy spike-arrest.',
            properties: {
              rate: { ...count, maximum: 1e9, description: 'How many calls in a unit of time.' },
              per: { enum: ['second', 'minute'], description: 'The unit of time.' },
              burst: { ...count, maximum: 1e9, description: 'How many may come at once.' },
            },
          },
          concurrency: { ...count, maximum: 100_000, description: 'Calls at a time.' },
        },
      },
    },
  },
  create: (config, site) =>
    limitPolicy([{ asks: limitAsks('product-limits', config, site) }], site),
};
