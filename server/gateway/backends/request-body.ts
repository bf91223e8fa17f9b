/**
 * The body of a request on its way to a back end. What the wire client is given is never the caller's own message: a
 * client that gives up destroys the body it sends, and the caller's connection must live to carry the refusal.
 */
import { Readable } from 'node:stream';
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';

/** Bodies up to so many bytes are read before anything is sent: one write instead of several, and they can be sent again. */
const smallest = 16 * 1024;
/** A caller must bring on so many bytes, or the end, in each `patience` milliseconds. */
const progress = 1024;
const patience = 30_000;

/** What to send: undefined where the request has no body. */
export function bodyOf(exchange: Exchange): Promise<Buffer> | Upload | undefined {
  const { headers } = exchange;
  const length = headers['content-length'];
  if (headers['transfer-encoding'] === undefined && (length === undefined || Number(length) === 0))
    return undefined;
  if (length !== undefined && Number(length) <= smallest) return exchange.body.bytes(smallest);
  const source = exchange.body.stream();
  // A policy has read it, within its own limit; asking again gives the same bytes.
  if (source.readableDidRead) return exchange.body.bytes(Infinity);
  return new Upload(source);
}

/** A body that goes on as it comes, no faster than the back end takes it. */
export class Upload extends Readable {
  /** When it last got on, in the milliseconds of `performance.now`. */
  moved = performance.now();
  readonly #source: Readable;
  readonly #take: (chunk: Buffer) => void;
  #awaited = false;
  #length = 0;
  #due = progress;
  #stillSince = this.moved;

  constructor(source: Readable) {
    super({ highWaterMark: 64 * 1024 });
    this.#source = source;
    this.on('error', () => undefined); // it may be cut before anybody has begun to send it
    this.#take = (chunk) => {
      this.#count(chunk.length);
      if (this.push(chunk)) return;
      this.#awaited = false;
      source.pause();
    };
    source.once('end', () => {
      this.moved = performance.now();
      this.#awaited = false;
      this.push(null);
    });
    source.once('close', () => {
      if (!source.readableEnded) this.destroy(new Problem('invalid', 'The body was cut short'));
    });
  }

  /** Whether the next bytes are the caller's to send; else the back end is not taking what is there. */
  get awaited(): boolean {
    return this.#awaited;
  }

  /** Whether the caller has let it lie, at that moment of `performance.now`. */
  isStill(now: number): boolean {
    return this.#awaited && now - this.#stillSince > patience;
  }

  #count(length: number) {
    this.moved = performance.now();
    this.#length += length;
    if (this.#length < this.#due) return;
    this.#due = this.#length + progress;
    this.#stillSince = this.moved;
  }

  override _read() {
    if (this.#source.readableEnded) return;
    if (!this.#awaited) this.#stillSince = performance.now();
    this.#awaited = true;
    if (this.#source.listenerCount('data') === 0) this.#source.on('data', this.#take);
    this.#source.resume();
  }

  /** What is left of the body is read away by whoever answers. */
  override _destroy(error: Error | null, done: (error: Error | null) => void) {
    this.#awaited = false;
    this.#source.off('data', this.#take);
    this.#source.resume();
    done(error);
  }
}
