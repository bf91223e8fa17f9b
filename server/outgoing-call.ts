/**
 * One HTTP call to addresses that were checked before: no second look-up, no redirect, no cookie, no proxy, no
 * connection kept. Owns the wire and the size limit; which answers are accepted, outgoing.ts says.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import { OutgoingFault } from './outgoing-fault.ts';

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** Where the name leads: the socket goes to one of these and nowhere else; SNI and Host stay the name's. */
  readonly addresses: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | StreamedBody;
  readonly signal: AbortSignal;
  /** Authorities to trust beside the well-known ones, PEM. */
  readonly ca?: string;
  /** The certificate and key to show, PEM. */
  readonly identity?: string;
}

/** A body that is sent as it comes. */
export interface StreamedBody {
  readonly size: number;
  readonly stream: Readable;
}

/** Sends it and waits for the head of the answer. Whoever gets it must read or destroy it. @throws OutgoingFault */
export function send(call: Call): Promise<IncomingMessage> {
  const { url, body } = call;
  const options: RequestOptions = {
    method: call.method,
    headers: {
      ...call.headers,
      ...(body === undefined ? {} : { 'content-length': String(sizeOf(body)) }),
    },
    agent: false,
    lookup: lookupIn(call.addresses),
    maxHeaderSize: 16 * 1024,
    signal: call.signal,
    ...(call.ca === undefined ? {} : { ca: [...rootCertificates, call.ca] }),
    ...(call.identity === undefined ? {} : { cert: call.identity, key: call.identity }),
  };
  return new Promise((resolve, reject) => {
    const outgoing =
      url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    outgoing.on('response', resolve);
    outgoing.on('error', (error) => {
      reject(faultOf(error));
    });
    if (body === undefined || typeof body === 'string') outgoing.end(body);
    else {
      body.stream.on('error', (error) => outgoing.destroy(error));
      outgoing.on('close', () => body.stream.destroy());
      body.stream.pipe(outgoing);
    }
  });
}

function sizeOf(body: string | StreamedBody): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.size;
}

/** Stands in for the DNS of the socket: whatever it asks, these are the answers. */
function lookupIn(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all: wantsAll }, answer) => {
    const [first] = all;
    if (wantsAll) answer(null, all);
    else answer(null, first?.address ?? '', first?.family);
  };
}

/** The whole body, at most `limit` bytes: past that the connection ends at once. @throws OutgoingFault */
export async function readBody(response: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () =>
    new OutgoingFault('too-large', `The answer is longer than ${limit} bytes, which is the limit`);
  if (Number(response.headers['content-length'] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      // without an encoding set, a message gives Buffers
      length += chunk.length;
      if (length > limit) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof OutgoingFault ? error : faultOf(error);
  }
  return Buffer.concat(chunks);
}

/** What went wrong on the wire, by its code; the text of the error itself may name the address. */
function faultOf(error: unknown): OutgoingFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return new OutgoingFault('refused', 'The host takes no connections');
  if (/^(ERR_TLS|ERR_SSL|EPROTO)|CERT|UNABLE_TO|CRL/.test(code))
    return new OutgoingFault('tls', `No trusted TLS connection to the host: ${code}`, code);
  if (code.startsWith('HPE_'))
    return new OutgoingFault('protocol', `What the host sent is not sound HTTP: ${code}`);
  return new OutgoingFault('connection', `The connection to the host failed: ${code || 'unknown'}`);
}
