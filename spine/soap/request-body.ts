/**
 * The body of a request in SOAP as it comes over HTTP: its media type, charset and length. Owns the limit; reading the
 * envelope is envelope.ts's.
 */
import type { Exchange } from '../../core/exchange.ts';
import type { XmlLimits } from '../../core/xml.ts';
import { soapLimits, type ReadSoapOptions } from './envelope.ts';
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

/** Questions have few elements: what all of them cost together stays well below 50 ms behind the parser too. */
const limits: XmlLimits = { ...soapLimits, size: bodyLimit, nodes: 10_000 };

/** How a request is read: by the charset of its media type, where that tells one. */
export function readingOf({ headers }: Exchange): ReadSoapOptions {
  const found = /;\s*charset="?([\w-]{1,40})/i.exec((headers['content-type'] ?? '').slice(0, 500));
  return { limits, ...(found?.[1] === undefined ? {} : { charset: found[1] }) };
}
