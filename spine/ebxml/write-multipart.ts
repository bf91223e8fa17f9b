/**
 * Writing a multipart message with its length known beforehand, so that it never goes out chunked. Owns the layout of
 * heads and delimiters; transfer-encoding.ts encodes.
 */
import { Readable } from 'node:stream';
import type { PartHead } from './multipart.ts';
import { encoded, encodedLength } from './transfer-encoding.ts';

/** A part to write. */
export interface OutgoingPart extends PartHead {
  /** Bytes of the content before it is encoded. */
  readonly size: number;
  /** The content, or what opens it when its turn has come. */
  readonly content: Buffer | (() => Readable);
}

/** A body with the fields that go with it. */
export interface WrittenMultipart {
  readonly contentType: string;
  readonly contentLength: number;
  /** Bytes where all parts are in memory. */
  readonly body: Buffer | Readable;
}

/** The boundary that is usual in such messages. */
const usualBoundary = '--=_MIME-Boundary';

/** The content id of envelopes. */
const envelopeContentId = 'ebXMLHeader@spine.nhs.uk';

/** The part of an envelope. */
export function envelopePart(xml: string): OutgoingPart {
  return xmlPart(xml, envelopeContentId, 'text/xml; charset=UTF-8');
}

/** The part of an HL7 payload; its content id is its message id at `spine.nhs.uk`. */
export function payloadPart(xml: string, messageId: string): OutgoingPart {
  return xmlPart(xml, `${messageId}@spine.nhs.uk`, 'application/xml; charset=UTF-8');
}

/**
 * Lays out a message. The same parts and boundary give the same bytes.
 * @param boundary may be left out when every part is in memory or in base64; a stream that goes out as it is needs one
 * that its author could not guess
 * @throws TypeError when a part holds the boundary, or might
 */
export function writeMultipart(
  parts: readonly OutgoingPart[],
  boundary?: string,
): WrittenMultipart {
  const chosen = boundary ?? usualBoundary;
  for (const part of parts)
    if (mayHold(part, chosen, boundary !== undefined))
      throw new TypeError('The boundary of a multipart message must not occur in its parts');
  const heads = parts.map((part, at) => Buffer.from(headOf(part, chosen, at === 0), 'latin1'));
  const tail = Buffer.from(`\r\n--${chosen}--\r\n`, 'latin1');
  const contentLength = parts.reduce(
    (sum, { size, encoding }, at) => sum + (heads[at]?.length ?? 0) + encodedLength(size, encoding),
    tail.length,
  );
  const contentType = `multipart/related; boundary="${chosen}"; type=text/xml; start=${envelopeContentId}`;
  return { contentType, contentLength, body: bodyOf(parts, heads, tail) };
}

function bodyOf(
  parts: readonly OutgoingPart[],
  heads: readonly Buffer[],
  tail: Buffer,
): Buffer | Readable {
  const ready: Buffer[] = [];
  for (const [at, { content, encoding }] of parts.entries()) {
    if (typeof content === 'function' || encoding === 'base64')
      return Readable.from(pieces(parts, heads, tail), { objectMode: false });
    ready.push(heads[at] ?? tail, content);
  }
  return Buffer.concat([...ready, tail]);
}

async function* pieces(
  parts: readonly OutgoingPart[],
  heads: readonly Buffer[],
  tail: Buffer,
): AsyncGenerator<Buffer> {
  for (const [at, part] of parts.entries()) {
    yield heads[at] ?? tail;
    yield* encoded(contentOf(part), part.encoding);
  }
  yield tail;
}

/** The content in pieces, which must be as long as was said: the length of the whole went out already. */
async function* contentOf({ content, size }: OutgoingPart): AsyncGenerator<Buffer> {
  if (typeof content !== 'function') {
    yield content;
    return;
  }
  let length = 0;
  for await (const piece of content() as AsyncIterable<Buffer>) {
    // a Readable of bytes without an encoding gives Buffers
    length += piece.length;
    yield piece;
  }
  if (length !== size) throw new TypeError('A part is not as long as was said');
}

function xmlPart(xml: string, contentId: string, contentType: string): OutgoingPart {
  const content = Buffer.from(xml);
  return { contentId, contentType, encoding: '8bit', content, size: content.length };
}

function headOf({ contentId, contentType, encoding }: PartHead, boundary: string, first: boolean) {
  const fields = [
    `${first ? '' : '\r\n'}--${boundary}`,
    `Content-Id: <${oneLine(contentId)}>`,
    `Content-Type: ${oneLine(contentType) || 'application/octet-stream'}`,
    `Content-Transfer-Encoding: ${encoding}`,
  ];
  return `${fields.join('\r\n')}\r\n\r\n`;
}

/** A field's value: what would end it is left out. */
function oneLine(text: string): string {
  return text.replaceAll(/[^ -~]/g, '').replaceAll(/[<>]/g, '');
}

/** Base64 holds no dashes. A stream cannot be looked through beforehand: its boundary must not be the usual one. */
function mayHold({ content, encoding }: OutgoingPart, boundary: string, chosen: boolean): boolean {
  if (encoding === 'base64') return false;
  return typeof content === 'function' ? !chosen : content.includes(`--${boundary}`);
}
