/**
 * The metrics of one process as families, and the text of all processes together in the exposition format of Prometheus.
 * The only door to prom-client, which adds up and writes; counting is in meters.ts. Owns the names and labels, all bounded:
 * never an App, never a path.
 */
import { AggregatorRegistry } from 'prom-client';
import { add, addTimes, counter, gauge, histogram, type Family } from './families.ts';
import type { ApiMeter, Meters } from './meters.ts';
import { limitLabel } from './operation.ts';

/** The media type of the text. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

/** What the calls of this process come to. */
export function callFamilies(meters: Meters): Family[] {
  const families = empty();
  for (const meter of meters.all()) tell(meter, families);
  return Object.values(families);
}

/** The text of several processes' families as one. Families of a name are taken to be of one kind. */
export function renderMetrics(lists: readonly (readonly Family[])[]): Promise<string> {
  // Families have the form of the library's own JSON; its types know the metrics as objects of classes only.
  return AggregatorRegistry.aggregate(lists as unknown as object[]).metrics();
}

function empty() {
  return {
    duration: histogram(
      'http_server_request_duration_seconds',
      'Time from the head of a request to the last byte of its answer.',
    ),
    overhead: histogram('gateway_overhead_seconds', 'What the gateway added to the back end.'),
    target: histogram(
      'gateway_target_duration_seconds',
      'Time from sending to a back end to the head of its answer, repeats included.',
    ),
    requests: counter('gateway_requests_total', 'Calls answered.'),
    faults: counter('gateway_faults_total', 'Calls refused by this platform itself.'),
    limited: counter('gateway_rate_limited_total', 'Calls refused by a limit.'),
    inFlight: gauge('gateway_in_flight', 'Calls being answered now.', 'sum'),
  };
}

function tell(meter: ApiMeter, families: ReturnType<typeof empty>): void {
  const { api, environment } = meter;
  const place = { api, environment };
  for (const series of seriesOf(meter)) {
    const { operation, method, statusClass } = series;
    const labels = { ...place, operation, method, status_class: statusClass };
    addTimes(families.duration, labels, series.duration);
  }
  addTimes(families.overhead, place, meter.overhead);
  addTimes(families.target, place, meter.target);
  for (const [mode, classes] of meter.modes)
    for (const [statusClass, { value }] of classes)
      add(families.requests, { ...place, status_class: statusClass, access_mode: mode }, value);
  for (const [phase, codes] of meter.faults)
    for (const [code, { value }] of codes) add(families.faults, { ...place, phase, code }, value);
  for (const [limit, { value }] of meter.limited)
    add(families.limited, { ...place, limit: limitLabel(limit) }, value);
  add(families.inFlight, place, meter.inFlight);
}

function* seriesOf({ calls }: ApiMeter) {
  for (const routes of calls.values())
    for (const classes of routes.values()) yield* classes.values();
}
