/**
 * `npx tsx bench/mongo.ts`: the MongoDB store beside the embedded one: the same calls, 32 at once, in interleaved rounds.
 * Prints calls a second and ratios; asserts nothing. The server is the tests' (test/start-mongo.ts) unless one is named:
 * `--url mongodb://…`, where a database is made that is left there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Log } from '../core/log.ts';
import type { Collection, CollectionOf } from '../core/store.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { openMongoStore } from '../server/store/mongo.ts';
import type { ServedStore } from '../server/store/served.ts';
import { startMongo, whyNoMongo } from '../test/start-mongo.ts';

interface Thing {
  readonly n: number;
  readonly filler: string;
}

const things: CollectionOf<Thing> = {
  name: 'things',
  keys: ({ n }) => ({ n: [[key(n)]] }),
};
const log: Log = { log: () => undefined, child: () => log };
const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    calls: { type: 'string', default: '1000' },
    documents: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
  },
});
const [calls, documents, rounds] = [Number(values.calls), Number(values.documents), Number(values.rounds)]; // prettier-ignore
const filler = 'x'.repeat(1000);

const kinds: Readonly<
  Record<string, (on: Collection<Thing>, i: number, round: number) => Promise<unknown>>
> = {
  // prettier-ignore
  get: (on, i) => on.get(String(i % documents)),
  find: (on, i) => on.find({ index: 'n', equals: [key(i % documents)] }),
  put: (on, i, round) => on.put(`new ${round} ${i}`, { n: documents + i, filler }, { expected: 0 }),
};

const reason = values.url === undefined ? whyNoMongo() : undefined;
if (reason === undefined) await main();
else process.stdout.write(`${reason}\n`);

async function main(): Promise<void> {
  const server = values.url === undefined ? await startMongo() : undefined;
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const mongo = await openMongoStore({ url: values.url ?? server?.url('bench') ?? '', log, silence: 10_000 }); // prettier-ignore
  const embedded = await openEmbeddedStore({ dir });
  const stores: readonly (readonly [string, ServedStore])[] = [['embedded', embedded], ['MongoDB', mongo]]; // prettier-ignore
  const records = Array.from({ length: documents }, (_, n) => ({ id: String(n), value: { n, filler } })); // prettier-ignore
  for (const [, store] of stores) await store.bulk(things, records);
  for (const [name, call] of Object.entries(kinds)) {
    const best = new Map<string, number>();
    for (let round = 0; round < rounds; round++)
      for (const [store, opened] of stores) {
        const rate = await measure((i) => call(opened.open(things), i, round));
        best.set(store, Math.max(rate, best.get(store) ?? 0));
      }
    const [ours = 1, theirs = 1] = [best.get('embedded'), best.get('MongoDB')];
    process.stdout.write(`${name}: embedded ${Math.round(ours)}/s, MongoDB ${Math.round(theirs)}/s, ratio ${(ours / theirs).toFixed(1)}\n`); // prettier-ignore
  }
  await Promise.all([embedded.close(), mongo.close()]);
  await server?.kill();
  rmSync(dir, { recursive: true });
}

function key(n: number): string {
  return String(n).padStart(8, '0');
}

/** Calls a second, 32 at once. */
async function measure(call: (i: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let next = 0;
  const caller = async () => {
    while (next < calls) await call(next++);
  };
  await Promise.all(Array.from({ length: 32 }, caller));
  return calls / ((performance.now() - start) / 1000);
}
