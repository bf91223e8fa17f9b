/**
 * Keeps traces of calls and messages: takes them in memory when they have ended, writes them in groups twice a second,
 * finds them by their ids, and lets go of the oldest. Owns the bounds. What is not acknowledged may be lost: kill -9 loses
 * the last half second, and what comes faster than it can be written is dropped and counted.
 */
import type { Log } from '../../core/log.ts';
import { timeKey } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { Collection, Store } from '../../core/store.ts';
import type { Traces } from '../../core/trace.ts';
import { packed, traceCollection, traceIdOf, unpacked } from './trace-pieces.ts';
import type { TraceGroup, TracePiece } from './trace-pieces.ts';
import { recordTrace, type RecordedTrace } from './trace-recorder.ts';

export interface TraceKeeperOptions {
  readonly store: Store;
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
  /** Pieces kept by the whole installation, and for how long in milliseconds. */
  readonly most: number;
  readonly keptFor: number;
}

export interface TraceKeeper extends Traces {
  /** Pieces with one of these ids; `more` when there are more than are looked through. */
  find(ids: readonly string[]): Promise<{ readonly pieces: readonly TracePiece[]; more: boolean }>;
  /** Writes what has ended. Never rejects. */
  flush(): Promise<void>;
  /** Removes what is too old. */
  sweep(): Promise<number>;
  /** Since the start of this process. */
  counts(): TraceCounts;
  /** Writes what has ended, and stops. */
  close(): Promise<void>;
}

export interface TraceCounts {
  readonly kept: number;
  readonly dropped: number;
}

/** Milliseconds between writes. */
const pause = 500;
/** Traces that wait to be written; what comes then is dropped. */
const mostWaiting = 1_000;
/** Traces whose texts are kept, of those written at a time: texts cost the most. */
const mostWithTexts = 100;
/** Pieces and characters of a document. */
const mostInGroup = 100;
const longestGroup = 512 * 1024;
/** Documents looked through: for one id, and in all. Finding reads them whole. */
const mostOfOne = 30;
const mostGroups = 60;
/** Documents removed after each write: more than one write adds. */
const mostTrimmed = 20;

export function openTraceKeeper(options: TraceKeeperOptions): TraceKeeper {
  const { store, now, newId, log, keptFor } = options;
  const collection = store.open(traceCollection);
  const process = newId();
  let waiting: RecordedTrace[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;
  const counted = { kept: 0, dropped: 0, groups: 0, pieces: 0, failed: false };

  const write = async () => {
    const ended = waiting;
    waiting = [];
    let withTexts = mostWithTexts;
    for (let begin = 0; begin < ended.length;) {
      const texts: string[] = [];
      const refs = new Set<string>();
      for (let length = 0; texts.length < mostInGroup && length < longestGroup; begin++) {
        const trace = ended[begin];
        if (!trace) break;
        const mayHave = !trace.hasTexts || withTexts-- > 0;
        const piece = trace.piece(`${process}.${counted.pieces++}`, mayHave);
        for (const ref of [...piece.names, ...piece.foundBy]) refs.add(ref);
        const text = JSON.stringify(piece);
        length += text.length;
        texts.push(text);
        await new Promise(setImmediate); // calls come first
      }
      await put(texts, [...refs]);
    }
  };
  const put = async (texts: readonly string[], refs: readonly string[]) => {
    try {
      const last = await store.counters.add('observe.message-traces', texts.length);
      const group: TraceGroup = { at: now(), last, refs, packed: await packed(texts) };
      await collection.put(`${process}.${counted.groups++}`, group, { expected: 0 });
      counted.kept += texts.length;
      counted.failed = false;
      // What cannot be removed now is removed after a later write.
      await trim(collection, 'number', last - options.most, mostTrimmed).catch(() => 0);
    } catch (error) {
      counted.dropped += texts.length;
      if (!counted.failed)
        log.log('warn', 'traces of messages could not be kept', { kind: Problem.from(error).kind });
      counted.failed = true;
    }
  };
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write);
    return writing;
  };
  const take = (trace: RecordedTrace) => {
    if (closed || waiting.length >= mostWaiting) {
      counted.dropped++;
      return;
    }
    waiting.push(trace);
    timer ??= setTimeout(() => void flush(), pause).unref();
  };
  return {
    open: (about) => recordTrace(about, now, take),
    find: (ids) => find(collection, ids),
    flush,
    sweep: () => trim(collection, 'time', now() - keptFor, 1_000),
    counts: () => counted,
    async close() {
      await flush();
      closed = true;
      await flush();
    },
  };
}

/** Removes documents up to this number or time; another process may have been faster. */
async function trim(
  collection: Collection<TraceGroup>,
  index: 'number' | 'time',
  to: number,
  limit: number,
): Promise<number> {
  if (to <= 0) return 0;
  const { items } = await collection.find({ index, to: timeKey(to), limit });
  for (const { id, version } of items)
    await collection.remove(id, version).catch((error: unknown) => {
      if (Problem.from(error).kind !== 'conflict') throw error;
    });
  return items.length;
}

async function find(collection: Collection<TraceGroup>, ids: readonly string[]) {
  const wanted = new Set(ids.flatMap((id) => traceIdOf(id) ?? []));
  const groups = new Map<string, TraceGroup>();
  let more = false;
  for (const id of wanted) {
    const page = await collection.find({ index: 'ref', equals: [id], limit: mostOfOne });
    more ||= page.next !== undefined;
    for (const { id: group, value } of page.items)
      if (groups.size < mostGroups) groups.set(group, value);
      else more ||= !groups.has(group);
  }
  const pieces: TracePiece[] = [];
  for (const group of groups.values())
    for (const piece of await unpacked(group))
      if ([...piece.names, ...piece.foundBy].some((id) => wanted.has(id))) pieces.push(piece);
  return { pieces, more };
}
