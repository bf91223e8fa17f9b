/** Opens the register with its copy in memory and its lists, in the order they need each other. Owns nothing else. */
import type { Clock } from '../core/clock.ts';
import type { Store } from '../core/store.ts';
import type { Authority } from './authority.ts';
import { openKnown, type Known } from './known.ts';
import { openLists, type Lists } from './lists.ts';
import { openNotices, type Notices } from './notices.ts';
import { openRegister, type Register } from './register.ts';

export interface CertificatesOptions {
  readonly store: Pick<Store, 'open' | 'changes' | 'counters'>;
  readonly authority: Authority;
  readonly clock: Clock;
  /** Environments in which a second person must agree to each certificate. */
  readonly needsApproval: (environment: string) => boolean;
  /** Hears sentences for the operator about lists, at most once an hour each. */
  readonly alarm: (sentence: string) => void;
}

export interface Certificates {
  readonly register: Register;
  readonly lists: Lists;
  readonly known: Known;
  readonly notices: Notices;
  close(): void;
}

/** Reads the register and brings all lists up to date. @throws Problem of the store */
export async function openCertificates(options: CertificatesOptions): Promise<Certificates> {
  const { store, authority, clock } = options;
  const ours = (environment: string) => authority.of(environment).own?.issuing.facts.subjectText;
  const known = await openKnown(store, clock, ours);
  const lists = await openLists({ ...options, known });
  return {
    known,
    lists,
    register: openRegister({ ...options, known }),
    notices: openNotices(store, known, clock),
    close() {
      lists.close();
      known.close();
    },
  };
}
