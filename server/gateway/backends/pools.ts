/**
 * Connections to one back end. Owns how they are made, kept, shared out and closed; what goes over them is
 * wire/connection.ts's, and who waits for an answer is target-call.ts.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';
import { guardedLookup, type AddressJudge } from './target-rules.ts';
import { Connection } from './wire/connection.ts';
import { WireFault, type WireControl, type WireHandler, type WireRequest } from './wire/wire.ts';

/** A client certificate with its key, and the authorities to trust, all PEM. */
export interface TlsMaterial {
  readonly identity?: string;
  readonly authorities?: string;
}

export interface PoolTerms {
  readonly origin: string;
  readonly connections: number;
  /** Milliseconds a connection may take to be made. */
  readonly patience: number;
  readonly judge: AddressJudge;
  readonly tls: TlsMaterial;
  /** The name that the certificate must bear; that of the origin when absent. */
  readonly serverName?: string;
}

export interface Pools {
  /**
   * Sends it on a connection that is free, or waits for one.
   * @param fresh whether one has just died: then none that lay idle beside it is trusted.
   */
  send(request: WireRequest, handler: WireHandler, fresh?: boolean): void;
  /** One call of the gateway's own, at most `limit` bytes of its answer. Rejects when it is not done by the signal. */
  ask(request: WireRequest, limit: number, signal: AbortSignal): Promise<Asked>;
  /** Takes nothing more, and resolves when what runs has ended. */
  close(): Promise<void>;
}

export interface Asked {
  readonly status: number;
  readonly body: Buffer;
  /** Whether the answer was longer than the limit. */
  readonly cut: boolean;
}

interface Waiting {
  readonly request: WireRequest;
  readonly handler: WireHandler;
}

/** Milliseconds between looks at connections that lie idle. */
const often = 1_000;

/** Throws when certificate, key or authorities cannot be read. */
export function openPools(terms: PoolTerms): Pools {
  const dial = dialer(terms);
  const { host } = new URL(terms.origin);
  const idle: Connection[] = [];
  const waiting: Waiting[] = [];
  /** Connections made or being made. */
  let count = 0;
  let sweeping: NodeJS.Timeout | undefined;
  let closed: (() => void) | undefined;

  const endIfDone = () => {
    if (closed && count === 0 && waiting.length === 0) closed();
  };
  const owner = {
    free(connection: Connection) {
      while (waiting.length > 0) {
        const next = waiting.shift();
        if (next && connection.send(next.request, next.handler)) return;
      }
      if (closed) {
        connection.destroy();
        return;
      }
      idle.push(connection);
      sweeping ??= setInterval(sweep, often).unref();
    },
    gone(connection: Connection) {
      count--;
      const place = idle.indexOf(connection);
      if (place >= 0) idle.splice(place, 1);
      if (waiting.length > 0) open();
      endIfDone();
    },
  };
  const sweep = () => {
    const now = performance.now();
    for (const connection of idle.filter((one) => !one.isGood(now))) connection.destroy();
    if (idle.length > 0) return;
    clearInterval(sweeping);
    sweeping = undefined;
  };
  const open = () => {
    if (count >= terms.connections) return;
    count++;
    dial(
      (socket) => {
        owner.free(new Connection(socket, host, owner));
      },
      (error) => {
        count--;
        waiting.shift()?.handler.onResponseError(error);
        if (waiting.length > 0) open();
        endIfDone();
      },
    );
  };
  const send = (request: WireRequest, handler: WireHandler, fresh = false) => {
    if (fresh) for (const connection of idle.splice(0)) connection.destroy();
    const now = performance.now();
    for (let good = idle.pop(); good; good = idle.pop()) {
      if (!good.isGood(now)) good.destroy();
      else if (good.send(request, handler)) return;
      else {
        idle.push(good);
        return;
      }
    }
    waiting.push({ request, handler });
    open();
  };
  return {
    send,
    ask: (request, limit, signal) =>
      new Promise((resolve, reject) => {
        send(request, new Question(limit, signal, resolve, reject));
      }),
    close: () =>
      new Promise((resolve) => {
        closed = resolve;
        clearInterval(sweeping);
        for (const connection of idle.splice(0)) connection.destroy();
        endIfDone();
      }),
  };
}

type Dial = (made: (socket: Socket) => void, failed: (error: Error) => void) => void;

function dialer({ origin, judge, tls, patience, serverName }: PoolTerms): Dial {
  const { protocol, hostname, port } = new URL(origin);
  const secure = protocol === 'https:';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const address = {
    host,
    port: Number(port) || (secure ? 443 : 80),
    lookup: guardedLookup(judge),
  };
  const { identity, authorities } = tls;
  const context = secure
    ? createSecureContext({
        ...(identity === undefined ? {} : { cert: identity, key: identity }),
        ...(authorities === undefined ? {} : { ca: authorities }),
        minVersion: 'TLSv1.2',
      })
    : undefined;
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  let session: Buffer | undefined;
  const begin = (): Socket | TLSSocket => {
    if (!context) return connectPlain(address);
    const socket = connectTls({
      ...{ ...address, secureContext: context, ALPNProtocols: ['http/1.1'] },
      ...(name === undefined ? {} : { servername: name }),
      ...(session ? { session } : {}),
    });
    socket.on('session', (kept: Buffer) => {
      session = kept;
    });
    return socket;
  };
  return (made, failed) => {
    const socket = begin();
    socket.setNoDelay(true);
    const fail = (error: Error) => {
      clearTimeout(late);
      socket.off(event, done).off('error', fail).off('close', gone);
      socket.on('error', () => undefined);
      socket.destroy();
      session = undefined;
      failed(error);
    };
    const gone = () => {
      fail(new WireFault('closed', 'The back end closed the connection'));
    };
    const done = () => {
      clearTimeout(late);
      socket.off('error', fail).off('close', gone);
      made(socket);
    };
    const event = secure ? 'secureConnect' : 'connect';
    const late = setTimeout(() => {
      fail(new WireFault('connect-timeout', 'No connection was made in time'));
    }, patience);
    socket.once(event, done).once('error', fail).once('close', gone);
  };
}

/** Collects the answer to a call of the gateway's own. */
class Question implements WireHandler {
  readonly #limit: number;
  readonly #signal: AbortSignal;
  readonly #resolve: (asked: Asked) => void;
  readonly #reject: (error: Error) => void;
  readonly #stop = () => {
    this.#control?.abort();
    this.#reject(new Error('It was not answered in time'));
  };
  readonly #chunks: Buffer[] = [];
  #control: WireControl | undefined;
  #status = 0;
  #length = 0;

  constructor(
    limit: number,
    signal: AbortSignal,
    resolve: (asked: Asked) => void,
    reject: (error: Error) => void,
  ) {
    this.#limit = limit;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener('abort', this.#stop, { once: true });
  }

  onRequestStart(control: WireControl) {
    this.#signal.throwIfAborted();
    this.#control = control;
  }

  onResponseStart(_control: WireControl, status: number) {
    this.#status = status;
  }

  onResponseData(control: WireControl, chunk: Buffer) {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length <= this.#limit) return;
    control.abort();
    this.onResponseEnd();
  }

  onResponseEnd() {
    this.#signal.removeEventListener('abort', this.#stop);
    const body = Buffer.concat(this.#chunks).subarray(0, this.#limit);
    this.#resolve({ status: this.#status, body, cut: this.#length > this.#limit });
  }

  onResponseError(error: Error) {
    this.#signal.removeEventListener('abort', this.#stop);
    this.#reject(error);
  }
}
