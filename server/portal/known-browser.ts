/**
 * Browsers that have been signed in to an account before: strangers who try passwords for it, from however many addresses, do
 * not lock out its owner there. The cookie opens nothing; it only makes attempts count apart. Owns what stands in it.
 */
import type { Hub } from './hub-parts.ts';
import type { Visit } from './page.ts';
import { digest } from './secrets.ts';

const place = 'hub known browser';
/** Seconds. */
const lasts = 180 * 86_400;

export function rememberBrowser(hub: Hub, visit: Visit, account: string): void {
  visit.setCookie('known', hub.sealer.seal(`${account} ${hub.clock.newId()}`, place), lasts);
}

/** What attempts of this browser for an account are counted under; undefined for one that was never in it. */
export function knownBrowser(hub: Hub, visit: Visit, account: string): string | undefined {
  const sealed = visit.cookie('known');
  const text = sealed === undefined ? undefined : hub.sealer.open(sealed, place);
  return text?.startsWith(`${account} `) ? digest(text) : undefined;
}
