/**
 * The words of the wire to a back end: what is sent, who hears what comes back, and what can go wrong. Shared by the parts
 * of this folder and by those who call through them.
 */
import type { Readable } from 'node:stream';

/** What a request is on the wire. Framing and connection fields are made by the connection. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value … */
  readonly headers: string[];
  readonly body: Buffer | Readable | undefined;
  /** Bytes of a body that is sent as it comes; chunked where nobody knows. */
  readonly length?: number;
}

/** Hears how one request fares. Exactly one of `onResponseEnd` and `onResponseError` comes, unless it was aborted. */
export interface WireHandler {
  /** A connection has been found. What it throws leaves the connection to others. */
  onRequestStart(control: WireControl): void;
  /** @param raw name, value, name, value … in latin1, in the order and spelling of the back end. */
  onResponseStart(control: WireControl, status: number, raw: readonly string[]): void;
  onResponseData(control: WireControl, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(error: Error): void;
}

/** What the hearer may do meanwhile. */
export interface WireControl {
  readonly paused: boolean;
  pause(): void;
  resume(): void;
  /** Ends it, and the connection; nothing is heard of it any more. */
  abort(): void;
}

/** `unsound`: not HTTP/1.1 as RFC 9112 has it. `closed`: the connection ended. `unfit`: what was to be sent cannot be. */
export type WireFaultCode = 'unsound' | 'closed' | 'unfit' | 'connect-timeout';

/** Something went wrong on the wire. Holds nothing of what was sent. */
export class WireFault extends Error {
  readonly code: WireFaultCode;

  constructor(code: WireFaultCode, message: string) {
    super(message);
    this.name = 'WireFault';
    this.code = code;
  }
}
