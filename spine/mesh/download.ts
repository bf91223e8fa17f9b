/** A chunk on its way to its recipient: status, fields, and the bytes in the encoding that the caller takes. */
import { gunzipSync } from 'node:zlib';
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Blobs } from '../../core/blobs.ts';
import { messageFields, type Version } from './answers.ts';
import { expanded, inlineBytes, readChunk } from './bodies.ts';
import { meshError } from './errors.ts';
import type { MeshChunk, MeshMessage } from './messages.ts';

export interface DownloadAsked {
  readonly version: Version;
  readonly headers: Exchange['headers'];
  readonly withBody: boolean;
}

/** @throws Problem 404 for a chunk that there is none of */
export async function download(
  blobs: Blobs,
  message: MeshMessage,
  n: number,
  asked: DownloadAsked,
): Promise<Reply> {
  const chunk = message.chunks.find((one) => one.n === n);
  if (!chunk && !(message.kind === 'REPORT' && n === 1)) throw meshError('missing');
  const status = n < message.total ? 206 : 200;
  const isExpanded = chunk !== undefined && !goesAsKept(message, asked);
  const fields = {
    ...messageFields(message, n, isExpanded ? '' : undefined),
    'content-type': typeOf(message, asked.version),
    'last-modified': new Date(message.accepted ?? message.created).toUTCString(),
  };
  if (!chunk) return { status, headers: { ...fields, 'content-length': '0' }, body: '' };
  const etag = `"${chunk.digest.slice(0, 40)}"`;
  return withBytes(blobs, message, chunk, { status, headers: { ...fields, etag } }, asked);
}

/** Version 1 knows one type; in version 2 chunks have none of their own either. */
function typeOf({ contentType, total }: MeshMessage, version: Version): string {
  const type = version === 1 || total > 1 ? undefined : contentType;
  return type ?? 'application/octet-stream';
}

async function withBytes(
  blobs: Blobs,
  message: MeshMessage,
  chunk: MeshChunk,
  { status, headers }: { status: number; headers: Record<string, string> },
  call: DownloadAsked,
): Promise<Reply> {
  const { encoding } = message;
  const { headers: asked, withBody } = call;
  if (!goesAsKept(message, call)) return expandedReply(blobs, chunk, status, headers, withBody);
  const kept = encoding === undefined ? {} : { 'content-encoding': encoding };
  const range = readRange(asked.range, chunk.size);
  const size = range ? range.end - range.start + 1 : chunk.size;
  return {
    status: range ? 206 : status,
    headers: {
      ...headers,
      ...kept,
      'content-length': String(size),
      ...(range
        ? { 'content-range': `bytes ${range.start}-${range.end}/${chunk.size}` }
        : { 'accept-ranges': 'bytes' }),
    },
    ...(withBody ? { body: await bytesOf(blobs, chunk, range) } : {}),
  };
}

function goesAsKept({ encoding }: MeshMessage, { headers }: DownloadAsked): boolean {
  return encoding === undefined || takesGzip(headers['accept-encoding']);
}

async function bytesOf(
  blobs: Blobs,
  chunk: MeshChunk,
  range: { readonly start: number; readonly end: number } | undefined,
) {
  const inline = inlineBytes(chunk);
  if (!inline) return readChunk(blobs, chunk, range);
  return range ? inline.subarray(range.start, range.end + 1) : inline;
}

/** A short body with its length; of a long one nobody knows it before. */
async function expandedReply(
  blobs: Blobs,
  chunk: MeshChunk,
  status: number,
  headers: Record<string, string>,
  withBody: boolean,
): Promise<Reply> {
  const inline = inlineBytes(chunk);
  const plain = inline && gunzipped(inline);
  if (plain)
    return {
      status,
      headers: { ...headers, 'content-length': String(plain.length) },
      ...(withBody ? { body: plain } : {}),
    };
  return {
    status,
    headers,
    ...(withBody ? { body: expanded(await readChunk(blobs, chunk), chunk.size) } : {}),
  };
}

/** Eight kilobytes may hold eight megabytes; what holds more, or is no gzip, goes as a stream, which then fails. */
function gunzipped(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: 1024 * 1024 });
  } catch {
    return undefined;
  }
}

function takesGzip(field = ''): boolean {
  return field
    .toLowerCase()
    .split(',')
    .some((one) =>
      /^\s*(?:gzip|\*)\s*(?:;\s*q\s*=\s*(?:1(?:\.0*)?|0\.\d*[1-9]\d*))?\s*$/.test(one),
    );
}

/** One range of bytes that lies in the chunk; anything else is as if nothing was asked. */
function readRange(
  field: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  const found = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(field?.trim() ?? '');
  if (!found) return undefined;
  const start = Number(found[1]);
  const end = found[2] === '' ? size - 1 : Math.min(Number(found[2]), size - 1);
  return start <= end ? { start, end } : undefined;
}
