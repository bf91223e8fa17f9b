/**
 * Warnings before certificates end: 60, 30, 14, 7 and 1 days ahead, each told once, whatever process or start tells it.
 * Owns when; mail, portal and metrics are told by others.
 */
import type { Clock } from '../core/clock.ts';
import type { CollectionOf, Store } from '../core/store.ts';
import { isConflict } from './burnt-keys.ts';
import type { Known, KnownCertificate } from './known.ts';
import { day } from './profiles.ts';

/** Days ahead. */
const noticeDays = [60, 30, 14, 7, 1] as const;

export interface Notice {
  readonly certificate: KnownCertificate;
  /** The warning this is: 60, 30, 14, 7 or 1. */
  readonly days: number;
  /** A sentence for its owner. */
  readonly text: string;
}

/** A certificate that is in use, for a gauge. */
export interface Ending {
  readonly environment: string;
  readonly fqdn: string;
  readonly thumbprint: string;
  /** Milliseconds that are left; negative after the end. */
  readonly left: number;
}

export interface Notices {
  /**
   * What is to be told now; nobody else gets it after that, so tell it. Of several warnings that are due at once only the
   * nearest comes. A certificate whose FQDN has another that ends later is not warned of. @throws Problem of the store
   */
  due(): Promise<readonly Notice[]>;
  /** All active certificates that no later one replaces, the soonest end first. From memory. */
  endings(): readonly Ending[];
}

interface Told {
  readonly days: number;
}

/** By thumbprint: the nearest warning that has been given. */
const noticeCollection: CollectionOf<Told> = { name: 'certs.notices' };

export function openNotices(store: Pick<Store, 'open'>, known: Known, clock: Clock): Notices {
  const told = store.open(noticeCollection);
  /** Whether this call is the one that tells it. */
  const claim = async (id: string, days: number): Promise<boolean> => {
    const before = await told.get(id);
    if (before && before.value.days <= days) return false;
    try {
      await told.put(id, { days }, { expected: before?.version ?? 0, by: 'certs' });
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  };
  return {
    async due() {
      const notices: Notice[] = [];
      for (const certificate of inUse(known)) {
        const days = warningFor(certificate.notAfter - clock.now());
        if (days !== undefined && (await claim(certificate.thumbprint, days)))
          notices.push({ certificate, days, text: sentence(certificate, days) });
      }
      return notices;
    },
    endings: () =>
      inUse(known)
        .map(({ environment, fqdn, thumbprint, notAfter }) => ({
          ...{ environment, fqdn, thumbprint },
          left: notAfter - clock.now(),
        }))
        .sort((a, b) => a.left - b.left),
  };
}

/** The active certificate of each FQDN that ends last. */
function inUse(known: Known): KnownCertificate[] {
  const last = new Map<string, KnownCertificate>();
  for (const one of known.all()) {
    if (one.state !== 'active') continue;
    const name = `${one.environment} ${one.fqdn}`;
    const other = last.get(name);
    if (!other || other.notAfter < one.notAfter) last.set(name, one);
  }
  return [...last.values()];
}

/** The nearest warning that is due with so much time left; undefined: none yet. */
function warningFor(left: number): number | undefined {
  return noticeDays.findLast((days) => left <= days * day);
}

function sentence({ fqdn, environment, notAfter, serial }: KnownCertificate, days: number): string {
  const date = new Date(notAfter).toISOString().slice(0, 10);
  return `The certificate of ${fqdn} in ${environment} (serial number ${serial}) ends on ${date}, in ${days === 1 ? 'a day' : `${days} days`} or less. Renew it: both work side by side.`;
}
