import assert from 'node:assert/strict';
import {
  propagation,
  ROOT_CONTEXT,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanOptions,
  type TextMapPropagator,
  type TracerProvider,
} from '@opentelemetry/api';
import type { Exchange, Sent } from '../../core/exchange.ts';
import { exchangeFor } from '../../test/exchange-for.ts';
import { changed, withFields } from '../gateway/changed-call.ts';
import { openTracing } from './tracing.ts';

interface Told {
  name: string;
  readonly parent: string | undefined;
  readonly attributes: Attributes;
  ended: boolean;
  failed: boolean;
}

/** An SDK in miniature: it keeps the spans it is asked for. */
function sdk(spans: Told[]): TracerProvider {
  const startSpan = (name: string, options: SpanOptions = {}, from: Context = ROOT_CONTEXT) => {
    const parent = trace.getSpanContext(from);
    const attributes: Attributes = { ...options.attributes };
    const told: Told = { name, parent: parent?.spanId, attributes, ended: false, failed: false };
    spans.push(told);
    const spanId = `00000000000000a${spans.length}`;
    const traceId = parent?.traceId ?? '1'.repeat(32);
    const span: Partial<Span> = {
      spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
      updateName: (to) => ((told.name = to), span as Span),
      setAttribute: (key, value) => ((attributes[key] = value), span as Span),
      setStatus: () => ((told.failed = true), span as Span),
      end: () => (told.ended = true),
    };
    return span as Span; // all that is called of it
  };
  return { getTracer: () => ({ startSpan }) as never };
}

/** W3C Trace Context, as far as it is needed here. */
const propagator: TextMapPropagator<Record<string, string>> = {
  fields: () => ['traceparent'],
  inject(from, carrier) {
    const { traceId = '', spanId = '' } = trace.getSpanContext(from) ?? {};
    carrier.traceparent = `00-${traceId}-${spanId}-01`;
  },
  extract(from, carrier) {
    const [, traceId, spanId] = (carrier.traceparent ?? '').split('-');
    return traceId && spanId
      ? trace.setSpanContext(from, { traceId, spanId, traceFlags: 1 })
      : from;
  },
};

const put = (exchange: Exchange, fields: readonly (readonly [string, string])[]) =>
  changed(exchange, {
    rawHeaders: withFields(
      exchange.rawHeaders,
      fields.map(([name]) => name),
      fields,
    ),
  });
const mount = { api: 'hello', environment: 'production' };

describe('tracing', () => {
  let spans: Told[];
  beforeEach(() => {
    spans = [];
  });
  afterEach(() => {
    trace.disable();
    propagation.disable();
  });

  /** Makes a call and ends it; gives the traceparent that was handed on. */
  async function call(status: number, traceparent?: string): Promise<string | undefined> {
    trace.setGlobalTracerProvider(sdk(spans));
    propagation.setGlobalPropagator(propagator);
    const tracing = openTracing(put, '1');
    assert.ok(tracing);
    let seen: string | undefined;
    let end: (sent: Sent) => void = () => undefined;
    const exchange = exchangeFor({
      path: '/Patient/9000000009',
      rawQuery: 'family=Smith',
      headers: traceparent ? { traceparent } : {},
      rawHeaders: traceparent ? ['TraceParent', traceparent] : [],
      onEnd: (fn) => (end = fn),
    });
    await tracing.around(mount, (inside) => {
      inside.facts.route = 'GET /Patient/:id';
      seen = inside.headers.traceparent;
      return Promise.resolve({ status });
    })(exchange);
    end({ status, bytes: 1, complete: true });
    return seen;
  }

  it('is not there without an SDK', () => {
    assert.equal(openTracing(put, '1'), undefined);
  });

  it('starts a trace, and hands it on', async () => {
    assert.equal(await call(200), `00-${'1'.repeat(32)}-00000000000000a2-01`);
    assert.equal(spans[1]?.parent, undefined);
  });

  it('continues the caller’s trace', async () => {
    const trail = '2'.repeat(32);
    assert.equal(
      await call(200, `00-${trail}-00000000000000ff-01`),
      `00-${trail}-00000000000000a2-01`,
    );
    assert.equal(spans[1]?.parent, '00000000000000ff');
  });

  it('tells the route and status, and nothing of the path or query', async () => {
    await call(200);
    const [, span] = spans;
    assert.equal(span?.name, 'GET /Patient/{id}');
    assert.equal(span.attributes['http.route'], '/Patient/{id}');
    assert.equal(span.attributes['http.response.status_code'], 200);
    assert.equal(span.attributes['gatehouse.api'], 'hello');
    assert.deepEqual([span.ended, span.failed], [true, false]);
    assert.ok(!/9000000009|Smith/.test(JSON.stringify(span)));
  });

  it('marks what failed on this side', async () => {
    await call(503);
    assert.equal(spans[1]?.attributes['error.type'], '503');
    assert.equal(spans[1].failed, true);
  });
});
