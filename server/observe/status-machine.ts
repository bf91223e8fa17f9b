/**
 * How an Api is, worked out from probes and traffic: pure. Three failures in a row take a check down and two successes bring
 * it back, so that one lost packet is no outage.
 */

/** `unknown`: nothing has been found out yet, or not for some time. */
export type ApiState = 'operational' | 'degraded' | 'partial outage' | 'major outage' | 'unknown';

/** One thing that is probed. */
export interface Check {
  /** Absent until enough is known. */
  readonly up?: boolean;
  /** How many results in a row spoke against it, or failed from the start. */
  readonly against: number;
}

export const unchecked: Check = { against: 0 };

const toGoDown = 3;
const toComeBack = 2;

/** The check after one more result. The first success is believed at once. */
export function afterResult({ up, against }: Check, passed: boolean): Check {
  if (up === undefined) {
    if (passed) return { up: true, against: 0 };
    return against + 1 >= toGoDown ? { up: false, against: 0 } : { against: against + 1 };
  }
  if (passed === up) return { up, against: 0 };
  const needed = up ? toGoDown : toComeBack;
  return against + 1 >= needed ? { up: passed, against: 0 } : { up, against: against + 1 };
}

/** The calls of the last five minutes. */
export interface Traffic {
  readonly calls: number;
  /** Answered 5xx, time-outs among them. */
  readonly failed: number;
}

export interface Signs {
  /** The gateway answers for it. */
  readonly ping: Check;
  /** Its back end says that it is well; absent where nothing can be asked. */
  readonly health?: Check;
  readonly traffic: Traffic;
  readonly circuit?: 'closed' | 'open' | 'half-open';
}

/** Fewer calls say nothing. */
const fewest = 20;
const outage = 0.25;
const trouble = 0.05;

/** The state that the signs come to. */
export function judge({ ping, health, traffic, circuit }: Signs): ApiState {
  const enough = traffic.calls >= fewest;
  const share = enough ? traffic.failed / traffic.calls : 0;
  if (ping.up === false) return 'major outage';
  // Calls that are answered contradict a health check that fails: then not all of it is down.
  if (health?.up === false) return enough && share < 0.5 ? 'partial outage' : 'major outage';
  if (circuit === 'open' || share >= outage)
    return share >= 0.9 ? 'major outage' : 'partial outage';
  if (share >= trouble) return 'degraded';
  return ping.up === undefined && !enough ? 'unknown' : 'operational';
}
