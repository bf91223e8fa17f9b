/**
 * What the catalogue costs with 500 APIs of 10 operations each: reading them for the first time, searches, pages. Owns the data
 * and the callers. Asserts nothing.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { putBuiltIn, type BuiltInApi } from '../server/catalogue/built-in.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { startGatehouse, type Running } from './servers.ts';

const pages: readonly (readonly [what: string, path: string])[] = [
  ['catalogue, first page of 500 APIs', '/catalogue'],
  ['three facets', '/catalogue?technology=fhir&access=open&environment=sandbox'],
  ['search of one word', '/catalogue?q=appointment'],
  ['search with letters wrong', '/catalogue?q=apointmnt+referal'],
  ['search that finds nothing', '/catalogue?q=xyzzyqwerty'],
  ['feed', '/catalogue/feed.json'],
  ['page of an API', '/catalogue/bench-250'],
  ['page of an operation', '/catalogue/bench-250/operations/bench-250-read-3'],
  ['page of a large operation', '/catalogue/personal-demographics/operations/getPatient'],
  ['register of standards', '/standards'],
];

/** Lines of what was measured. */
export async function catalogueOf(count: number, repeats = 200): Promise<readonly string[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-catalogue-'));
  const store = await openEmbeddedStore({ dir: dataDir });
  await putBuiltIn(store, apis(count), Date.now(), 'bench');
  await store.close();
  const server = await startGatehouse(dataDir);
  try {
    const [first] = await times(server, '/catalogue', 1);
    const lines = [
      `all ${count} APIs read and put into the index, at the first question: ${ms(first)}`,
    ];
    for (const [what, path] of pages) {
      const sorted = (await times(server, path, repeats)).sort((a, b) => a - b);
      lines.push(
        `${what}: median ${ms(sorted[repeats >> 1])}, p99 ${ms(sorted[Math.floor(repeats * 0.99)])}`,
      );
    }
    return lines;
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function ms(value = 0): string {
  return `${value.toFixed(1)} ms`;
}

/** One after the other, over kept connections, to the last byte. */
async function times({ url }: Running, path: string, repeats: number): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const before = performance.now();
    const response = await fetch(url + path);
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
    taken.push(performance.now() - before);
  }
  return taken;
}

const nouns =
  'appointment referral prescription allergy vaccine discharge consent device letter result'.split(
    ' ',
  );

function apis(count: number): readonly BuiltInApi[] {
  return Array.from({ length: count }, (_, i) => {
    const id = `bench-${i}`;
    const noun = nouns[i % nouns.length] ?? '';
    return {
      api: {
        ...{ id, title: `${noun} service ${i}`, description: `Everything about ${noun}.` },
        ...{ owner: `ORG${i % 40}`, contact: 'bench@example.org', sensitive: false },
        technology: i % 2 === 0 ? 'fhir' : 'rest',
        status: i % 3 === 0 ? 'live' : 'beta',
      },
      specification: JSON.stringify(documentOf(id, noun)),
      proxies: (['sandbox', 'uat'] as const).map((environment) => ({
        name: id,
        environment,
        definition: { base: `/${id}`, backend: { kind: 'mock' }, policies: [{ policy: 'open' }] },
      })),
    };
  });
}

function documentOf(id: string, noun: string): object {
  const member = { type: 'string', description: `A part of the ${noun}`, maxLength: 100 };
  const properties = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`${noun}${i}`, member]),
  );
  const example = Object.fromEntries(Object.keys(properties).map((name) => [name, 'value']));
  const operation = (n: number) => ({
    operationId: `${id}-read-${n}`,
    summary: `Read part ${n} of a ${noun}`,
    description: `Gives *part ${n}* of the ${noun}.`,
    parameters: [
      { name: 'id', in: 'path', required: true, schema: { type: 'string' }, example: '1' },
      { name: `${noun}-part`, in: 'query', schema: { type: 'string' } },
    ],
    responses: {
      200: {
        description: 'It.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/It' }, example } },
      },
    },
  });
  return {
    openapi: '3.0.3',
    info: { title: id, version: '1.0.0', description: `About ${noun}.` },
    paths: Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`/${noun}/{id}/part${n}`, { get: operation(n) }]),
    ),
    components: { schemas: { It: { type: 'object', properties } } },
  };
}
