/** The policy `spike-arrest`: smooths calls. Owns its settings; counting is the limits', asking limit-policy.ts's. */
import { limitAsks, limitPolicy } from '../limit-policy.ts';
import type { PolicyKind } from '../policy.ts';

export const spikeArrest: PolicyKind = {
  phase: 'limit',
  summary:
    'Protects what stands behind from bursts: lets in a number of calls at once and then one each time a call is due at the rate. Counted for each app, each source address, or for all callers together. What is above is answered 429 with Retry-After.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['rate'],
    properties: {
      rate: {
        ...{ type: 'integer', minimum: 1, maximum: 1e9 },
        description: 'How many calls in a unit of time, evenly spread.',
      },
      per: { enum: ['second', 'minute'], default: 'second', description: 'The unit of time.' },
      burst: {
        ...{ type: 'integer', minimum: 1, maximum: 1e9 },
        description:
          'How many may come at once. Without it a tenth of the rate in a minute, at least 1.',
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
  create: (config, site) => limitPolicy([{ asks: limitAsks('spike-arrest', config, site) }], site),
};
