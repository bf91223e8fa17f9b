/**
 * Changing bodies on their way: when a body is there to be changed, reading it within a limit, undoing its compression, and
 * fields that tell the truth about the new one. Owns no transformation; what is not transformed passes as the bytes it was.
 */
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { JsonFault } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';
import { XmlFault } from '../../core/xml.ts';
import { changed, hasBody, withFields } from './changed-call.ts';
import type { JsonSchema } from './policy.ts';

/** What bodies of one direction become. */
export interface Transformation {
  readonly accepts: 'json' | 'xml';
  /** Bytes of the body, compressed and not. */
  readonly limit: number;
  /** Bodies of other types: go on as they are, or are refused (415 for a request, 502 for an answer). */
  readonly otherTypes: 'pass' | 'refuse';
  /** The media type of the new body; absent: as it was. */
  readonly type?: string;
  /** @throws JsonFault, XmlFault or NoForm for a body that cannot be changed */
  readonly convert: (
    body: Buffer,
    exchange: Exchange,
    charset: string | undefined,
  ) => Promise<string> | string;
}

/** A body that is sound, and has no form in what it should become. The message quotes nothing of it. */
export class NoForm extends Error {}

/** Settings that every transforming policy has. */
export const transformProperties: JsonSchema = {
  limit: {
    type: 'integer',
    minimum: 1,
    maximum: 16 * 1024 * 1024,
    description:
      'Bytes of a body; it may have 30,000 values or elements and attributes. A longer request is refused with 413, a longer answer becomes 502',
    default: 1024 * 1024,
  },
  otherTypes: {
    enum: ['pass', 'refuse'],
    description:
      'Bodies of other media types pass unchanged, or are refused: a request with 415, an answer becomes 502',
    default: 'pass',
  },
};

/** The exchange with its body changed. @throws Problem `invalid`, `too-large`, `unsupported` */
export async function transformRequest(
  exchange: Exchange,
  transformation: Transformation,
): Promise<Exchange> {
  if (!hasBody(exchange)) return exchange;
  const { headers } = exchange;
  const type = mediaType(headers['content-type']);
  if (!isOf(transformation.accepts, type.name)) {
    if (transformation.otherTypes === 'pass') return exchange;
    throw new Problem('unsupported', `The body must be ${transformation.accepts.toUpperCase()}`);
  }
  const sent = await exchange.body.bytes(transformation.limit);
  const plain = await expand(sent, headers['content-encoding'], transformation.limit).catch(
    (error: unknown) => {
      throw requestFault(error);
    },
  );
  if (plain.length === 0) return changed(exchange, { body: sent });
  const text = await converted(transformation, plain, exchange, type.charset, requestFault);
  const fields = transformation.type === undefined ? [] : [['Content-Type', transformation.type]];
  return changed(exchange, {
    rawHeaders: withFields(
      exchange.rawHeaders,
      transformation.type === undefined ? ofTheBytes : [...ofTheBytes, 'content-type'],
      fields as [string, string][], // pairs, as built above
    ),
    body: Buffer.from(text),
  });
}

/** The reply with its body changed. @throws Problem `upstream` for a body that cannot be read */
export async function transformReply(
  reply: Reply,
  exchange: Exchange,
  transformation: Transformation,
): Promise<Reply> {
  if (reply.hangUp === true || reply.status === 204 || reply.status === 304) return reply;
  const type = mediaType(fieldOf(reply, 'content-type'));
  const applies = isOf(transformation.accepts, type.name);
  if (!applies && (transformation.otherTypes === 'pass' || reply.body === undefined)) return reply;
  const told = transformation.type === undefined ? {} : { 'content-type': transformation.type };
  if (exchange.method === 'HEAD' || reply.body === undefined)
    return { ...reply, headers: withReplyFields(reply, ['content-length', ...ofTheBytes], told) };
  try {
    if (!applies) throw unreadable(`of another type than ${transformation.accepts.toUpperCase()}`);
    if (reply.status === 206) throw unreadable('a part of a body');
    const sent = await collect(reply.body, transformation.limit);
    const plain = await expand(
      sent,
      fieldOf(reply, 'content-encoding'),
      transformation.limit,
    ).catch((error: unknown) => {
      throw replyFault(error);
    });
    if (plain.length === 0) return { ...reply, body: sent };
    const text = await converted(transformation, plain, exchange, type.charset, replyFault);
    const body = Buffer.from(text);
    const headers = withReplyFields(reply, ['content-length', ...ofTheBytes], {
      ...told,
      'content-length': String(body.length),
    });
    return { ...reply, headers, body };
  } catch (error) {
    if (reply.body instanceof Readable) reply.body.destroy();
    throw error;
  }
}

/** The request as it must be for its answer to be transformed: whole, and not compressed for us to undo. */
export function askWhole(exchange: Exchange, accept?: string): Exchange {
  const fields: [string, string][] = [['Accept-Encoding', 'identity']];
  if (accept !== undefined) fields.push(['Accept', accept]);
  const without = ['accept-encoding', 'range', 'if-range'];
  return changed(exchange, {
    rawHeaders: withFields(
      exchange.rawHeaders,
      accept === undefined ? without : [...without, 'accept'],
      fields,
    ),
  });
}

/** The fields of a reply without some (lower case), and with others. */
export function withReplyFields(
  { headers = {} }: Reply,
  without: readonly string[],
  fields: Readonly<Record<string, string | readonly string[]>> = {},
): NonNullable<Reply['headers']> {
  const kept = Object.entries(headers).filter(([name]) => {
    const plain = name.toLowerCase();
    return !without.includes(plain) && !Object.hasOwn(fields, plain);
  });
  return { ...Object.fromEntries(kept), ...fields };
}

/** A field of a reply whatever its spelling; repeated ones joined. */
export function fieldOf({ headers = {} }: Reply, name: string): string | undefined {
  for (const [key, value] of Object.entries(headers))
    if (key.toLowerCase() === name) return typeof value === 'string' ? value : value.join(', ');
  return undefined;
}

/** Fields that describe the very bytes that were sent. */
const ofTheBytes = ['content-encoding', 'content-md5', 'digest', 'content-digest', 'repr-digest'];

interface MediaType {
  readonly name: string;
  readonly charset: string | undefined;
}

function mediaType(field = ''): MediaType {
  const [name = '', ...parameters] = field.slice(0, 500).split(';');
  for (const parameter of parameters) {
    const [key = '', value = ''] = parameter.split('=', 2);
    if (key.trim().toLowerCase() === 'charset')
      return { name: name.trim().toLowerCase(), charset: value.trim().replaceAll('"', '') };
  }
  return { name: name.trim().toLowerCase(), charset: undefined };
}

/** RFC 6839 3.1, RFC 7303 4.2. */
function isOf(kind: 'json' | 'xml', name: string): boolean {
  return name === `application/${kind}` || name.endsWith(`+${kind}`) || name === `text/${kind}`;
}

const decoders: Readonly<
  Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** A coding that is not undone here. */
class UnknownCoding extends Error {}

/** Undoes one compression, never beyond the limit. */
async function expand(bytes: Buffer, coding: string | undefined, limit: number): Promise<Buffer> {
  const name = (coding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') return bytes;
  const decode = Object.hasOwn(decoders, name) ? decoders[name] : undefined;
  if (!decode) throw new UnknownCoding();
  return decode(bytes, { maxOutputLength: limit });
}

async function converted(
  { convert }: Transformation,
  bytes: Buffer,
  exchange: Exchange,
  charset: string | undefined,
  fault: (error: unknown) => unknown,
): Promise<string> {
  try {
    return await convert(bytes, exchange, charset);
  } catch (error) {
    throw fault(error);
  }
}

function requestFault(error: unknown): unknown {
  if (error instanceof UnknownCoding)
    return new Problem('unsupported', 'Content-Encoding must be gzip, br, deflate or identity', {
      headers: { 'accept-encoding': 'gzip, br, deflate, identity' },
    });
  if (isTooLong(error)) return new Problem('too-large', 'The body is longer than it may be');
  const words = wordsOf(error);
  return words === undefined ? error : new Problem('invalid', `The body ${words}`);
}

function replyFault(error: unknown): unknown {
  if (error instanceof UnknownCoding) return unreadable('in an unknown compression');
  if (isTooLong(error)) return unreadable('longer than it may be');
  const words = wordsOf(error);
  return words === undefined ? error : unreadable(`that ${words}`);
}

function unreadable(what: string): Problem {
  return new Problem('upstream', `The back end sent a body ${what}`);
}

function isTooLong(error: unknown): boolean {
  return (
    (error instanceof XmlFault && error.kind === 'size') || codeOf(error) === 'ERR_BUFFER_TOO_LARGE'
  );
}

/** What is wrong with a body, quoting nothing of it; undefined for other errors. */
function wordsOf(error: unknown): string | undefined {
  if (error instanceof NoForm) return `has no form in the other notation: ${error.message}`;
  if (error instanceof JsonFault) return `is not JSON that can be taken (${error.kind})`;
  if (error instanceof XmlFault)
    return `is not XML that can be taken (${error.kind}${error.line > 0 ? `, line ${error.line}` : ''})`;
  return codeOf(error)?.startsWith('Z_') === true || isBrotli(error)
    ? 'is not compressed as it says'
    : undefined;
}

function isBrotli(error: unknown): boolean {
  return codeOf(error)?.startsWith('ERR__ERROR') === true || codeOf(error) === 'ERR_PADDING_1';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

async function collect(body: NonNullable<Reply['body']>, limit: number): Promise<Buffer> {
  if (!(body instanceof Readable)) {
    const bytes = Buffer.from(body);
    if (bytes.length > limit) throw unreadable('longer than it may be');
    return bytes;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      const bytes = Buffer.from(chunk as Buffer | string); // a stream of bytes or of text
      length += bytes.length;
      if (length > limit) throw unreadable('longer than it may be');
      chunks.push(bytes);
    }
  } catch (error) {
    throw error instanceof Problem
      ? error
      : new Problem('upstream', 'The answer of the back end was cut short', { cause: error });
  }
  return Buffer.concat(chunks, length);
}
