/**
 * Counters of what is not a call: mails, refused assertions. Moved seldom, so they are found by their labels as text. Owns
 * their bound; names and help are given by whoever counts.
 */
import { add, counter, type Family, type Labels } from './families.ts';
import { few } from './few.ts';

export interface Tallies {
  /** Adds one. Beyond 500 sets of labels of a name, all further ones are counted together under `other`. */
  add(name: string, help: string, labels: Labels): void;
  families(): Family[];
}

const mostSets = 500;

interface Kept {
  readonly help: string;
  readonly sets: Map<string, { readonly labels: Labels; value: number }>;
}

export function createTallies(): Tallies {
  const kept = new Map<string, Kept>();
  return {
    add(name, help, labels) {
      const { sets } = few(kept, name, mostSets, (): Kept => ({ help, sets: new Map() }));
      const make = (key: string) => ({
        labels: key === 'other' ? othersOf(labels) : labels,
        value: 0,
      });
      few(sets, JSON.stringify(labels), mostSets, make).value++;
    },
    families: () =>
      [...kept].map(([name, { help, sets }]) => {
        const family = counter(name, help);
        for (const { labels, value } of sets.values()) add(family, labels, value);
        return family;
      }),
  };
}

function othersOf(labels: Labels): Labels {
  return Object.fromEntries(Object.keys(labels).map((label) => [label, 'other']));
}
