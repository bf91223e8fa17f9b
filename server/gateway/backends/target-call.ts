/**
 * One request on the wire of a back end, from sending to the last byte of its answer: what the connection calls as things happen.
 * Owns the deadline, the caller's leaving, and that a cut answer never looks whole. Short answers are gathered and
 * handed on when all of them is there; of long ones and of those that do not say how long they are, the head goes on at
 * once and the body is a stream.
 */
import { Readable } from 'node:stream';
import { Problem } from '../../../core/problem.ts';
import { fieldOf } from './answer-headers.ts';
import type { Upload } from './request-body.ts';
import type { RunningCalls, Watched } from './running-calls.ts';
import type { WireControl, WireHandler } from './wire/wire.ts';

/** What came back. */
export interface Answer {
  readonly status: number;
  /** Name, value, name, value … as they came. */
  readonly raw: readonly string[];
  /** All of it, or a stream that fails when the answer is cut. */
  readonly body: Buffer | Readable;
}

export interface CallTerms {
  readonly method: string;
  /** Milliseconds: to the last byte of a gathered answer, to each next byte of a streamed one. */
  readonly timeout: number;
  /** When the call began, in the milliseconds of `performance.now`. */
  readonly started: number;
  /** The request's body, where it is sent as it comes. */
  readonly upload: Upload | undefined;
  /** Aborted when the caller has gone. Asked for only when a call takes long enough to be looked at. */
  readonly gone: () => AbortSignal;
  readonly running: RunningCalls;
  /** Hears how a streamed answer ended; `undefined` when it is whole. Not called when the caller left. */
  readonly ended: (error: Error | undefined) => void;
}

/** The caller has gone: there is nobody to answer. */
export class CallerGone extends Error {
  constructor() {
    super('The caller has gone');
    this.name = 'CallerGone';
  }
}

/** Answers up to so many bytes are gathered. */
const longestGathered = 64 * 1024;

export class TargetCall implements WireHandler, Watched {
  readonly answer: Promise<Answer>;
  /** Whether anything was sent; false while it waits for a connection. */
  sent = false;
  /** Whether the head of an answer has come. */
  headed = false;
  readonly #terms: CallTerms;
  #resolve: (answer: Answer) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #controller: WireControl | undefined;
  #signal: AbortSignal | undefined;
  /** Why it ended, once it has ended from this side. */
  #over: Error | undefined;
  #done = false;
  #status = 0;
  #raw: readonly string[] = [];
  #chunks: Buffer[] = [];
  #stream: AnswerBody | undefined;
  #moved: number;

  constructor(terms: CallTerms) {
    this.#terms = terms;
    this.#moved = terms.started;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    terms.running.add(this);
  }

  onRequestStart(controller: WireControl) {
    // It waited for a connection, and its caller has been answered: throwing leaves the connection to others.
    if (this.#over) throw this.#over;
    this.sent = true;
    this.#controller = controller;
  }

  onResponseStart(_control: WireControl, status: number, raw: readonly string[]) {
    this.headed = true;
    this.#status = status;
    this.#raw = raw;
    const length = fieldOf(raw, 'content-length');
    const bodyless = this.#terms.method === 'HEAD' || status === 204 || status === 304;
    if (bodyless || (length !== undefined && Number(length) <= longestGathered)) return;
    this.#moved = performance.now();
    this.#stream = new AnswerBody(this);
    this.#resolve({ status, raw, body: this.#stream });
  }

  onResponseData(controller: WireControl, chunk: Buffer) {
    if (!this.#stream) {
      this.#chunks.push(chunk);
      return;
    }
    this.#moved = performance.now();
    if (!this.#stream.push(chunk)) controller.pause();
  }

  onResponseEnd() {
    this.#leave();
    if (this.#stream) {
      this.#stream.push(null);
      this.#terms.ended(undefined);
      return;
    }
    const [first, second] = this.#chunks;
    const body = first && !second ? first : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, raw: this.#raw, body });
  }

  onResponseError(error: Error) {
    this.#fail(this.#over ?? error);
  }

  /** Ends it if it will be late, or the caller has gone, or lets its upload lie. */
  look(soon: number) {
    const { upload, timeout } = this.#terms;
    this.#watchCaller();
    if (this.#controller?.paused === true) {
      // The caller is slow, not the back end.
      this.#moved = soon;
      return;
    }
    if (upload?.isStill(soon) === true)
      this.end(new Problem('too-slow', 'The body made no progress'));
    else if (upload?.awaited === true && !this.headed) this.#moved = soon;
    else if (soon - Math.max(this.#moved, upload?.moved ?? 0) > timeout)
      this.end(new Problem('timeout', 'The back end did not answer in time'));
  }

  /** Ends it from this side; what waits for it hears why. */
  end(reason: Error) {
    if (this.#done) return;
    this.#over = reason;
    this.#controller?.abort();
    this.#fail(reason);
  }

  resume() {
    this.#controller?.resume();
  }

  #watchCaller() {
    if (this.#signal) return;
    this.#signal = this.#terms.gone();
    const gone = () => {
      this.end(new CallerGone());
    };
    if (this.#signal.aborted) gone();
    else this.#signal.addEventListener('abort', gone, { once: true });
  }

  #fail(error: Error) {
    if (this.#done) return;
    this.#leave();
    this.#terms.upload?.destroy();
    if (!this.#stream) {
      this.#reject(error);
      return;
    }
    this.#stream.fail(error);
    if (!(error instanceof CallerGone)) this.#terms.ended(error);
  }

  #leave() {
    this.#done = true;
    this.#terms.running.remove(this);
  }
}

/** A streamed answer: read as fast as the caller takes it, and given up when it is destroyed. */
class AnswerBody extends Readable {
  readonly #call: TargetCall;

  constructor(call: TargetCall) {
    super({ highWaterMark: 64 * 1024 });
    this.#call = call;
  }

  /** The audit may still be at work, and nobody reads yet: an error that nobody hears would end the process. */
  fail(error: Error) {
    if (this.listenerCount('error') > 0) this.destroy(error);
    else
      this.on('newListener', (name) => {
        if (name === 'error') process.nextTick(() => this.destroy(error));
      });
  }

  override _read() {
    this.#call.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void) {
    this.#call.end(error ?? new CallerGone());
    done(error);
  }
}
