/**
 * The people of a fresh installation: those that the published sandbox and tests speak of, one for each difficulty,
 * and some thousands generated ones. Owns which they are; docs/sandbox-differences.md tells where they cannot do
 * what a published test expects.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PdsRecord } from '../pds/record.ts';
import { edgeCaseSketch, type EdgeCase } from './edge-cases.ts';
import { createContext, people } from './person.ts';
import type { Sketch } from './sketch.ts';
import { toRecord } from './to-record.ts';
import { loadSources } from './sources.ts';

/** How many of the default people are generated, and from which seed. */
export const generated = { count: 3000, seed: 1 } as const;

/**
 * All default records, each number once. `fixturesDir` is the folder `fixtures` of the package.
 * A published search asks for every man called Jones born since 1992 and expects one: so nobody generated here is
 * called that. Other published searches are narrower, and a test watches over them.
 */
export function* defaultRecords(fixturesDir: string): Iterable<PdsRecord> {
  yield* publishedRecords(fixturesDir);
  yield* edgeCaseRecords(fixturesDir);
  const sources = loadSources(fixturesDir, { withoutFamilies: ['Jones'] });
  yield* people(generated.count, generated.seed, createContext(sources));
}

/** The people of the published sandbox and of the published tests, under their published numbers. */
export function publishedRecords(fixturesDir: string): PdsRecord[] {
  const file = read(fixturesDir, 'published.json') as { people: Sketch[] }; // our own file, tested with what is made of it
  return file.people.map(toRecord);
}

/** The hand-made people, one for each difficulty; the first of their tags is the key in the file. */
export function edgeCaseRecords(fixturesDir: string): PdsRecord[] {
  const file = read(fixturesDir, 'edge-case-people.json') as { people: EdgeCase[] }; // as above
  return file.people.map((person) => toRecord(edgeCaseSketch(person)));
}

function read(fixturesDir: string, name: string): unknown {
  return JSON.parse(readFileSync(join(fixturesDir, 'patients', name), 'utf8'));
}
