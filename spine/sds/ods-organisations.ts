/**
 * All organisations of a view in memory, for the look-ups by name, postcode, role and date that no index of the store
 * answers. Owns reading and dropping them; what is searched is the faces'. Right for thousands of organisations: of 5,000 a
 * search takes 1 ms, reading them a fifth of a second (again after a change), and each view 10 MB. The real register, fifty
 * times that, would need an index.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Directory, Organisation } from './directory.ts';

export interface Organisations {
  /** In order of code. */
  readonly all: readonly Organisation[];
  readonly byCode: ReadonlyMap<string, Organisation>;
}

/** The organisations as a view sees them. */
export type OrganisationsOf = (view: string) => Promise<Organisations>;

/** So many views are kept; the one that was asked for longest ago gives way. */
const mostViews = 8;
const pageSize = 200;

/** Each view is read when it is first asked for, and all are dropped when any entry changes. */
export function createOrganisations(directory: Directory): OrganisationsOf {
  const kept = new Map<string, Promise<Organisations>>();
  directory.changed(() => {
    kept.clear();
  });
  return (view) => {
    const known = kept.get(view);
    kept.delete(view);
    const read = known ?? readAll(directory.in(view));
    kept.set(view, read);
    for (const oldest of kept.keys()) {
      if (kept.size <= mostViews) break;
      kept.delete(oldest);
    }
    // A view that could not be read is tried again by whoever comes next.
    read.catch(() => {
      if (kept.get(view) === read) kept.delete(view);
    });
    return read;
  };
}

async function readAll(directory: Directory): Promise<Organisations> {
  const all: Organisation[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await directory.organisations(after, pageSize);
    all.push(...page);
    const last = page.at(-1)?.odsCode;
    if (last === undefined || (after !== undefined && last <= after)) break;
    after = last;
    await turn(); // a store in this process answers at once, and others are to have their turn
  }
  return { all, byCode: new Map(all.map((one) => [one.odsCode, one])) };
}
