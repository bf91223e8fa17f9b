/**
 * Cuts the bytes of a multipart body at its delimiters as they come: heads of parts as text, contents in pieces. Owns line
 * ends, delimiters and the limits of sizes (RFC 2046 5.1); what a part is for is multipart.ts's.
 */
import { failure } from '../soap/failure.ts';
import { faultOf } from '../soap/fault.ts';

export interface ScannerLimits {
  /** Bytes of the whole body. */
  readonly total: number;
  /** Bytes of the header fields of one part. */
  readonly head: number;
}

/** Why a body is refused: told as `MESSAGE_NOT_WELL_FORMED[mime.truncated]`. */
export type MimeFaultKind =
  | 'contentType'
  | 'boundary'
  | 'truncated'
  | 'head'
  | 'parts'
  | 'size'
  | 'part'
  | 'encoding'
  | 'base64';

/** The Problem of a multipart body that is refused: fault 201. */
export function mimeFault(kind: MimeFaultKind) {
  return faultOf(failure(`MESSAGE_NOT_WELL_FORMED[mime.${kind}]`, 'MIME'));
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dash = 0x2d;
const empty = Buffer.alloc(0);

/** Blanks behind a delimiter that still make it one (RFC 2046: transport padding). */
const mostPadding = 64;

/** What a delimiter is: where its line break begins, where its line ends, and whether it is the last. */
interface Hit {
  readonly at: number;
  readonly end: number;
  readonly closing: boolean;
}

/** Reads one body, once, front to back. */
export class MultipartScanner {
  readonly #source: AsyncIterator<Buffer>;
  readonly #delimiter: Buffer;
  readonly #limits: ScannerLimits;
  #rest: Buffer = empty;
  #lineStart = true;
  #ended = false;
  #taken = 0;

  constructor(body: AsyncIterable<Buffer>, boundary: string, limits: ScannerLimits) {
    this.#source = body[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`--${boundary}`, 'latin1');
    this.#limits = limits;
  }

  /**
   * The bytes up to the next delimiter, in pieces, and then whether it is the closing one.
   * @throws Problem fault 201 `mime.truncated` where the body ends first, `mime.size`
   */
  async *content(): AsyncGenerator<Buffer, boolean> {
    for (;;) {
      const hit = this.#find();
      if (typeof hit === 'object') {
        if (hit.at > 0) yield this.#rest.subarray(0, hit.at);
        this.#drop(hit.end, true);
        return hit.closing;
      }
      const keepFrom = hit ?? Math.max(0, this.#rest.length - this.#delimiter.length - 2);
      if (keepFrom > 0) {
        yield this.#rest.subarray(0, keepFrom);
        this.#drop(keepFrom, false);
      }
      if (!(await this.#more())) throw mimeFault('truncated');
    }
  }

  /** The header fields of a part, without the empty line behind them. @throws Problem `mime.head`, `mime.truncated` */
  async head(): Promise<string> {
    for (;;) {
      const found = endOfHead(this.#rest);
      if (found && found.end <= this.#limits.head) {
        const text = this.#rest.toString('latin1', 0, found.at);
        this.#drop(found.end, true);
        return text;
      }
      if (found || this.#rest.length > this.#limits.head) throw mimeFault('head');
      if (!(await this.#more())) throw mimeFault('truncated');
    }
  }

  /** Reads what comes behind the closing delimiter, and forgets it. */
  async finish(): Promise<void> {
    this.#rest = empty;
    while (await this.#more()) this.#rest = empty;
  }

  /** Lets go of the body before its end. */
  async abandon(): Promise<void> {
    this.#rest = empty;
    await this.#source.return?.();
  }

  #drop(count: number, atLineStart: boolean): void {
    this.#rest = this.#rest.subarray(count);
    this.#lineStart = atLineStart;
  }

  /** False at the end of the body, when asked again too. */
  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const next = await this.#source.next();
    if (next.done === true) {
      this.#ended = true;
      return this.#rest.length > 0; // one look more, now that nothing follows
    }
    this.#taken += next.value.length;
    if (this.#taken > this.#limits.total) throw mimeFault('size');
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
    return true;
  }

  /** The next delimiter; a number where one may begin that is not all there; undefined where none is. */
  #find(): Hit | number | undefined {
    const { length } = this.#delimiter;
    for (let at = this.#rest.indexOf(this.#delimiter); at >= 0;) {
      if (at === 0 ? this.#lineStart : this.#rest[at - 1] === lineFeed) {
        const line = this.#lineEnd(at + length);
        const from = breakBefore(this.#rest, at);
        if (line === 'undecided') return from;
        if (line) return { at: from, ...line };
      }
      at = this.#rest.indexOf(this.#delimiter, at + 1);
    }
    return undefined;
  }

  /** What follows a boundary: two dashes perhaps, blanks, and a line end or the end of all. */
  #lineEnd(from: number): { end: number; closing: boolean } | 'undecided' | undefined {
    const rest = this.#rest;
    const undecided = this.#ended ? undefined : 'undecided';
    let at = from;
    const closing = rest[at] === dash && rest[at + 1] === dash;
    if (closing) at += 2;
    else if (rest[at] === dash) return at + 1 < rest.length ? undefined : undecided;
    while (at < rest.length && isBlank(rest[at])) if (++at - from > mostPadding) return undefined;
    if (at >= rest.length) return this.#ended ? { end: at, closing } : 'undecided';
    if (rest[at] === carriageReturn) at++;
    if (at >= rest.length) return this.#ended ? { end: at, closing } : 'undecided';
    return rest[at] === lineFeed ? { end: at + 1, closing } : undefined;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** The line break in front of a delimiter belongs to it. */
function breakBefore(bytes: Buffer, at: number): number {
  if (at === 0) return 0;
  return at > 1 && bytes[at - 2] === carriageReturn ? at - 2 : at - 1;
}

/** Where the first empty line begins, and where it ends; at the very front there are no fields. */
function endOfHead(bytes: Buffer): { at: number; end: number } | undefined {
  for (let at = 0; at < bytes.length;) {
    const next = bytes.indexOf(lineFeed, at);
    if (next < 0) return undefined;
    if (next === at || (next === at + 1 && bytes[at] === carriageReturn))
      return { at, end: next + 1 };
    at = next + 1;
  }
  return undefined;
}
