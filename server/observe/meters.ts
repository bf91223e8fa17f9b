/**
 * The counters behind the metrics, as the calls move them: plain numbers found by two or three look-ups, so that a call pays
 * a microsecond. Owns counting and its bounds; how they are written for Prometheus is in metrics.ts.
 */
import { few } from './few.ts';
import type { HeardCall, HeardMount } from './heard.ts';
import { count, emptyHistogram, type Histogram } from './histogram.ts';
import { classOf, methodOf, operationOf, phaseOf, type StatusClass } from './operation.ts';

/** All calls of one operation, method and status class. */
export interface Series {
  readonly meter: ApiMeter;
  readonly method: string;
  readonly operation: string;
  readonly statusClass: StatusClass;
  readonly duration: Histogram;
}

/** An Api in an environment. */
export interface ApiMeter {
  readonly api: string;
  readonly environment: string;
  inFlight: number;
  /** By method, then by route as told, then by class. */
  readonly calls: Map<string, Map<string, Map<StatusClass, Series>>>;
  readonly overhead: Histogram;
  readonly target: Histogram;
  /** By access mode, then by class. */
  readonly modes: Map<string, Map<StatusClass, Tally>>;
  /** By phase, then by code. */
  readonly faults: Map<string, Map<string, Tally>>;
  readonly limited: Map<string, Tally>;
}

export interface Tally {
  value: number;
}

export interface Meters {
  began(mount: HeardMount): void;
  /** Counts a call; gives where it was counted, for the usage. */
  ended(call: HeardCall, mount: HeardMount): Series;
  all(): Iterable<ApiMeter>;
}

const most = { apis: 5_000, routes: 500, modes: 8, phases: 16, codes: 200, limits: 50 };
const tally = (): Tally => ({ value: 0 });

export function createMeters(): Meters {
  const meters = new Map<string, ApiMeter>();
  const byMount = new WeakMap<HeardMount, ApiMeter>();
  const meterOf = (mount: HeardMount): ApiMeter => {
    let meter = byMount.get(mount);
    if (!meter) {
      const { api, environment } = mount;
      meter = few(meters, `${environment} ${api}`, most.apis, (name) =>
        newMeter(name === 'other' ? name : api, environment),
      );
      byMount.set(mount, meter);
    }
    return meter;
  };
  return {
    began(mount) {
      meterOf(mount).inFlight++;
    },
    ended(call, mount) {
      const meter = meterOf(mount);
      meter.inFlight--;
      return take(meter, call);
    },
    all: () => meters.values(),
  };
}

function newMeter(api: string, environment: string): ApiMeter {
  return {
    ...{ api, environment, inFlight: 0 },
    calls: new Map(),
    overhead: emptyHistogram(),
    target: emptyHistogram(),
    modes: new Map(),
    faults: new Map(),
    limited: new Map(),
  };
}

function take(meter: ApiMeter, call: HeardCall): Series {
  const { facts, sent, milliseconds } = call;
  const { status } = sent;
  const series = seriesOf(meter, call, classOf(status));
  count(series.duration, milliseconds);
  const mode = facts.caller?.mode ?? 'open';
  const modes = few(meter.modes, mode, most.modes, () => new Map<StatusClass, Tally>());
  tallyOf(modes, series.statusClass).value++;
  const { target, limit } = facts;
  if (target) {
    count(meter.target, target.milliseconds);
    count(meter.overhead, Math.max(0, milliseconds - target.milliseconds));
  }
  if (limit !== undefined) few(meter.limited, limit, most.limits, tally).value++;
  if (status >= 400) fault(meter, call);
  return series;
}

function tallyOf(of: Map<StatusClass, Tally>, statusClass: StatusClass): Tally {
  let found = of.get(statusClass);
  if (!found) of.set(statusClass, (found = tally()));
  return found;
}

/** Only what we refused: a back end's own refusal has no code of ours. */
function fault(meter: ApiMeter, { facts, sent }: HeardCall): void {
  if (facts.code === undefined) return;
  const phase = phaseOf(facts, sent.status);
  const codes = few(meter.faults, phase, most.phases, () => new Map<string, Tally>());
  few(codes, facts.code, most.codes, tally).value++;
}

function seriesOf(meter: ApiMeter, { method, facts }: HeardCall, statusClass: StatusClass): Series {
  const routes = meter.calls.get(method) ?? newRoutes(meter, method);
  const route = facts.route ?? '';
  const classes = few(routes, route, most.routes, () => new Map<StatusClass, Series>());
  let series = classes.get(statusClass);
  if (!series) {
    const known = classes === routes.get(route);
    series = {
      ...{ meter, statusClass, duration: emptyHistogram() },
      method: methodOf(method),
      operation: operationOf(known && route !== '' ? route : undefined),
    };
    classes.set(statusClass, series);
  }
  return series;
}

function newRoutes({ calls }: ApiMeter, method: string): Map<string, Map<StatusClass, Series>> {
  return few(calls, methodOf(method), 10, () => new Map<string, Map<StatusClass, Series>>());
}
