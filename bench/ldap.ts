/**
 * Equality searches of the directory over LDAP, of a small and of a large one side by side: one caller alone for the time a
 * search takes, and 32 for how many are answered. Owns the invented directory and the caller.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { createFraming } from '../spine/sds/ber-framing.ts';
import { BerWriter } from '../spine/sds/ber-write.ts';
import { tags } from '../spine/sds/ber.ts';
import { directoryCollection, idOf } from '../spine/sds/directory-keys.ts';
import type { Entry } from '../spine/sds/directory.ts';
import { normalDn } from '../spine/sds/dn.ts';
import { handlerEntry, partsOf, systemEntry } from '../spine/sds/service-entries.ts';
import type { Load, Result } from './rounds.ts';
import { cpuSeconds, startLdap, type Running } from './servers.ts';

const callers = [1, 32] as const;

/** One row for each size and number of callers. The best round counts, and the lowest p99 of all. */
export async function directorySearches(
  folder: string,
  sizes: readonly number[],
  load: Load,
): Promise<Result[]> {
  const servers: { size: number; server: Running }[] = [];
  for (const size of sizes)
    servers.push({ size, server: await startLdap(await filled(folder, size)) });
  const best = new Map<string, Result>();
  for (let round = 0; round < load.rounds; round++)
    for (const { size, server } of servers)
      for (const count of callers) {
        const name = `${size} entries, ${count} ${count === 1 ? 'caller' : 'callers'}`;
        const result = await once(name, server, size, count, load.seconds);
        const before = best.get(name);
        const better = !before || result.perSecond > before.perSecond ? result : before;
        const p99 = Math.min(result.p99, before?.p99 ?? Infinity);
        best.set(name, { ...better, p99, failed: result.failed + (before?.failed ?? 0) });
        process.stderr.write(
          `  round ${round + 1}/${load.rounds} ${name}: ${Math.round(result.perSecond)}/s, p99 ${result.p99.toFixed(2)} ms\n`,
        );
      }
  for (const { server } of servers) await server.stop();
  return [...best.values()];
}

// ---- the directory ----

async function filled(folder: string, size: number): Promise<string> {
  const dir = join(folder, `directory-${size}`);
  if (existsSync(join(dir, 'loaded'))) return dir;
  await rm(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const began = performance.now();
  const store = await openEmbeddedStore({ dir: join(dir, 'store') });
  await store.bulk(directoryCollection, entriesOf(size));
  await store.close();
  mkdirSync(join(dir, 'loaded'));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(`\n${size} entries of a directory loaded in ${seconds} s\n`);
  return dir;
}

const approval = {
  ...{ requestor: 'URP-1', requested: '20240101090000' },
  ...{ approver: 'URP-2', approved: '20240102090000' },
};
const product = { key: '1', name: 'Invented system', version: '1.0' };
const interactions = [
  'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05',
  'urn:nhs:names:services:pds:PRPA_IN000203UK03',
  'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1',
];
const perOrganisation = 1 + interactions.length;

const organisation = (n: number) => `B${String(n).padStart(6, '0')}`;
const asid = (n: number) => String(200_000_000_000 + n);

/** Of each organisation one system, and one endpoint for each of its interactions. */
function* entriesOf(size: number): Generator<{ id: string; value: Entry }> {
  for (let n = 0; n < size / perOrganisation; n++)
    for (const value of ofOrganisation(n)) yield { id: idOf(normalDn(value.dn)), value };
}

function ofOrganisation(n: number): Entry[] {
  const odsCode = organisation(n);
  const partyKey = `${odsCode}-820001`;
  const fqdn = `${odsCode.toLowerCase()}.example.org`;
  const facts = { odsCode, partyKey, product };
  return [
    systemEntry({ ...facts, asid: asid(n), interactions, clients: [odsCode] }, approval),
    ...interactions.map((interaction, i) =>
      handlerEntry(
        {
          ...{ ...facts, ...partsOf(interaction), interaction, fqdn, actors: [] },
          ...{ id: `S${n}-${i}`, cpaId: `S${n}-${i}`, endpoints: [`https://${fqdn}/${i}`] },
          interactionType: 'HL7',
        },
        { authenticated: 'none', template: '14' },
        approval,
      ),
    ),
  ];
}

// ---- the caller ----

/** What adaptors ask, in turn: the system of an organisation, its endpoint, and a system by its number. */
function searches(n: number): readonly (readonly [string, string])[] {
  const interaction = interactions[n % interactions.length] ?? '';
  const asked = [
    [
      ['nhsIDCode', organisation(n)],
      ['objectClass', 'nhsAs'],
      ['nhsAsSvcIA', interaction],
    ],
    [
      ['objectClass', 'nhsMhs'],
      ['nhsMHSPartyKey', `${organisation(n)}-820001`],
      ['nhsMhsSvcIA', interaction],
    ],
    [['uniqueIdentifier', asid(n)]],
  ] as const;
  return asked[n % asked.length] ?? [];
}

function toMessage(id: number, n: number): Buffer {
  const writer = new BerWriter();
  writer.within(tags.sequence, () => {
    writer.integer(id).within(0x63, () => {
      writer.text('ou=services,o=nhs').integer(2, tags.enumerated).integer(0, tags.enumerated);
      writer.integer(0).integer(0).boolean(false);
      writer.within(0xa0, () => {
        for (const [attribute, value] of searches(n))
          writer.within(0xa3, () => {
            writer.text(attribute).text(value);
          });
      });
      writer.within(tags.sequence, () => {
        for (const name of ['uniqueIdentifier', 'nhsMHSPartyKey', 'nhsMHSEndPoint'])
          writer.text(name);
      });
    });
  });
  return writer.bytes();
}

async function once(
  name: string,
  { url, pid }: Running,
  size: number,
  count: number,
  seconds: number,
): Promise<Result> {
  const organisations = Math.floor(size / perOrganisation);
  const port = Number(new URL(url).port);
  const times: number[] = [];
  const cpu = cpuSeconds(pid);
  const began = performance.now();
  const until = began + seconds * 1000;
  const failed = await Promise.all(
    Array.from({ length: count }, (_, i) => call(port, i * 7919, organisations, until, times)),
  );
  const took = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const at = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0;
  return {
    name,
    perSecond: times.length / took,
    p50: at(0.5),
    p99: at(0.99),
    cpu: ((cpuSeconds(pid) - cpu) / Math.max(1, times.length)) * 1e6,
    failed: failed.reduce((sum, one) => sum + one, 0),
  };
}

/** Asks one search after the other; resolves with how many had not exactly one entry. */
function call(
  port: number,
  first: number,
  organisations: number,
  until: number,
  times: number[],
): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const framing = createFraming(1024 * 1024);
    let [n, id, entries, failed, asked] = [first, 0, 0, 0, 0];
    const ask = () => {
      n = (n + 104_729) % organisations; // a prime: each next one is elsewhere
      entries = 0;
      asked = performance.now();
      socket.write(toMessage((id = (id % 1_000_000) + 1), n));
    };
    socket.once('connect', ask).once('error', reject);
    socket.on('data', (piece: Buffer) => {
      framing.push(piece);
      for (let message = framing.next(); message; message = framing.next()) {
        if (!isDone(message)) {
          entries++;
          continue;
        }
        const now = performance.now();
        times.push(now - asked);
        if (entries !== 1) failed++;
        if (now < until) ask();
        else {
          socket.destroy();
          resolve(failed);
        }
      }
    });
  });
}

/** Whether a message is a result rather than an entry; its number is short. */
function isDone(message: Buffer): boolean {
  const start = (message[1] ?? 0) < 0x80 ? 2 : 2 + ((message[1] ?? 0) & 0x7f);
  return message[start + 2 + (message[start + 1] ?? 0)] === 0x65;
}
