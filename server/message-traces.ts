/**
 * Traces of calls and messages for this installation: the keeper, over all its processes, and which Proxies are traced
 * without being told to. Owns the joining; what is kept and shown is server/observe's. Not the spans of
 * observe/tracing.ts, which are for a collector of OpenTelemetry.
 */
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../core/store.ts';
import type { Config } from './config.ts';
import type { BackendDefinition } from './catalogue/proxies.ts';
import { openTraceKeeper, type TraceKeeper } from './observe/trace-keeper.ts';
import { pdsApiId } from './pds-proxies.ts';
import type { Peers } from './process-role.ts';

export interface MessageTracesOptions {
  readonly config: Pick<Config, 'messageTraces' | 'messageTraceHours'>;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly peers: Pick<Peers, 'gather' | 'answer'>;
}

const flushTopic = 'message-traces.flush';

/** The keeper; finding makes all processes write first what they have. */
export function openMessageTraces(options: MessageTracesOptions): TraceKeeper {
  const { config, store, clock, log, peers } = options;
  const keeper = openTraceKeeper({
    ...{ store, log, now: () => clock.now(), newId: () => clock.newId() },
    most: config.messageTraces,
    keptFor: config.messageTraceHours * 60 * 60_000,
  });
  peers.answer(flushTopic, () => keeper.flush().then(() => true));
  return {
    ...keeper,
    async find(ids) {
      await Promise.all([keeper.flush(), peers.gather(flushTopic, undefined)]);
      return keeper.find(ids);
    },
  };
}

/** Demographics that are kept elsewhere are asked for in messages, whose course somebody will want to see. */
export function isTracedByItself(api: string, backend: BackendDefinition): boolean {
  if (api !== pdsApiId) return false;
  if (backend.kind !== 'service') return true;
  const { records } = backend.config ?? {};
  return typeof records === 'object' && records !== null && kindIn(records) !== 'stored';
}

function kindIn(records: object): unknown {
  return 'kind' in records ? records.kind : undefined;
}
