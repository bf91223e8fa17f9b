/** Whether a form was sent by a page of another site: what the browser says of it, beside the token in the form. */
import type { Exchange } from '../../core/exchange.ts';

/** Browsers that say nothing are judged by the token alone. */
export function comesFromElsewhere(
  { headers }: Pick<Exchange, 'headers'>,
  publicUrl: string,
): boolean {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  if (origin === undefined) return false;
  const host = hostOf(origin);
  return host === undefined || (host !== headers.host && host !== hostOf(publicUrl));
}

/** `localhost:9000` of an origin; undefined for none, such as `null`. */
function hostOf(origin: string): string | undefined {
  return /^https?:\/\/([^/?#\s]+)$/.exec(origin)?.[1];
}

/** A path of this site to go on to; anything else is the home page. */
export function safePath(text: string): string {
  return /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,1000}$/.test(text) ? text : '/';
}
