/**
 * Answers that may be kept if they are asked for again: an ETag of what was made, and 304 where the browser has it (RFC 9110
 * 13.1.2). Owns that; which answers may be kept they say themselves.
 */
import { hash } from 'node:crypto';
import type { Handler } from '../../core/exchange.ts';

/** Only whole answers of text that say `no-cache`, and set no cookie. */
export function revalidating(next: Handler): Handler {
  return async (exchange) => {
    const reply = await next(exchange);
    const { status, body, headers = {} } = reply;
    const keeps = String(headers['cache-control'] ?? '').includes('no-cache');
    if (status !== 200 || !keeps || typeof body !== 'string' || headers['set-cookie'] !== undefined)
      return reply;
    const etag = `W/"${hash('sha1', body, 'base64url').slice(0, 20)}"`;
    const has = exchange.headers['if-none-match']?.split(/\s*,\s*/).includes(etag) === true;
    if (!has || !['GET', 'HEAD'].includes(exchange.method))
      return { ...reply, headers: { ...headers, etag } };
    return { status: 304, headers: { ...headers, etag } };
  };
}
