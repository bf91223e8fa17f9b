/**
 * Answers of HTTP/1.1 as they come in pieces (RFC 9112), strictly: whatever two readers could understand differently is a
 * fault. Owns framing; what the fields mean is others' business. Written here because it is run for each byte that the
 * gateway passes on (docs/decisions/0021-own-wire-client.md).
 */
import { WireFault } from './wire.ts';

/** Hears the parts of an answer. After `end` the parser waits for `begin`. */
export interface AnswerSink {
  /** The head of the final answer; those of 1xx are passed over. */
  head(status: number, raw: readonly string[]): void;
  data(chunk: Buffer): void;
  /** The answer is whole. */
  end(): void;
}

const longestHead = 32 * 1024;
const longestChunkLine = 1024;
const longestTrailers = 8 * 1024;

type State =
  'none' | 'head' | 'length' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailers' | 'rest' | 'over';

export class AnswerParser {
  /** Whether the connection may carry another request after this answer. */
  keep = true;
  /** Seconds for which the other side keeps the connection, where it says so. */
  keptFor: number | undefined;
  readonly #sink: AnswerSink;
  #state: State = 'none';
  #bodyless = false;
  #left = 0;
  #kept: Buffer | undefined;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /** Whether nothing of an awaited answer has come. */
  get untouched(): boolean {
    return this.#state === 'head' && this.#kept === undefined;
  }

  /** @param bodyless whether the answer has no body whatever it says (HEAD). */
  begin(bodyless: boolean): void {
    this.#bodyless = bodyless;
    this.#state = 'head';
    // Some send the body to HEAD all the same: it would be read as the answer to the next request.
    this.keep = !bodyless;
    this.keptFor = undefined;
  }

  /** Nothing more is heard. */
  stop(): void {
    this.#state = 'over';
    this.#kept = undefined;
  }

  /** @throws WireFault `unsound` */
  push(bytes: Buffer): void {
    let rest: Buffer | undefined = bytes;
    while (rest !== undefined && rest.length > 0 && this.#state !== 'over') rest = this.#step(rest);
  }

  /** The other side sends no more. @returns whether that makes the answer whole. */
  close(): boolean {
    if (this.#state !== 'rest') return false;
    this.#finish(undefined);
    return true;
  }

  /** Takes what belongs to the state; gives what is left. */
  #step(bytes: Buffer): Buffer | undefined {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes);
      case 'length':
        return this.#counted(bytes, 'none');
      case 'chunk':
        return this.#counted(bytes, 'chunk-end');
      case 'chunk-line':
        return this.#chunkLine(bytes);
      case 'chunk-end':
        return this.#chunkEnd(bytes);
      case 'trailers':
        return this.#trailers(bytes);
      case 'rest':
        this.#sink.data(bytes);
        return undefined;
      default:
        throw unsound('bytes that nobody asked for');
    }
  }

  #head(bytes: Buffer): Buffer | undefined {
    const text = this.#until(bytes, '\r\n\r\n', longestHead, 'a head without end');
    if (!text) return undefined;
    const { status, raw, framing } = readHead(text.line);
    if (status === 101) throw unsound('another protocol, which nobody asked for');
    if (status < 200) return text.rest; // it says nothing that a caller needs
    this.keep &&= framing.keep;
    this.keptFor = framing.keptFor;
    const none = this.#bodyless || status === 204 || status === 304;
    // RFC 9110 8.6: a 204 has no length; whoever tells one may send that much.
    if (status === 204 && (framing.chunked || (framing.length ?? 0) > 0)) this.keep = false;
    this.#left = none ? 0 : (framing.length ?? 0);
    const ended = none || framing.length === 0;
    this.#state = framing.chunked ? 'chunk-line' : framing.length === undefined ? 'rest' : 'length';
    if (!ended && this.#state === 'rest') this.keep = false;
    this.#sink.head(status, raw);
    if (!ended || this.#isOver()) return text.rest;
    this.#finish(text.rest);
    return undefined;
  }

  #counted(bytes: Buffer, after: 'none' | 'chunk-end'): Buffer | undefined {
    if (bytes.length < this.#left) {
      this.#left -= bytes.length;
      this.#sink.data(bytes);
      return undefined;
    }
    const exact = bytes.length === this.#left;
    const mine = exact ? bytes : bytes.subarray(0, this.#left);
    const rest = exact ? undefined : bytes.subarray(this.#left);
    this.#left = 0;
    this.#sink.data(mine);
    if (this.#isOver()) return undefined;
    if (after === 'none') {
      this.#finish(rest);
      return undefined;
    }
    this.#state = after;
    return rest;
  }

  #chunkLine(bytes: Buffer): Buffer | undefined {
    const text = this.#until(bytes, '\r\n', longestChunkLine, 'a chunk without a length');
    if (!text) return undefined;
    const size = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;[\t\x20-\x7e]*)?$/.exec(text.line)?.[1];
    if (size === undefined) throw unsound('a chunk whose length cannot be read');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    return text.rest;
  }

  #chunkEnd(bytes: Buffer): Buffer | undefined {
    const all = this.#kept ? Buffer.concat([this.#kept, bytes]) : bytes;
    this.#kept = undefined;
    if (all[0] !== 13 || (all.length > 1 && all[1] !== 10)) throw unsound('a chunk too long');
    if (all.length === 1) {
      this.#kept = all;
      return undefined;
    }
    this.#state = 'chunk-line';
    return all.subarray(2);
  }

  /** Trailer fields are read over: nobody said that they may be merged (RFC 9110 6.5.1). */
  #trailers(bytes: Buffer): Buffer | undefined {
    const text = this.#until(bytes, '\r\n', longestTrailers, 'trailers without end');
    if (!text) return undefined;
    if (text.line === '') {
      this.#finish(text.rest);
      return undefined;
    }
    this.#left += text.line.length;
    if (this.#left > longestTrailers) throw unsound('trailers without end');
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/.test(text.line))
      throw unsound('a trailer that is no field');
    return text.rest;
  }

  /** The text before a mark, once it is there. */
  #until(
    bytes: Buffer,
    mark: string,
    longest: number,
    fault: string,
  ): { readonly line: string; readonly rest: Buffer | undefined } | undefined {
    const before = this.#kept?.length ?? 0;
    const all = this.#kept ? Buffer.concat([this.#kept, bytes]) : bytes;
    const end = all.indexOf(mark, Math.max(0, before - mark.length + 1));
    if (end > longest || (end < 0 && all.length > longest + mark.length)) throw unsound(fault);
    this.#kept = end < 0 ? all : undefined;
    if (end < 0) return undefined;
    const after = end + mark.length;
    return {
      line: all.toString('latin1', 0, end),
      rest: after === all.length ? undefined : all.subarray(after),
    };
  }

  /** What comes behind a whole answer belongs to nobody: such a connection is not used again. */
  #finish(rest: Buffer | undefined): void {
    if (rest !== undefined && rest.length > 0) this.keep = false;
    this.#state = 'none';
    this.#sink.end();
  }

  /** The sink may have ended it. */
  #isOver(): boolean {
    return this.#state === 'over';
  }
}

interface Framing {
  keep: boolean;
  keptFor: number | undefined;
  chunked: boolean;
  length: number | undefined;
}

/** @throws WireFault `unsound` for all that RFC 9112 2-6 does not have, and for what it lets recipients guess. */
function readHead(text: string) {
  const status = statusOf(text);
  const old = text.charCodeAt(7) === 48; // HTTP/1.0
  const framing: Framing = { keep: !old, keptFor: undefined, chunked: false, length: undefined };
  const raw: string[] = [];
  if (!fieldText.test(text)) throw unsound('a head with control characters');
  let at = lineEnd(text, 0) + 2;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon >= end) throw unsound('a field without a colon');
    const name = text.slice(at, colon);
    let [from, to] = [colon + 1, end];
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
    const value = text.slice(from, to);
    raw.push(name, value);
    const meaning = meaningOf(name);
    if (meaning !== 'plain') note(framing, meaning, value, old);
    at = end + 2;
  }
  if (framing.chunked && framing.length !== undefined)
    throw unsound('an answer with two lengths (RFC 9112 6.3)');
  return { status, raw, framing };
}

function statusOf(text: string): number {
  if (!/^HTTP\/1\.[01] [1-5]\d\d(?:[ \r]|$)/.test(text))
    throw unsound('no status line of HTTP/1.1');
  return Number(text.slice(9, 12));
}

/** Where a line ends; a lone CR or LF is none (RFC 9112 2.2). */
function lineEnd(text: string, at: number): number {
  const feed = text.indexOf('\n', at);
  const end = text.indexOf('\r', at);
  if (feed < 0 && end < 0) return text.length;
  if (end + 1 !== feed) throw unsound('a line that ends in half');
  return end;
}

type Meaning = 'plain' | 'content-length' | 'transfer-encoding' | 'connection' | 'keep-alive';

const meanings: ReadonlyMap<string, Meaning> = new Map(
  (['content-length', 'transfer-encoding', 'connection', 'keep-alive'] as const).map((name) => [
    name,
    name,
  ]),
);
/** Names are the same in answer after answer; back ends choose them, so what is remembered has an end. */
const known = new Map<string, Meaning>();
const mostKnown = 1000;

function meaningOf(name: string): Meaning {
  const before = known.get(name);
  if (before !== undefined) return before;
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw unsound('a field without a name');
  const meaning = meanings.get(name.toLowerCase()) ?? 'plain';
  if (known.size < mostKnown && name.length <= 100) known.set(name, meaning);
  return meaning;
}

function note(framing: Framing, meaning: Meaning, value: string, old: boolean): void {
  switch (meaning) {
    case 'content-length':
      if (framing.length !== undefined || !/^\d{1,15}$/.test(value))
        throw unsound('a length that cannot be read for sure');
      framing.length = Number(value);
      return;
    case 'transfer-encoding':
      if (framing.chunked || old || value.toLowerCase() !== 'chunked')
        throw unsound('a transfer coding other than chunked');
      framing.chunked = true;
      return;
    case 'connection': {
      const options = value.toLowerCase().split(',');
      if (options.some((one) => one.trim() === 'close')) framing.keep = false;
      else if (old && options.some((one) => one.trim() === 'keep-alive')) framing.keep = true;
      return;
    }
    default: {
      const seconds = /(?:^|[\s,;])timeout=(\d{1,6})/i.exec(value.slice(0, 200))?.[1];
      if (seconds !== undefined) framing.keptFor = Number(seconds);
    }
  }
}

const fieldText = /^[\t\r\n\x20-\x7e\x80-\xff]*$/;

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function unsound(what: string): WireFault {
  return new WireFault('unsound', `The back end sent ${what}`);
}
