/** Matches each call to an operation of the OpenAPI document by method and path, and looks at nothing else. */
import { asDocument } from '../../catalogue/openapi/document.ts';
import { asksHealth } from '../health.ts';
import { findOperation } from '../openapi-checks.ts';
import { matcherOf } from '../openapi-match.ts';
import type { PolicyKind } from '../policy.ts';
import { answersLater, asksTask } from './respond-async-path.ts';
import { specificationFaults } from './validate-request.ts';

export const matchOperation: PolicyKind = {
  phase: 'identify',
  summary:
    'Only operations of the API’s OpenAPI document are let through: 404 for any other path, 405 with Allow for another method. Logs and figures then show the path as the document writes it, without the values in it. Undescribed OPTIONS passes.',
  schema: { type: 'object', additionalProperties: false, properties: {} },
  check: specificationFaults,
  create: (_config, site) => {
    const document = asDocument(site.specification);
    if (!document) return (next) => next;
    const matcher = matcherOf(document);
    const later = answersLater(site.definition);
    return (next) => async (exchange) => {
      if (asksHealth(exchange)) return next(exchange);
      if (later && asksTask(exchange) !== undefined) return next(exchange);
      const found = findOperation(matcher, exchange);
      return next(found ? exchange.with({ params: found.params }) : exchange);
    };
  },
};
