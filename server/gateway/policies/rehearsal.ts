/**
 * Rehearsal: on request a sandbox answers as live does on a bad day. The fault is a policy around the same handler,
 * so that what it refuses, applies or delays is the real thing. Listed in no live environment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../core/clock.ts';
import type { Exchange, Handler, Policy, Reply } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { plainKind } from '../plain-kind.ts';
import type { PolicyKind } from '../policy.ts';
import { tokenRefused } from './access-token.ts';

export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly run: (next: Handler, exchange: Exchange) => Promise<Reply>;
}

export interface RehearsalOptions {
  readonly clock: Clock;
  /** A number from 0 up to 1, for the draw of a latency. */
  readonly random: () => number;
  /** The scenario armed on a workspace for its next calls; each asking uses one call up. */
  readonly armed: (workspace: string) => string | undefined | Promise<string | undefined>;
}

export interface Rehearsal {
  readonly policy: Policy;
  readonly scenarios: readonly Scenario[];
}

const header = 'x-gatehouse-scenario';

export function createRehearsal(options: RehearsalOptions): Rehearsal {
  const scenarios = createScenarios(options);
  const byName = new Map(scenarios.map((scenario) => [scenario.name, scenario]));
  const run = (name: string | undefined, next: Handler, exchange: Exchange) => {
    if (name === undefined) return next(exchange);
    const scenario = byName.get(name);
    if (!scenario)
      throw new Problem(
        'invalid',
        `X-Gatehouse-Scenario must be one of: ${[...byName.keys()].join(', ')}`,
      );
    return scenario.run(next, exchange);
  };
  const policy: Policy = (next) => (exchange) => {
    const name = exchange.headers[header] ?? options.armed(exchange.workspace);
    return name instanceof Promise
      ? name.then((taken) => run(taken, next, exchange))
      : run(name, next, exchange);
  };
  return { policy, scenarios };
}

/** Rehearsal as a policy that a sandbox Proxy may have. */
export function rehearsalKind({ policy, scenarios }: Rehearsal): PolicyKind {
  const kind = plainKind(
    'validate',
    `Answers as a service does on a bad day when X-Gatehouse-Scenario asks for it: ${scenarios.map(({ name }) => name).join(', ')}. For the sandbox only.`,
    policy,
  );
  return {
    ...kind,
    check: (_config, { environment }) =>
      environment === 'sandbox' ? [] : ['rehearsed faults are for the sandbox only'],
  };
}

function createScenarios({ clock, random }: RehearsalOptions): Scenario[] {
  const windows = new Windows(clock);
  const faulted = new Remembered();
  const slow = (name: string, description: string, quantile: () => number): Scenario => ({
    name,
    description,
    // The record is read or changed first and the answer comes late, as live's does.
    run: async (next, exchange) => {
      const reply = await next(exchange);
      await sleep(latency(exchange.method, quantile()), undefined, {
        signal: exchange.signal,
      }).catch(() => undefined);
      return reply;
    },
  });
  return [
    {
      name: 'too-many-requests',
      description:
        '429 with Retry-After. Calls are refused until that time has passed; the first one after it goes through.',
      run: (next, exchange) => {
        const wait = windows.secondsLeft(`${exchange.workspace} ${exchange.peer.address}`);
        if (wait === 0) return next(exchange);
        throw new Problem(
          'throttled',
          'Your application, Open sandbox, has exceeded its quota of 5 requests every 1 second(s) and is being rate limited. Please see: https://digital.nhs.uk/developer/guides-and-documentation/reference-guide#rate-limits for more details.',
          { headers: { 'retry-after': String(wait) } },
        );
      },
    },
    {
      name: 'unavailable-applied',
      description:
        '503 with Retry-After although the update was applied. A repeat with the same X-Request-ID gets its result.',
      run: async (next, exchange) => {
        const reply = await next(exchange);
        if (faulted.again(idOf(exchange))) return reply;
        throw unavailable();
      },
    },
    {
      name: 'unavailable-not-applied',
      description:
        '503 with Retry-After and nothing applied. A repeat with the same X-Request-ID is carried out.',
      run: (next, exchange) => {
        if (faulted.again(idOf(exchange))) return next(exchange);
        return Promise.reject(unavailable());
      },
    },
    slow('slow', 'An answer after a time drawn from what was measured on live.', random),
    slow('slow-p50', 'An answer after the median time of live.', () => 0.5),
    slow('slow-p95', 'An answer after the time that 95 % of live answers keep.', () => 0.95),
    slow('slow-p99', 'An answer after the time that 99 % of live answers keep.', () => 0.99),
    slow('slow-worst', 'An answer after the longest time seen on live.', () => 1),
    {
      name: 'error',
      description: '500 UNKNOWN_ERROR; nothing is applied.',
      run: () =>
        Promise.reject(new Problem('internal', 'A rehearsed error', { code: 'UNKNOWN_ERROR' })),
    },
    {
      name: 'connection-cut',
      description: 'The connection is closed without an answer; nothing is applied.',
      run: () => Promise.resolve({ status: 500, hangUp: true }),
    },
    {
      name: 'connection-cut-applied',
      description: 'The call is carried out, then the connection is closed without an answer.',
      run: async (next, exchange) => ({ ...(await next(exchange)), hangUp: true }),
    },
    {
      name: 'expired-token',
      description: '401 Access Token expired.',
      run: () =>
        Promise.reject(tokenRefused('personal-demographics', 'Access Token expired', true)),
    },
  ];
}

/** Of one workspace only: many clients send the same id in all their tests. */
function idOf({ workspace, headers }: Exchange): string {
  return `${workspace} ${headers['x-request-id'] ?? ''}`;
}

function unavailable(): Problem {
  return new Problem('unavailable', 'A rehearsed outage', { headers: { 'retry-after': '5' } });
}

/** Milliseconds by quantile, as a client's performance stub measured on live (pds-fhir 1.7). */
const reads: readonly [number, number][] = [
  [0, 20],
  [0.5, 46],
  [0.85, 59],
  [0.95, 81],
  [0.99, 184],
  [0.999, 442],
  [1, 4477],
];
const writes: readonly [number, number][] = [
  [0, 300],
  [0.5, 597],
  [0.85, 780],
  [0.95, 1145],
  [0.99, 2410],
  [0.999, 8000],
  [1, 10_001],
];

/** The latency at a quantile from 0 to 1, in milliseconds, straight between the measured points. */
function latency(method: string, quantile: number): number {
  const profile = method === 'GET' || method === 'HEAD' ? reads : writes;
  for (let i = 1; i < profile.length; i++) {
    const [q0, ms0] = profile[i - 1] ?? [0, 0];
    const [q1, ms1] = profile[i] ?? [1, 0];
    if (quantile <= q1) return ms0 + ((quantile - q0) / (q1 - q0)) * (ms1 - ms0);
  }
  return profile.at(-1)?.[1] ?? 0;
}

/** How long a refused caller has to wait; a caller who waited may pass once, then a new window opens. */
class Windows {
  readonly #clock: Clock;
  readonly #ends = new Map<string, number>();
  static readonly #length = 2_000;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whole seconds until the caller may pass; 0: now. */
  secondsLeft(who: string): number {
    const now = this.#clock.now();
    const end = this.#ends.get(who);
    if (end !== undefined && now >= end) {
      this.#ends.delete(who);
      return 0;
    }
    if (end === undefined) {
      if (this.#ends.size >= 10_000) this.#ends.clear(); // callers that never came back
      this.#ends.set(who, now + Windows.#length);
    }
    return Math.ceil(((end ?? now + Windows.#length) - now) / 1000);
  }
}

/** The request ids that have met their fault, newest last, so that a repeat gets through. */
class Remembered {
  readonly #ids = new Set<string>();

  /** Whether this id was here before; from now on it was. */
  again(id: string): boolean {
    if (this.#ids.delete(id)) return true;
    if (this.#ids.size >= 10_000) {
      const [oldest = ''] = this.#ids;
      this.#ids.delete(oldest);
    }
    this.#ids.add(id);
    return false;
  }
}
