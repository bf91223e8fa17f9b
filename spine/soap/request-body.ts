/**
 * The body of a request in SOAP as it comes over HTTP: its media type, charset and length. Owns the limit; reading the
 * envelope is envelope.ts's.
 */
import type { Exchange } from '../../core/exchange.ts';
import { fault } from './fault.ts';

/** Messages that ask are small; a megabyte of request is no query. */
const bodyLimit = 1_000_000;

/** @throws Problem of fault 201 for another media type, or too many bytes */
export function soapBody({ headers, body }: Exchange): Promise<Buffer> {
  const type = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  if (!/^(?:text|application)\/xml$/i.test(type.trim()))
    throw fault('201', { name: 'CONTENT_TYPE_ERROR', location: 'HTTP Header - Content-Type' });
  return body.bytes(bodyLimit);
}

/** The charset of the media type, where it tells one. */
export function charsetIn({ headers }: Exchange): { readonly charset?: string } {
  const found = /;\s*charset="?([\w-]{1,40})/i.exec((headers['content-type'] ?? '').slice(0, 500));
  return found?.[1] === undefined ? {} : { charset: found[1] };
}
