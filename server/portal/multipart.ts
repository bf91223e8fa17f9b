/**
 * Forms with files in them (RFC 7578). Owns taking such a body apart within limits; what a file is worth its page says.
 */
import { isUtf8 } from 'node:buffer';
import type { Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { formOf, type Form, type SentFile } from './form.ts';

/** Larger than any file that is of use, so that the form of one too large can be shown again with a message. */
const bodyLimit = 8 * 1024 * 1024;
const textLimit = 64 * 1024;
const mostParts = 50;

export function isMultipart({ headers }: Pick<Exchange, 'headers'>): boolean {
  return /^multipart\/form-data\s*;/i.test(headers['content-type'] ?? '');
}

/** @throws Problem `too-large`, `invalid` */
export async function readMultipart(exchange: Exchange): Promise<Form> {
  const type = exchange.headers['content-type'] ?? '';
  const boundary = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))/i.exec(type);
  const mark = boundary?.[1] ?? boundary?.[2];
  if (mark === undefined) throw wrong();
  const values = new Map<string, string[]>();
  const files = new Map<string, SentFile>();
  let text = 0;
  for (const part of partsOf(await exchange.body.bytes(bodyLimit), mark)) {
    const { name, file, bytes } = part;
    if (file !== undefined) {
      // A browser sends an empty one where none was chosen.
      if (file !== '' || bytes.length > 0) files.set(name, { name: file, bytes });
      continue;
    }
    text += bytes.length;
    const value = bytes.toString('utf8');
    if (text > textLimit || !isUtf8(bytes) || /[^\P{Cc}\t\n\r]/u.test(value)) throw wrong();
    const known = values.get(name);
    const plain = value.replaceAll('\r\n', '\n');
    if (known) known.push(plain);
    else values.set(name, [plain]);
  }
  return { ...formOf(values), files };
}

interface SentPart {
  readonly name: string;
  /** The name of the file; absent for a field of text. */
  readonly file: string | undefined;
  readonly bytes: Buffer;
}

function partsOf(body: Buffer, mark: string): readonly SentPart[] {
  const between = Buffer.from(`\r\n--${mark}`);
  const first = Buffer.from(`--${mark}`);
  if (!body.subarray(0, first.length).equals(first)) throw wrong();
  const parts: SentPart[] = [];
  let at = first.length;
  while (body.toString('latin1', at, at + 2) !== '--') {
    const end = body.indexOf(between, at);
    if (end < 0 || parts.length >= mostParts) throw wrong();
    parts.push(partOf(body.subarray(at, end)));
    at = end + between.length;
  }
  return parts;
}

/** A part from the line break behind the boundary on. */
function partOf(part: Buffer): SentPart {
  const end = part.indexOf('\r\n\r\n');
  if (end < 0 || end > 4096 || part.toString('latin1', 0, 2) !== '\r\n') throw wrong();
  const head = part.toString('utf8', 2, end);
  const about = head.split('\r\n').find((line) => /^content-disposition:/i.test(line)) ?? '';
  const name = /;\s*name="([^"]*)"/i.exec(about)?.[1] ?? '';
  if (!/^[A-Za-z][A-Za-z0-9_.:-]{0,99}$/.test(name)) throw wrong();
  const file = /;\s*filename="([^"]*)"/i.exec(about)?.[1];
  return { name, file, bytes: part.subarray(end + 4) };
}

function wrong(): Problem {
  return new Problem('invalid', 'The form is not as browsers send it (multipart/form-data)');
}
