/**
 * A call against an OpenAPI document: operation, parameters, content type, body. Each operation is prepared at its first
 * call, its schemas when they are first needed. Schemas come from producers: their patterns run in linear time and every
 * value has a budget of steps (server/catalogue/openapi/schema-checks.ts). Owns the order of the checks.
 */
import type { Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { ApiOperation, OpenApiDocument } from '../catalogue/openapi/document.ts';
import { schemaChecks } from '../catalogue/openapi/schema-checks.ts';
import { bodyCheck, type BodyCheck, type BodyOptions } from './openapi-body.ts';
import { matcherOf, type Matcher } from './openapi-match.ts';
import {
  parameterCheck,
  type ParameterCheck,
  type ParameterOptions,
} from './openapi-parameters.ts';

export interface CheckOptions extends ParameterOptions, BodyOptions {
  /** Whether bodies are looked at. */
  readonly body: boolean;
  /** Whether `format`s are checked. */
  readonly formats: boolean;
}

export interface OperationFound {
  readonly operation: ApiOperation;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The operation of a call; undefined for an OPTIONS that the document does not describe, which passes. Puts
 * `GET /Patient/{id}` into the call's facts.
 * @throws Problem `not-found`; `method-not-allowed` with the methods that are.
 */
export function findOperation(matcher: Matcher, exchange: Exchange): OperationFound | undefined {
  const match = matcher(exchange.method, exchange.path);
  if (match.kind === 'operation') {
    exchange.facts.route = `${match.operation.method} ${match.operation.path}`;
    return match;
  }
  if (exchange.method === 'OPTIONS') return undefined;
  if (match.kind === 'no-path') throw new Problem('not-found', 'Nothing at this path');
  throw new Problem('method-not-allowed', `Only ${match.allow.join(', ')} are allowed here`, {
    headers: { allow: match.allow.join(', ') },
  });
}

/** Checks a call. @throws Problem: 400, 404, 405, 413 or 415. Undefined when there is nothing to wait for. */
export type CallCheck = (exchange: Exchange) => Promise<void> | undefined;

export function openApiChecks(document: OpenApiDocument, options: CheckOptions): CallCheck {
  const matcher = matcherOf(document);
  const schemas = schemaChecks(document, 'request', options.formats);
  const prepared = new Map<ApiOperation, Prepared>();
  const prepare = (operation: ApiOperation): Prepared => ({
    parameters: parameterCheck(document, operation, schemas, options),
    body: options.body ? bodyCheck(document, operation, schemas, options) : undefined,
  });
  return (exchange) => {
    const found = findOperation(matcher, exchange);
    if (!found) return undefined;
    let checks = prepared.get(found.operation);
    if (!checks) prepared.set(found.operation, (checks = prepare(found.operation)));
    const faults = checks.parameters(exchange, found.params);
    if (faults.length > 0) throw new Problem('invalid', faults.join('; '));
    return checks.body?.(exchange);
  };
}

interface Prepared {
  readonly parameters: ParameterCheck;
  readonly body: BodyCheck | undefined;
}
