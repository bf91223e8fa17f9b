/** The thread that parses large XML parts: takes one, answers in pieces as they are asked for. Started by large-xml.ts. */
import { parentPort } from 'node:worker_threads';
import { parseXml, XmlFault, type XmlFaultKind, type XmlLimits } from '../core/xml.ts';
import { piecesOf } from './large-xml-pieces.ts';

/** What the thread is given. */
export interface Task {
  readonly bytes: Uint8Array;
  readonly limits: XmlLimits;
  readonly charset: string | undefined;
  readonly without: readonly string[];
}

/** A piece of the tree, or why there is none. */
export type ThreadReply =
  | { readonly piece: string; readonly last: boolean }
  | { readonly fault: XmlFaultKind; readonly line: number; readonly column: number };

let pieces: Iterator<string> | undefined;
let ready: IteratorResult<string> | undefined;

parentPort?.on('message', (message: Task | 'more') => {
  try {
    if (message !== 'more') begin(message);
    parentPort?.postMessage(nextPiece());
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error;
    const { kind, line, column } = error;
    parentPort?.postMessage({ fault: kind, line, column } satisfies ThreadReply);
  }
});

function begin({ bytes, limits, charset, without }: Task): void {
  const part = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const root = parseXml(part, limits, { charset, without });
  pieces = piecesOf(root)[Symbol.iterator]();
  ready = pieces.next();
}

/** One piece ahead, to know which is the last. */
function nextPiece(): ThreadReply {
  const piece = ready?.done === false ? ready.value : '{"names":[],"tokens":[]}';
  ready = pieces?.next();
  return { piece, last: ready?.done !== false };
}
