/** The head of a request as text (RFC 9112 3). Owns its framing fields; the others come as they are, and are judged. */
import { WireFault, type WireRequest } from './wire.ts';

/** Methods for which no body is told by a length of nothing (RFC 9110 8.6). */
const expectsBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * @param host the value of `Host`.
 * @throws WireFault `unfit` for a method, path or field that would not be read as it is meant.
 */
export function requestHead(
  { method, path, headers, body, length }: WireRequest,
  host: string,
): string {
  if (!token.test(method) || !target.test(path)) throw unfit();
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  let values = '';
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (!isName(name)) throw unfit();
    values += value;
    head += `${name}: ${value}\r\n`;
  }
  if (!fieldValue.test(values)) throw unfit();
  if (Buffer.isBuffer(body)) return `${head}content-length: ${body.length}\r\n\r\n`;
  if (body === undefined)
    return expectsBody.has(method) ? `${head}content-length: 0\r\n\r\n` : `${head}\r\n`;
  const framing = length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`;
  return `${head}${framing}\r\n\r\n`;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** No blank and no control character; other bytes go on as they came. */
const target = /^[\x21-\x7e\x80-\xff]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

const names = new Set<string>();
const mostNames = 1000;

/** Callers choose names: what is remembered of them has an end. */
function isName(name: string): boolean {
  if (names.has(name)) return true;
  if (!token.test(name)) return false;
  if (names.size < mostNames && name.length <= 100) names.add(name);
  return true;
}

function unfit(): WireFault {
  return new WireFault('unfit', 'The request cannot be sent as it is');
}
