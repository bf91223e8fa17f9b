/**
 * Content type and JSON body of one operation. JSON up to a limit is read and checked; every other type that the operation
 * takes is streamed on unread (a check would hold it in memory). Owns nothing of parameters.
 */
import type { Exchange } from '../../core/exchange.ts';
import { JsonFault, parseJson } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';
import {
  isObject,
  objectOf,
  resolve,
  type ApiOperation,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';
import type { SchemaChecks, ValueCheck } from '../catalogue/openapi/schema-checks.ts';
import { faultText, mostFaults } from './openapi-faults.ts';

export interface BodyOptions {
  /** Bytes of JSON that are read and checked. */
  readonly limit: number;
  /** What becomes of JSON that says it is longer: streamed on unchecked, or 413. */
  readonly larger: 'pass' | 'refuse';
}

/** @throws Problem `invalid`, `unsupported` or `too-large`. Undefined when there is nothing to wait for. */
export type BodyCheck = (exchange: Exchange) => Promise<void> | undefined;

const jsonLimits = { depth: 64, members: 100_000 };

const pass: BodyCheck = () => undefined;

export function bodyCheck(
  document: OpenApiDocument,
  operation: ApiOperation,
  schemas: SchemaChecks,
  options: BodyOptions,
): BodyCheck {
  const body = resolve(document, operation.object.requestBody);
  if (!isObject(body)) return pass;
  const content = objectOf(body.content);
  const ranges = Object.keys(content).map((type) => ({
    type: essence(type),
    check: schemas.check(objectOf(resolve(document, content[type])).schema),
  }));
  const required = body.required === true;
  return (exchange) => {
    if (!hasBody(exchange)) {
      if (required) throw new Problem('invalid', 'body is required (found: nothing)');
      return undefined;
    }
    if (ranges.length === 0) return undefined;
    const type = essence(exchange.headers['content-type'] ?? '');
    const range = ranges.find((one) => covers(one.type, type));
    if (!range) throw unsupported(ranges.map((one) => one.type));
    return isJson(type) ? checkJson(exchange, range.check, options) : undefined;
  };
}

function checkJson(
  exchange: Exchange,
  check: ValueCheck,
  { limit, larger }: BodyOptions,
): Promise<void> | undefined {
  const coding = exchange.headers['content-encoding'] ?? 'identity';
  if (coding.toLowerCase() !== 'identity')
    throw new Problem('unsupported', 'A compressed body cannot be checked here', {
      headers: { 'accept-encoding': 'identity' },
    });
  if (larger === 'pass' && Number(exchange.headers['content-length'] ?? 0) > limit)
    return undefined;
  return exchange.body.bytes(limit).then((bytes) => {
    judge(bytes, check);
  });
}

function judge(bytes: Buffer, check: ValueCheck): void {
  const value = parse(bytes);
  const faults = check(value);
  if (faults.length === 0) return;
  const told = faults.slice(0, mostFaults).map((fault) => faultText('body', fault, value));
  throw new Problem('invalid', [...new Set(told)].join('; '));
}

function parse(bytes: Buffer): unknown {
  try {
    return parseJson(bytes, jsonLimits);
  } catch (error) {
    if (error instanceof JsonFault)
      throw new Problem('invalid', `body is no JSON that is read here (${error.kind})`);
    throw error;
  }
}

function hasBody({ headers }: Exchange): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function unsupported(types: readonly string[]): Problem {
  return new Problem('unsupported', `Content-Type must be one of: ${types.join(', ')}`, {
    headers: { accept: types.join(', ') },
  });
}

/** The type without its parameters, in lower case. */
function essence(type: string): string {
  return (type.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function covers(range: string, type: string): boolean {
  if (range === type || range === '*/*') return range === type || type.includes('/');
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1));
}

function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json');
}
