/**
 * One connection to a back end, which carries one request at a time. Owns the socket once it is made; which request comes
 * next is pools.ts's.
 */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { AnswerParser } from './answer-parser.ts';
import { requestHead } from './request-head.ts';
import { WireFault, type WireControl, type WireHandler, type WireRequest } from './wire.ts';

export interface ConnectionOwner {
  /** It is free for the next request. */
  free(connection: Connection): void;
  /** It has ended, and carried a request or not. */
  gone(connection: Connection): void;
}

/** Milliseconds for which an idle connection is trusted, unless its other side says how long it keeps it. */
const trusted = 4_000;
/** So much earlier than the other side it is given up, that no request meets its end on the way. */
const caution = 2_000;
const longestTrusted = 600_000;

export class Connection implements WireControl {
  paused = false;
  readonly #socket: Socket;
  readonly #host: string;
  readonly #owner: ConnectionOwner;
  readonly #parser: AnswerParser;
  #handler: WireHandler | undefined;
  #upload: Upload | undefined;
  #ended = false;
  #idleUntil = 0;

  /** @param socket connected, and for HTTPS secured and checked. */
  constructor(socket: Socket, host: string, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#host = host;
    this.#owner = owner;
    this.#parser = new AnswerParser({
      head: (status, raw) => this.#handler?.onResponseStart(this, status, raw),
      data: (chunk) => this.#handler?.onResponseData(this, chunk),
      end: () => {
        this.#finish();
      },
    });
    let failure: Error | undefined;
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('end', () => {
      if (this.#handler && this.#parser.close()) return;
      this.#break(closed());
    });
    socket.on('close', () => {
      this.#break(failure ?? closed());
    });
    socket.on('drain', () => this.#upload?.body.resume());
    this.#idleUntil = performance.now() + trusted;
  }

  /** Whether the next request may be sent on it. */
  isGood(now: number): boolean {
    return !this.#ended && !this.#socket.destroyed && now < this.#idleUntil;
  }

  /** Sends a request. @returns false when its hearer no longer wants it; the connection is as good as before. */
  send(request: WireRequest, handler: WireHandler): boolean {
    let head: string;
    try {
      head = requestHead(request, this.#host);
      handler.onRequestStart(this);
    } catch (error) {
      handler.onResponseError(error as Error); // both throw nothing else
      return false;
    }
    this.#handler = handler;
    this.#parser.begin(request.method === 'HEAD');
    const { body } = request;
    if (body === undefined) this.#socket.write(head, 'latin1');
    else {
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      if (Buffer.isBuffer(body)) this.#socket.write(body);
      else this.#uploadFrom(body, request.length);
      this.#socket.uncork();
    }
    return true;
  }

  pause(): void {
    this.paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#socket.resume();
  }

  abort(): void {
    this.#handler = undefined;
    this.destroy();
  }

  /** Ends it; a request on it hears nothing more. */
  destroy(): void {
    this.#parser.stop();
    this.#leaveUpload();
    this.#socket.destroy();
    this.#end();
  }

  #read(chunk: Buffer): void {
    if (!this.#handler) {
      this.destroy(); // what nobody asked for answers nobody
      return;
    }
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.#break(error as Error); // a fault of the parser's, or one of the handler's own
    }
  }

  #finish(): void {
    const handler = this.#handler;
    const { keep, keptFor } = this.#parser;
    // A body that was not wanted to its end would be read as the next request.
    const reusable = keep && this.#upload === undefined && !this.#socket.destroyed;
    this.#handler = undefined;
    if (reusable) {
      this.resume();
      const kept = keptFor === undefined ? trusted : keptFor * 1000 - caution;
      this.#idleUntil = performance.now() + Math.min(kept, longestTrusted);
    } else this.destroy();
    handler?.onResponseEnd();
    if (reusable) this.#owner.free(this);
  }

  #break(error: Error): void {
    const handler = this.#handler;
    const dead = error instanceof WireFault && error.code === 'closed' && !this.#parser.untouched;
    this.#handler = undefined;
    this.destroy();
    // Part of an answer is no dead connection: the back end has begun on the request.
    handler?.onResponseError(
      dead ? new WireFault('unsound', 'The back end ended its answer before its end') : error,
    );
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#owner.gone(this);
  }

  #uploadFrom(body: Readable, length: number | undefined): void {
    const upload = new Upload(this.#socket, body, length, (error) => {
      if (this.#upload !== upload) return;
      this.#upload = undefined;
      if (error) this.#break(error);
    });
    this.#upload = upload;
    upload.begin();
  }

  #leaveUpload(): void {
    const upload = this.#upload;
    this.#upload = undefined;
    upload?.body.destroy();
  }
}

/** A body on its way, no faster than the socket takes it, and never more or less than was said. */
class Upload {
  readonly body: Readable;
  readonly #socket: Socket;
  readonly #length: number | undefined;
  readonly #done: (error: Error | undefined) => void;
  #sent = 0;

  constructor(
    socket: Socket,
    body: Readable,
    length: number | undefined,
    done: (error: Error | undefined) => void,
  ) {
    this.body = body;
    this.#socket = socket;
    this.#length = length;
    this.#done = done;
  }

  begin(): void {
    const { body } = this;
    body.on('data', (chunk: Buffer) => {
      this.#write(chunk);
    });
    body.once('end', () => {
      if (this.#length === undefined) this.#socket.write('0\r\n\r\n');
      this.#done(this.#length === undefined || this.#sent === this.#length ? undefined : unequal());
    });
    body.once('error', this.#done);
    body.once('close', () => {
      if (!body.readableEnded) this.#done(body.errored ?? unequal());
    });
    if (body.destroyed) this.#done(body.errored ?? unequal());
  }

  #write(chunk: Buffer): void {
    this.#sent += chunk.length;
    if (this.#length !== undefined && this.#sent > this.#length) {
      this.#done(unequal());
      return;
    }
    if (chunk.length === 0) return;
    if (this.#length === undefined) this.#socket.write(`${chunk.length.toString(16)}\r\n`);
    const taken = this.#socket.write(chunk);
    if (this.#length === undefined) this.#socket.write('\r\n');
    if (!taken) this.body.pause();
  }
}

function closed(): WireFault {
  return new WireFault('closed', 'The back end closed the connection');
}

function unequal(): WireFault {
  return new WireFault('unfit', 'The body is not as long as was said');
}
