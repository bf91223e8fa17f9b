/**
 * A server span for each call, through the API of OpenTelemetry: its only door. Without an SDK in the process there is none of
 * this, and it costs nothing. Owns names and attributes, by the semantic conventions for HTTP but for the path and the
 * query, which may hold an NHS number, and the caller's address.
 */
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import type { Exchange, Handler, Sent } from '../../core/exchange.ts';
import type { HeardMount } from './heard.ts';
import { methodOf, operationOf, otherOperation } from './operation.ts';

export interface Tracing {
  /** The handler with a span around it that continues the caller's trace, and that what is behind it continues. */
  around(mount: HeardMount, handler: Handler): Handler;
}

/** The exchange with these fields in place of those of the same names. */
export type WithFields = (
  exchange: Exchange,
  fields: readonly (readonly [string, string])[],
) => Exchange;

/** Undefined where no SDK has been registered: then handlers stay as they are. Asked once, at the start. */
export function openTracing(withFields: WithFields, version: string): Tracing | undefined {
  const tracer = trace.getTracer('gatehouse', version);
  if (!hasSdk(tracer)) return undefined;
  return {
    around: (mount, handler) => (exchange) => run(tracer, mount, handler, exchange, withFields),
  };
}

/** Only an SDK's spans have ids of a valid trace. The one that is asked for here marks the start of the process. */
function hasSdk(tracer: Tracer): boolean {
  const span = tracer.startSpan('start');
  span.end();
  return isSpanContextValid(span.spanContext());
}

function run(
  tracer: Tracer,
  mount: HeardMount,
  handler: Handler,
  exchange: Exchange,
  withFields: WithFields,
): ReturnType<Handler> {
  const parent = propagation.extract(ROOT_CONTEXT, exchange.headers);
  const method = methodOf(exchange.method);
  const attributes = {
    'http.request.method': method,
    'url.scheme': exchange.peer.secure ? 'https' : 'http',
    'gatehouse.api': mount.api,
    'gatehouse.environment': mount.environment,
  };
  const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
  const inside = trace.setSpan(parent, span);
  const carrier: Record<string, string> = {};
  propagation.inject(inside, carrier);
  exchange.onEnd((sent) => {
    finish(span, exchange, sent);
  });
  const onwards = withFields(exchange, Object.entries(carrier));
  return context.with(inside, () => handler(onwards));
}

function finish(span: Span, { facts, method }: Exchange, sent: Sent): void {
  const route = operationOf(facts.route);
  if (route !== otherOperation) {
    span.updateName(route);
    span.setAttribute('http.route', route.slice(route.indexOf(' ') + 1));
  } else span.updateName(methodOf(method));
  span.setAttribute('http.response.status_code', sent.status);
  const known = {
    'gatehouse.proxy': facts.proxy,
    'gatehouse.revision': facts.revision,
    'gatehouse.app': facts.caller?.appId,
    'gatehouse.product': facts.product,
    'gatehouse.limit': facts.limit,
    'gatehouse.target.milliseconds': facts.target?.milliseconds,
    'gatehouse.target.status_code': facts.target?.status,
    'http.request.resend_count': facts.target?.retries,
  };
  for (const [name, value] of Object.entries(known))
    if (value !== undefined) span.setAttribute(name, value);
  if (sent.status >= 500 || !sent.complete) {
    span.setAttribute('error.type', sent.complete ? String(sent.status) : 'cut');
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}
