/**
 * A received message body: the envelope, the HL7 payload behind it, and attachments that are handed on as they come and
 * never parsed. Owns which part is which and how many there may be; multipart-scanner.ts cuts the bytes.
 */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Problem } from '../../core/problem.ts';
import { contentIdOf, mediaTypeOf } from './content-type.ts';
import { mimeFault, MultipartScanner } from './multipart-scanner.ts';
import { decoded, transferEncodingOf, type TransferEncoding } from './transfer-encoding.ts';

/** What a part says of itself. */
export interface PartHead {
  /** Without brackets; empty where none was sent. */
  readonly contentId: string;
  /** As sent; empty where none was. */
  readonly contentType: string;
  readonly encoding: TransferEncoding;
}

/** A part that is held in memory, decoded. */
export interface Part extends PartHead {
  readonly content: Buffer;
}

/** The parts that are read first. */
export interface FirstParts {
  readonly envelope: Part;
  /** Absent in acknowledgements and errors, multipart or not. */
  readonly payload: Part | undefined;
}

/**
 * Where attachments go, one after the other: it must read the stream to its end, or fail. Whatever it has stored counts
 * only when the whole message has been read.
 */
export type AttachmentSink<T> = (head: PartHead, content: Readable) => Promise<T>;

export interface MultipartLimits {
  /** Parts altogether. */
  readonly parts: number;
  /** Bytes of the whole body, as sent. */
  readonly total: number;
  /** Bytes of the header fields of one part. */
  readonly head: number;
  /** Bytes of the envelope. */
  readonly envelope: number;
}

/** What Spine takes: 98 attachments besides envelope and payload, 5,000,000 bytes in all. */
export const usualMultipartLimits: MultipartLimits = {
  parts: 100,
  total: 5_000_000,
  head: 16 * 1024,
  envelope: 128 * 1024,
};

/** A message whose first parts are read, and whose attachments are still to come. */
export interface MessageBody {
  /** Reads envelope and payload; ask once. */
  first(): Promise<FirstParts>;
  /**
   * Hands on the parts behind the payload; ask once, after `first`. Resolves with what the sink gave when the closing
   * delimiter was there.
   */
  attachments<T>(sink: AttachmentSink<T>): Promise<T[]>;
  /** Lets go of a body that will not be read further. A stream is not destroyed. */
  abandon(): Promise<void>;
}

/**
 * Opens a body: `multipart/related`, or a bare XML document, which is an envelope alone.
 * @param contentType the field of the request; what it says of `start` and `type` is not relied on
 * @throws Problem fault 201 `mime.contentType` for another media type, `mime.boundary` for a boundary that is no one; the
 * methods throw `mime.boundary` (no delimiter occurs), `mime.truncated`, `mime.size`, `mime.parts`, `mime.head`,
 * `mime.part`, `mime.encoding`, `mime.base64`
 */
export function openMessage(
  source: Readable | AsyncIterable<Buffer>,
  contentType: string,
  limits: MultipartLimits = usualMultipartLimits,
): MessageBody {
  const body = lent(source);
  const { type, parameters } = mediaTypeOf(contentType);
  if (xmlTypes.has(type)) return bareMessage(body, contentType, limits);
  if (type !== 'multipart/related') throw mimeFault('contentType');
  const boundary = parameters.get('boundary') ?? '';
  if (boundary === '' || boundary.length > 200 || !/^[ -~]*$/.test(boundary))
    throw mimeFault('boundary');
  return new RelatedParts(new MultipartScanner(body, boundary, limits), limits);
}

/** The bytes of an XML document without the white space that some senders put in front of it. */
export function xmlBytes({ content }: Pick<Part, 'content'>): Buffer {
  let at = 0;
  while (at < content.length && isSpace(content[at])) at++;
  return content.subarray(at);
}

const xmlTypes: ReadonlySet<string> = new Set([
  'text/xml',
  'application/xml',
  'application/soap+xml',
]);

/** A stream that is read here and not destroyed: it is the caller's connection. */
function lent(source: Readable | AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (!(source instanceof Readable)) return source;
  // a request's body has no encoding set, and gives Buffers
  return source.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function bareMessage(
  body: AsyncIterable<Buffer>,
  contentType: string,
  limits: MultipartLimits,
): MessageBody {
  const head: PartHead = { contentId: '', contentType, encoding: '8bit' };
  return {
    first: async () => ({
      envelope: { ...head, content: await gather(body, limits.envelope) },
      payload: undefined,
    }),
    attachments: () => Promise.resolve([]),
    abandon: async () => {
      await body[Symbol.asyncIterator]().return?.();
    },
  };
}

class RelatedParts implements MessageBody {
  readonly #scanner: MultipartScanner;
  readonly #limits: MultipartLimits;
  #parts = 0;
  #closed = false;

  constructor(scanner: MultipartScanner, limits: MultipartLimits) {
    this.#scanner = scanner;
    this.#limits = limits;
  }

  first(): Promise<FirstParts> {
    return this.#lettingGo(async () => {
      await this.#readPreamble();
      const envelope = await this.#held(this.#limits.envelope);
      const payload = this.#closed ? undefined : await this.#held(this.#limits.total);
      return { envelope, payload };
    });
  }

  attachments<T>(sink: AttachmentSink<T>): Promise<T[]> {
    return this.#lettingGo(async () => {
      const given: T[] = [];
      while (!this.#closed) given.push(await this.#handOn(sink));
      await this.#scanner.finish();
      return given;
    });
  }

  abandon(): Promise<void> {
    return this.#scanner.abandon();
  }

  /** Whoever answers a fault may want to read the rest away: the body must be free for that. */
  async #lettingGo<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      void this.abandon().catch(() => undefined); // the body itself has failed, and was told already
      throw error;
    }
  }

  /** What stands before the first delimiter: nothing, or an empty line. */
  async #readPreamble(): Promise<void> {
    try {
      const preamble = await drain(this.#scanner.content());
      if (preamble.closing) throw mimeFault('parts');
    } catch (error) {
      // The whole body without a delimiter: the boundary is not the one that was announced.
      throw isTruncated(error) ? mimeFault('boundary') : error;
    }
  }

  async #held(limit: number): Promise<Part> {
    const head = await this.#head();
    return { ...head, content: await gather(decoded(this.#content(), head.encoding), limit) };
  }

  async #handOn<T>(sink: AttachmentSink<T>): Promise<T> {
    const head = await this.#head();
    const pieces = decoded(this.#content(), head.encoding);
    const content = Readable.from(pieces, { objectMode: false, highWaterMark: 64 * 1024 });
    let broken: unknown;
    content.on('error', (error) => {
      broken ??= error;
    });
    try {
      const stored = await sink(head, content);
      if (!content.readableEnded) await drainStream(content);
      return stored;
    } catch (error) {
      content.destroy();
      throw broken ?? error;
    }
  }

  async #head(): Promise<PartHead> {
    if (++this.#parts > this.#limits.parts) throw mimeFault('parts');
    const fields = fieldsOf(await this.#scanner.head());
    return {
      contentId: contentIdOf(fields.get('content-id') ?? ''),
      contentType: fields.get('content-type') ?? '',
      encoding: transferEncodingOf(fields.get('content-transfer-encoding')),
    };
  }

  async *#content(): AsyncGenerator<Buffer> {
    this.#closed = yield* this.#scanner.content();
  }
}

/** Header fields by their names in lower case; lines that begin with a blank continue the one before. */
function fieldsOf(head: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of head.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

async function gather(pieces: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const all: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > limit) throw mimeFault('part');
    all.push(piece);
  }
  return Buffer.concat(all, length);
}

async function drain(pieces: AsyncGenerator<Buffer, boolean>): Promise<{ closing: boolean }> {
  for (;;) {
    const next = await pieces.next();
    if (next.done === true) return { closing: next.value };
  }
}

async function drainStream(content: Readable): Promise<void> {
  content.resume();
  await finished(content);
}

function isTruncated(error: unknown): boolean {
  return error instanceof Problem && error.code === mimeFault('truncated').code;
}
