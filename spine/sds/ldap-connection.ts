/**
 * One connection: takes messages out of what comes, runs their operations side by side, and sends answers no faster than
 * they are taken. Owns when a connection ends: malformed messages, slow ones, silence, an answer nobody reads, the stop.
 */
import type { Socket } from 'node:net';
import { Problem } from '../../core/problem.ts';
import { createFraming } from './ber-framing.ts';
import { noticeOf } from './ldap-answer.ts';
import type { CodeName } from './ldap-codes.ts';
import { longestMessage, readAbandon, readEnvelope, type Envelope } from './ldap-message.ts';
import { createOperation, Stopped, type StoppableOperation } from './ldap-operation.ts';
import type { Session } from './ldap-session.ts';

/** Milliseconds, but for the first. */
export interface ConnectionLimits {
  /** Requests that are answered at a time; the next is not read before one of them has ended. */
  readonly inFlight: number;
  /** A message must be whole so long after its first byte. */
  readonly message: number;
  /** A connection on which nothing is asked. */
  readonly idle: number;
  /** A client that takes nothing of its answer. */
  readonly unread: number;
}

export interface LdapConnection {
  /** Ends it when it has been too slow; asked now and then. */
  check(now: number): void;
  /** Lets what runs be answered, then says why and closes. */
  leave(code: CodeName, message: string): void;
  destroy(): void;
}

/** @param failed hears of a fault of ours. */
export function serveConnection(
  socket: Socket,
  session: Session,
  limits: ConnectionLimits,
  failed: (problem: Problem) => void,
): LdapConnection {
  const connection = new Connection(socket, session, limits, failed);
  return connection;
}

/** So long a client may take to close its side after it was told to go. Milliseconds. */
const farewell = 1_000;

class Connection implements LdapConnection {
  readonly #socket: Socket;
  readonly #session: Session;
  readonly #limits: ConnectionLimits;
  readonly #failed: (problem: Problem) => void;
  readonly #framing = createFraming(longestMessage);
  readonly #running = new Map<number, StoppableOperation>();
  /** A bind is alone: what was asked before it ends first (RFC 4511 4.2.1). */
  #waitingBind: Envelope | undefined;
  /** When the message began that is not whole yet; when something was last asked; since when nothing is taken. */
  #partialSince: number | undefined;
  #lastAsked = performance.now();
  #unreadSince: number | undefined;
  /** When the last of it was written; it may still have to leave. */
  #endedAt: number | undefined;
  #drained: { promise: Promise<void>; resolve: () => void } | undefined;
  /** Nothing more is read: it leaves, or its client has ended its half. */
  #leaving: { code: CodeName; message: string } | 'client' | undefined;
  #closed = false;

  constructor(
    socket: Socket,
    session: Session,
    limits: ConnectionLimits,
    failed: (problem: Problem) => void,
  ) {
    this.#socket = socket;
    this.#session = session;
    this.#limits = limits;
    this.#failed = failed;
    socket.on('data', (piece: Buffer) => {
      this.#came(piece);
    });
    socket.on('end', () => {
      this.#leaving ??= 'client';
      this.#endIfDone();
    });
    socket.on('drain', () => {
      this.#unreadSince = undefined;
      this.#drained?.resolve();
      this.#drained = undefined;
    });
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', () => {
      this.#gone();
    });
  }

  check(now: number): void {
    const { message, idle, unread } = this.#limits;
    if (this.#closed) return;
    const untaken = this.#endedAt ?? this.#unreadSince;
    if (untaken !== undefined && now - untaken > unread) this.destroy();
    else if (this.#endedAt !== undefined) return;
    else if (this.#partialSince !== undefined && now - this.#partialSince > message)
      this.#disconnect('protocolError', 'A message takes too long to come');
    else if (this.#running.size === 0 && now - this.#lastAsked > idle)
      this.#disconnect('unavailable', 'The connection was not used for long');
  }

  leave(code: CodeName, message: string): void {
    this.#leaving ??= { code, message };
    this.#endIfDone();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #came(piece: Buffer): void {
    if (this.#leaving !== undefined || this.#closed) return;
    this.#framing.push(piece);
    this.#takeMessages();
  }

  /** Begins what has come, as far as there may be more at a time; what is left waits in the framing and in the socket. */
  #takeMessages(): void {
    try {
      while (this.#mayBegin()) {
        const bytes = this.#framing.next();
        if (bytes === undefined) break;
        this.#partialSince = undefined;
        this.#lastAsked = performance.now();
        this.#received(readEnvelope(bytes));
      }
    } catch (error) {
      const problem = Problem.from(error);
      if (problem.kind !== 'invalid') this.#failed(problem);
      this.#disconnect('protocolError', problem.kind === 'invalid' ? problem.message : '');
      return;
    }
    if (!this.#mayBegin()) this.#socket.pause();
    else {
      this.#partialSince = this.#framing.partial
        ? (this.#partialSince ?? performance.now())
        : undefined;
      if (this.#socket.isPaused()) this.#socket.resume();
    }
  }

  #mayBegin(): boolean {
    return (
      this.#leaving === undefined &&
      this.#waitingBind === undefined &&
      this.#running.size < this.#limits.inFlight
    );
  }

  /** @throws Problem `invalid` for what ends the connection */
  #received(envelope: Envelope): void {
    const { kind, id } = envelope;
    if (kind === 'unbind') {
      this.#stopAll();
      this.#leaving = 'client';
      this.#endIfDone();
    } else if (kind === 'abandon') this.#running.get(readAbandon(envelope.operation))?.stop();
    else if (this.#running.has(id))
      throw new Problem('invalid', 'A message has the number of one that is being answered');
    else if (kind === 'bind' && this.#running.size > 0) this.#waitingBind = detached(envelope);
    else this.#begin(envelope);
  }

  #begin(envelope: Envelope): void {
    const operation = createOperation(envelope.id, (bytes) => this.#write(bytes));
    this.#running.set(envelope.id, operation);
    this.#session
      .perform(envelope, operation)
      .catch((error: unknown) => {
        if (error instanceof Stopped) return;
        this.#failed(Problem.from(error));
        this.destroy();
      })
      .finally(() => {
        this.#running.delete(envelope.id);
        this.#ended();
      });
  }

  #ended(): void {
    if (this.#closed) return;
    this.#lastAsked = performance.now();
    const bind = this.#waitingBind;
    if (bind !== undefined && this.#running.size === 0) {
      this.#waitingBind = undefined;
      this.#begin(bind);
    }
    this.#endIfDone();
    if (this.#leaving === undefined) this.#takeMessages();
  }

  async #write(bytes: Buffer): Promise<void> {
    if (!this.#socket.writable) throw new Stopped();
    if (this.#socket.write(bytes)) return;
    this.#unreadSince ??= performance.now();
    this.#drained ??= signal();
    await this.#drained.promise;
    if (this.#closed) throw new Stopped();
  }

  #endIfDone(): void {
    if (this.#leaving === undefined || this.#running.size > 0 || this.#closed) return;
    if (this.#leaving === 'client') this.#close();
    else this.#disconnect(this.#leaving.code, this.#leaving.message);
  }

  /** Notice of Disconnection (RFC 4511 4.4.1), and the end. */
  #disconnect(code: CodeName, message: string): void {
    if (this.#socket.writable) this.#socket.write(noticeOf(code, message));
    this.#leaving = 'client';
    this.#stopAll();
    this.#close();
  }

  /** What still comes is read away: closing over it would take the notice away from its reader. */
  #close(): void {
    if (this.#socket.writableEnded) return;
    this.#socket.resume();
    this.#endedAt = performance.now();
    this.#socket.end(() => {
      setTimeout(() => {
        this.#socket.destroy();
      }, farewell).unref();
    });
  }

  #gone(): void {
    this.#closed = true;
    this.#stopAll();
    this.#session.close();
    this.#drained?.resolve();
  }

  #stopAll(): void {
    for (const operation of this.#running.values()) operation.stop();
  }
}

/** A message that waits has bytes of its own: those it came in are the socket's. */
function detached(envelope: Envelope): Envelope {
  return { ...envelope, operation: envelope.operation.copied() };
}

function signal(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
