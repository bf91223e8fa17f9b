/** The policy `quota`: so many calls in so long. Owns its settings; counting is the limits', asking limit-policy.ts's. */
import { limitAsks, limitPolicy } from '../limit-policy.ts';
import type { PolicyKind } from '../policy.ts';

export const quota: PolicyKind = {
  phase: 'limit',
  summary:
    'Lets in so many calls in each interval, counted for each app, each source address, or for all callers together. Intervals of an hour and longer begin on the clock (UTC), shorter ones slide. What is above is answered 429 with Retry-After.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['limit'],
    properties: {
      limit: { type: 'integer', minimum: 1, maximum: 1e12, description: 'How many calls.' },
      interval: {
        ...{ type: 'integer', minimum: 1, maximum: 1000, default: 1 },
        description: 'In how many units of time.',
      },
      unit: {
        ...{ enum: ['second', 'minute', 'hour', 'day', 'week', 'month'], default: 'minute' },
        description: 'The unit of time.',
      },
      by: {
        ...{ enum: ['app', 'proxy', 'address'], default: 'app' },
        description:
          'What is counted apart. By app, callers without a registered app count by source address.',
      },
      message: {
        ...{ type: 'string', minLength: 1, maxLength: 500 },
        description: 'What a refused caller is told instead of the usual sentence.',
      },
    },
  },
  create: (config, site) => limitPolicy([{ asks: limitAsks('quota', config, site) }], site),
};
