/**
 * Pieces of traces as documents: what one call or one piece of work has told, several in a document, so that keeping them
 * costs few writes. Owns the form, what is found by which id, and the packing; who writes and when is trace-keeper.ts's.
 */
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { timeKey } from '../../core/outbox.ts';
import type { CollectionOf } from '../../core/store.ts';
import type { StepName } from '../../core/trace.ts';

/** What one call, or one piece of work behind calls, has told. */
export interface TracePiece {
  readonly id: string;
  /** `call to spine-async`, `processing`, `delivery`. */
  readonly what: string;
  readonly environment: string;
  /** The App whose it is; empty where nobody knows. */
  readonly app: string;
  /** Upper case. Pieces that share one of these belong together. */
  readonly names: readonly string[];
  /** Upper case. It is found by these as well. */
  readonly foundBy: readonly string[];
  /** NHS numbers of those whom its texts may show; none where it has the structure of texts alone. */
  readonly people: readonly string[];
  /** Whether values stand in its texts. */
  readonly texts: 'whole' | 'structure';
  readonly steps: readonly KeptStep[];
}

export interface KeptStep {
  /** Milliseconds since the epoch, with a fraction. */
  readonly at: number;
  readonly step: StepName;
  readonly says: string;
  readonly facts?: Readonly<Record<string, string>>;
  readonly before?: string;
  readonly after?: string;
}

/** A document of pieces. */
export interface TraceGroup {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The number of its last piece, counted over the whole installation. */
  readonly last: number;
  readonly refs: readonly string[];
  /** The pieces as JSON, deflated, base64. */
  readonly packed: string;
}

export const traceCollection: CollectionOf<TraceGroup> = {
  name: 'observe.message-traces',
  keys: ({ at, last, refs }) => ({
    ref: refs.map((ref) => [ref]),
    number: [[timeKey(last)]],
    time: [[timeKey(at)]],
  }),
};

/** What is no id of a call or message is not looked for. */
export function traceIdOf(text: string): string | undefined {
  // An NHS number as a correlation id would be a patient's data in an index.
  if (!/^[\x21-\x7e]{1,128}$/.test(text) || /^\d{3}-?\d{3}-?\d{4}$/.test(text)) return undefined;
  return text.toUpperCase();
}

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Compressed off the event loop. @param texts each piece as JSON */
export async function packed(texts: readonly string[]): Promise<string> {
  return (await deflate(`[${texts.join(',')}]`, { level: 3 })).toString('base64');
}

export async function unpacked({ packed: text }: TraceGroup): Promise<readonly TracePiece[]> {
  const json = (await inflate(Buffer.from(text, 'base64'))).toString();
  return JSON.parse(json) as TracePiece[]; // `packed` wrote it
}
