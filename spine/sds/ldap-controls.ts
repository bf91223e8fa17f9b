/** Controls: which are understood, and paged results (RFC 2696) read and written. Owns no page; ldap-pages.ts does. */
import { BerWriter } from './ber-write.ts';
import { BerReader, berFault, tags } from './ber.ts';
import { LdapRefusal } from './ldap-codes.ts';
import type { Control, RequestKind } from './ldap-message.ts';

const pagedResults = '1.2.840.113556.1.4.319';
/** Treat referrals as entries (RFC 3296): there are none, so it is honoured as it is. Java's client sends it. */
const manageDsaIt = '2.16.840.1.113730.3.4.2';

/** What the root DSE names. */
export const supportedControls: readonly string[] = [pagedResults, manageDsaIt];

/** How many entries are wanted, and where the page before ended; the cookie is empty for the first. */
export interface PageAsk {
  readonly size: number;
  readonly cookie: string;
}

/**
 * Takes what is understood of the controls.
 * @throws LdapRefusal unavailableCriticalExtension for one that must be understood and is not; Problem `invalid` for
 * a paged results control that cannot be read
 */
export function readPageAsk(kind: RequestKind, controls: readonly Control[]): PageAsk | undefined {
  let ask: PageAsk | undefined;
  for (const control of controls) {
    if (control.type === pagedResults && kind === 'search') ask = toPageAsk(control);
    else if (control.critical && control.type !== manageDsaIt)
      throw new LdapRefusal('unavailableCriticalExtension', 'A critical control is not offered');
  }
  return ask;
}

function toPageAsk({ value }: Control): PageAsk {
  if (value === undefined) throw berFault('The paged results control has no value');
  const inside = new BerReader(value).within(tags.sequence);
  const size = inside.integer();
  const cookie = inside.text();
  if (size < 0) throw berFault('A page has fewer than no entries');
  return { size, cookie };
}

/** The control of the answer: an empty cookie says that this was the last page. How many there are is not told (0). */
export function pageControl(cookie: string): { type: string; value: Buffer } {
  const writer = new BerWriter(64);
  writer.within(tags.sequence, () => {
    writer.integer(0).text(cookie);
  });
  return { type: pagedResults, value: writer.bytes() };
}
