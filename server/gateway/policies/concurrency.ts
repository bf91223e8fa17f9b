/** The policy `concurrency`: so many calls at a time. Owns its settings; counting is the limits', asking limit-policy.ts's. */
import { usualLease } from '../limit-plans.ts';
import { limitAsks, limitPolicy } from '../limit-policy.ts';
import type { PolicyKind } from '../policy.ts';

export const concurrency: PolicyKind = {
  phase: 'limit',
  summary:
    'Lets in so many calls at a time, until their answers have been sent whole: protection from slow calls. Counted for each app, each source address, or for all callers together. What is above is answered 429; its Retry-After is the longest that the oldest running call may be counted.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['max'],
    properties: {
      max: {
        ...{ type: 'integer', minimum: 1, maximum: 100_000 },
        description: 'How many calls at a time.',
      },
      lease: {
        ...{ type: 'integer', minimum: 1, maximum: 3600, default: usualLease },
        description: 'Seconds after which a call that still runs is no longer counted.',
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
  create: (config, site) => limitPolicy([{ asks: limitAsks('concurrency', config, site) }], site),
};
