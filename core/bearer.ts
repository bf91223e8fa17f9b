/** The bearer token of a call (RFC 6750 2.1): from the Authorization header and nowhere else. */
import type { Exchange } from './exchange.ts';

/** A token, or why there is none in the words of the national service; `none` when none was sent at all. */
export type Bearer =
  { readonly token: string } | { readonly fault: string; readonly none: boolean };

const longest = 8192;
const usual = /^Bearer [A-Za-z0-9_-]{43}$/;

export function bearerOf({ headers, rawHeaders }: Exchange): Bearer {
  const { authorization } = headers;
  if (authorization === undefined) return none('Missing Authorization header');
  if (sentTwice(rawHeaders)) return wrong('Invalid Authorization header');
  // Nearly every call is of this form; the rest is for telling what is wrong with the others.
  if (usual.test(authorization)) return { token: authorization.slice(7) };
  const text = authorization.trim();
  if (text === '') return none('Empty Authorization header');
  if (text.length > longest) return wrong('Invalid Access Token');
  // Blanks alone stand between the two (RFC 9110 11.4); a tab is a client that is broken or up to something.
  if (text.includes('\t')) return wrong('Invalid Authorization header');
  const [type = '', token = '', ...rest] = text.split(/ +/, 3);
  if (type.toLowerCase() !== 'bearer')
    return wrong(
      `Invalid token type '${type.slice(0, 20).replace(/[^\w.~+-]/g, '?')}', must be 'Bearer'`,
    );
  if (token === '') return wrong('Missing access token');
  if (rest.length > 0) return wrong('Invalid Authorization header');
  return { token };
}

function none(fault: string): Bearer {
  return { fault, none: true };
}

function wrong(fault: string): Bearer {
  return { fault, none: false };
}

/** Node keeps the first of two; whoever stands in front may have looked at the second. */
function sentTwice(rawHeaders: readonly string[]): boolean {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.length === 13 && rawHeaders[i]?.toLowerCase() === 'authorization') seen++;
  return seen > 1;
}
