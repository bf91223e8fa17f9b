/**
 * `subscription`: the app that calls has an active subscription to a Product that covers this Api and operation. Deny by
 * default: without one nothing is open, whatever the token says. Owns that rule; keys have met it already (api-key.ts).
 */
import { Problem } from '../../../core/problem.ts';
import { entitlementOf, type PolicyKind } from '../policy.ts';
import { tokenRefused } from './access-token.ts';
import { coveringOf, letIn } from './coverage.ts';
import { nobody } from './scopes.ts';

export interface SubscriptionConfig {
  readonly refuse: 'forbidden' | 'national';
  readonly realm?: string;
}

export const subscription: PolicyKind<SubscriptionConfig> = {
  phase: 'authorise',
  summary:
    'Needs an active subscription of the app to a product that covers this API and operation, and notes which it is. Without one 403 that says what is missing, or 401 in the words of the national gateway.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      refuse: {
        enum: ['forbidden', 'national'],
        description:
          '`forbidden`: 403 that names the rule. `national`: 401 with the published text, for APIs that promise that.',
        default: 'forbidden',
      },
      realm: {
        type: 'string',
        pattern: '^[A-Za-z0-9._-]{1,64}$',
        description: 'The protection space of a national refusal; default the id of the API.',
      },
    },
  },
  check: (_config, { definition }) =>
    definition.policies.some(({ policy, when }) => policy === 'open' && when === undefined)
      ? ['an open API has no callers that could subscribe']
      : [],
  create: ({ refuse, realm }, { api, environment, services: { catalogue } }) => {
    const space = realm ?? api.id;
    return (next) => (exchange) => {
      if (entitlementOf(exchange)) return next(exchange);
      const { caller } = exchange;
      if (!caller) throw nobody(space);
      const coverings = catalogue.covering(caller.appId, environment, api.id);
      const covering = coveringOf(coverings, api.id, exchange);
      if (covering) {
        letIn(exchange, covering);
        return next(exchange);
      }
      if (refuse === 'national')
        throw tokenRefused(space, 'Invalid API call as no apiproduct match found', true);
      throw coverings.length > 0
        ? new Problem('forbidden', 'No product the app subscribes to covers this operation', {
            code: 'OPERATION_NOT_COVERED',
          })
        : new Problem(
            'forbidden',
            `The app has no active subscription in ${environment} to a product that covers ${api.id}`,
            { code: 'NO_SUBSCRIPTION' },
          );
    };
  },
};
