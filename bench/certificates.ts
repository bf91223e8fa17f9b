/**
 * What the certificate authority costs: `tsx bench/certificates.ts`. Checking requests, issuing, and making a revocation
 * list of 1,000 and 10,000 entries, with how long the event loop stood still meanwhile. Asserts nothing.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createSecureContext } from 'node:tls';
import { openAuthority } from '../certs/authority.ts';
import { certificateCollection, type CertificateRecord } from '../certs/certificate-record.ts';
import { openCertificates } from '../certs/certificates.ts';
import { crlEntry, readList, signedList } from '../certs/crl.ts';
import { EntrySet } from '../certs/entry-set.ts';
import { toPem } from '../certs/pem.ts';
import { checkRequest } from '../certs/requests.ts';
import { systemClock } from '../core/clock.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { makeRequest } from '../test/certificates/requests.ts';

const fqdn = 'system.y90001.uat.thirdparty.example';
const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
const authority = await openAuthority({
  dir,
  environments: [{ name: 'uat', issuing: 'own', domains: ['example'] }],
  crlBase: () => 'http://localhost:9000/certs/uat',
  clock: systemClock,
  alone: (_name, work) => work(),
  say: () => undefined,
});
const own = authority.of('uat');
const signer = own.own?.issuing;
const print = (line: string) => process.stdout.write(`${line}\n`);

for (const kind of ['RSA 2048', 'P-256'] as const) {
  const { privateKey: key } =
    kind === 'P-256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const csr = makeRequest({ key, subject: [['CN', fqdn]], dnsNames: [fqdn] });
  const check = () => checkRequest(csr, { fqdn, keyFault: () => Promise.resolve(undefined) });
  print(`${kind}: a request checked in ${await average(check)}`);
  const { publicKey } = await check();
  const issue = () =>
    own.certify({ profile: 'client', fqdn, partyKey: 'Y90001-000001', publicKey });
  print(`${kind}: a certificate made in ${await average(issue)}`);
}

for (const count of [1_000, 10_000]) if (signer) await listOf(count);
await wholeWay(10_000);
rmSync(dir, { recursive: true, force: true });

/** From a revocation to the list in force, through register and store, with so many revoked before. */
async function wholeWay(count: number) {
  const store = await openEmbeddedStore({ dir: join(dir, 'store') });
  await store.bulk(certificateCollection, revokedRecords(count));
  const startBegan = performance.now();
  const whole = { store, authority, clock: systemClock, alarm: () => undefined };
  const certificates = await openCertificates({
    ...whole,
    needsApproval: () => false,
  });
  const { register, lists } = certificates;
  const opened = performance.now() - startBegan;
  const holder = {
    ...{ environment: 'uat', deployment: 'd', partyKey: 'p', fqdn },
    profile: 'client',
  } as const;
  const took: number[] = [];
  const idle = await standstill(() => Promise.resolve());
  const busy = await standstill(async () => {
    const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const csr = makeRequest({ key, subject: [['CN', fqdn]] });
    const { record } = await register.issue({ csr, holder, by: 'bench' });
    const began = performance.now();
    await register.revoke(record.thumbprint, 'superseded', 'bench');
    await lists.settled();
    took.push(performance.now() - began);
  });
  took.sort((one, other) => one - other);
  print(
    `${count} revoked: register and lists opened in ${ms(opened)}; from a revocation to the stored list ${ms(took[10] ?? 0)}, loop delay at most ${ms(busy)} (with nothing to do ${ms(idle)})`,
  );
  certificates.close();
  await store.close();
}

function* revokedRecords(count: number) {
  const now = Date.now();
  for (let n = 0; n < count; n++) {
    const thumbprint = randomBytes(32).toString('base64url');
    const serial = `7f${randomBytes(15).toString('hex')}`;
    const value: CertificateRecord = {
      ...{ thumbprint, spki: thumbprint, serial, dnsNames: [], fqdn: `s${n}.example` },
      ...{ subject: '', issuer: signer?.facts.subjectText ?? '', issuedAt: now, notBefore: now },
      ...{ notAfter: now + 86_400_000, state: 'revoked', environment: 'uat', profile: 'client' },
      ...{ partyKey: `Y${n}`, deployment: `d${n}`, requestedBy: 'bench', pem: 'x'.repeat(1_100) },
      revoked: { reason: 'superseded', at: now, by: 'bench' },
    };
    yield { id: thumbprint, value };
  }
}

/** The longest time for which the event loop stood still, over 20 rounds. Milliseconds. */
async function standstill(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  for (let round = 0; round < 20; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    delay.enable();
    await work();
    await new Promise((resolve) => setTimeout(resolve, 5));
    delay.disable();
  }
  return delay.max / 1e6;
}

async function listOf(count: number) {
  const entries = new EntrySet();
  const now = Date.now();
  const serials = Array.from({ length: count }, () => `7f${randomBytes(15).toString('hex')}`);
  const began = performance.now();
  for (const serial of serials) entries.set(serial, crlEntry(serial, now, 'keyCompromise'));
  const fresh = performance.now() - began;
  const make = () => list(entries, now);
  const { der, pem } = await make();
  const took: number[] = [];
  const stood = await standstill(async () => {
    const start = performance.now();
    await make();
    took.push(performance.now() - start);
  });
  took.sort((a, b) => a - b);
  const readStart = performance.now();
  await readList(der).serials();
  const read = performance.now() - readStart;
  const contextStart = performance.now();
  createSecureContext({ crl: pem });
  const context = performance.now() - contextStart;
  print(
    `${count} entries, ${Math.round(der.length / 1024)} KiB: entries from nothing ${ms(fresh)}, list remade (as DER and PEM) in ${ms(took[10] ?? 0)} (at most ${ms(took.at(-1) ?? 0)}), loop delay at most ${ms(stood)}, read ${ms(read)}, given to node:tls in ${ms(context)}`,
  );
}

async function list(entries: EntrySet, now: number) {
  if (!signer) throw new TypeError('There is no authority');
  const dates = { thisUpdate: now, nextUpdate: now + 86_400_000 };
  const der = await signedList({ signer, entries: entries.all(), number: 7, ...dates });
  return { der, pem: toPem('X509 CRL', der) };
}

/** Wall clock and processor time of one, over 300 after 100 to warm up. */
async function average(work: () => Promise<unknown>): Promise<string> {
  for (let n = 0; n < 100; n++) await work();
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let n = 0; n < 300; n++) await work();
  const { user, system } = process.cpuUsage(cpu);
  return `${ms((performance.now() - began) / 300)}, ${ms((user + system) / 300_000)} of processor time`;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}
