/** What is counted of each call, and a span around it. Owns which calls are use of an API; counting is server/observe/'s. */
import type { Exchange } from '../core/exchange.ts';
import type { Observer } from './front.ts';
import { changed, withFields } from './gateway/changed-call.ts';
import type { Mount, MountTable } from './mount-table.ts';
import type { HeardCall } from './observe/heard.ts';
import type { Meters } from './observe/meters.ts';
import type { Tallies } from './observe/tallies.ts';
import { openTracing } from './observe/tracing.ts';
import type { UsageRecorder } from './observe/usage-recorder.ts';

export interface Counters {
  readonly meters: Meters;
  readonly tallies: Tallies;
  readonly recorder: UsageRecorder;
}

/** Counts in all places. */
export function observerOf({ meters, tallies, recorder }: Counters): Observer {
  return {
    began: (mount) => {
      meters.began(mount);
    },
    ended(call, mount) {
      const series = meters.ended(call, mount);
      if (isUse(call, mount)) recorder.record(series, call);
      if (isTokenRequest(call, mount)) countToken({ tallies, recorder }, call);
    },
  };
}

/** Calls through the gateway, and those for tokens; not the platform's own pages, management and metrics. */
function isUse({ facts }: HeardCall, { api }: Mount): boolean {
  return facts.proxy !== undefined || api === 'authorisation' || api === 'smart-fhir';
}

function isTokenRequest({ facts }: HeardCall, { api }: Mount): boolean {
  return facts.route === 'POST /token' && (api === 'authorisation' || api === 'management');
}

const help = {
  tokens: 'Requests for tokens. The grant is that of the app: alone, or for a worker or a patient.',
  rejected: 'Requests for tokens whose client did not prove itself.',
};

/** What a client that does not prove itself is told (RFC 6749 5.2, and the national texts for assertions). */
const unproven: ReadonlySet<string> = new Set(['invalid_client', 'invalid_request']);

function countToken(
  { tallies, recorder }: Pick<Counters, 'tallies' | 'recorder'>,
  { facts, sent }: HeardCall,
): void {
  const result = sent.status < 400 ? 'issued' : 'refused';
  const reason = result === 'issued' ? '' : (facts.code ?? String(sent.status));
  const grant = facts.caller?.mode ?? 'unknown';
  tallies.add('auth_token_requests_total', help.tokens, { grant, result, reason });
  if (!unproven.has(reason)) return;
  tallies.add('auth_assertion_rejected_total', help.rejected, { reason });
  recorder.rejected();
}

type Table = Pick<MountTable, 'find'>;

/** The tables with a span around each call where an SDK of OpenTelemetry is in the process, else as they are. */
export function tracedTables(tables: readonly Table[], version: string): readonly Table[] {
  const tracing = openTracing(putFields, version);
  if (!tracing) return tables;
  const traced = new WeakMap<Mount, Mount>();
  const tracedOf = (mount: Mount): Mount => {
    let known = traced.get(mount);
    if (!known) {
      known = { ...mount, handler: tracing.around(mount, mount.handler) };
      traced.set(mount, known);
    }
    return known;
  };
  return tables.map((table) => ({
    find(environment, path) {
      const mount = table.find(environment, path);
      return mount && tracedOf(mount);
    },
  }));
}

function putFields(exchange: Exchange, fields: readonly (readonly [string, string])[]): Exchange {
  if (fields.length === 0) return exchange;
  const names = fields.map(([name]) => name.toLowerCase());
  return changed(exchange, { rawHeaders: withFields(exchange.rawHeaders, names, fields) });
}
