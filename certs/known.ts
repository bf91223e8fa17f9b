/**
 * All certificates that have not ended, in memory and kept as the store has them, whichever process writes there: so that
 * judging the certificate of a call is a look into a map. Owns that copy and the entries of the revocation lists; who
 * changes a record is register.ts's.
 */
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import type { Store, Stored } from '../core/store.ts';
import { certificateCollection, type CertificateRecord } from './certificate-record.ts';
import { crlEntry } from './crl.ts';
import { EntrySet } from './entry-set.ts';
import { day } from './profiles.ts';

/** A record as it is held: its text is in the store only. */
export type KnownCertificate = Omit<CertificateRecord, 'pem'>;

export interface Known {
  get(thumbprint: string): KnownCertificate | undefined;
  all(): Iterable<KnownCertificate>;
  /** Those of one FQDN in an environment. */
  named(environment: string, fqdn: string): readonly KnownCertificate[];
  /** Those with the same public key. */
  withKey(spki: string): readonly KnownCertificate[];
  /** Revocations of an environment, those of certificates that have ended lately too. */
  revocations(environment: string): EntrySet;
  /** Takes in what `put` writes as soon as it is written; the feed need not be waited for. */
  writing(
    thumbprint: string,
    put: () => Promise<Stored<CertificateRecord>>,
  ): Promise<Stored<CertificateRecord>>;
  /** Calls back after the state of a certificate has changed; gives what stops it. */
  onChange(fn: (change: CertificateChange) => void): () => void;
  /** Drops what ended long ago, from the lists too. */
  forget(): void;
  /** Milliseconds for which nobody could say whether something was revoked. */
  silent(): number;
  close(): void;
}

export interface CertificateChange {
  readonly after: KnownCertificate;
  readonly before: KnownCertificate | undefined;
  /** Whether this process did it. */
  readonly here: boolean;
}

/** A list goes on naming a certificate for so long after its end (RFC 5280 5.1.2.6). */
const keptAfterEnd = 2 * day;
/** Milliseconds after which a store that was away is asked again. */
const tryAgain = 200;

/**
 * Reads what has not ended, and follows changes from then on.
 * @param issuer what our own issuing authority of an environment is called: only its certificates come on our lists
 */
export async function openKnown(
  store: Pick<Store, 'open' | 'changes'>,
  clock: Clock,
  issuer: (environment: string) => string | undefined,
): Promise<Known> {
  const collection = store.open(certificateCollection);
  const held = new Held(issuer);
  let closed = false;
  /** What this process is writing, how often at once: it tells that itself. */
  const own = new Map<string, number>();
  const look = async (id: string) => {
    if (own.has(id)) return;
    const stored = await untilDone(
      () => collection.get(id),
      () => !closed,
    );
    // What cannot be read counts as not there: nothing is allowed by what nobody can see.
    if (stored) held.keep(stored, false);
    else held.records.delete(id);
  };
  const readAll = async () => {
    const from = String(clock.now() - keptAfterEnd).padStart(15, '0');
    for (let after: string | undefined = ''; after !== undefined && !closed;) {
      const query = { index: 'all', equals: ['all'], from, limit: 500 };
      const page = await collection.find(after === '' ? query : { ...query, after });
      for (const stored of page.items) held.keep(stored, false);
      after = page.next;
    }
  };
  // Followed from before the reading on, so that nothing falls between.
  const stop = store.changes.listen((changes) => {
    for (const { collection: name, workspace, id } of changes)
      if (name === certificateCollection.name) void look(id);
      else if (name === '' && workspace === '' && id === '') void untilDone(readAll, () => !closed);
  });
  await readAll();
  return {
    get: (thumbprint) => held.records.get(thumbprint),
    all: () => held.records.values(),
    named: (environment, fqdn) => held.under(nameKey(environment, fqdn)),
    withKey: (spki) => held.under(spki),
    revocations: (environment) => held.revocations(environment),
    async writing(thumbprint, put) {
      own.set(thumbprint, (own.get(thumbprint) ?? 0) + 1);
      try {
        const stored = await put();
        held.keep(stored, true);
        return stored;
      } finally {
        const others = (own.get(thumbprint) ?? 1) - 1;
        if (others > 0) own.set(thumbprint, others);
        else own.delete(thumbprint);
        void look(thumbprint); // somebody else may have written after it
      }
    },
    onChange: (fn) => {
      held.told.add(fn);
      return () => held.told.delete(fn);
    },
    forget: () => {
      held.forgetBefore(clock.now() - keptAfterEnd);
    },
    silent: () => store.changes.silent?.() ?? 0,
    close() {
      closed = true;
      stop();
    },
  };
}

function nameKey(environment: string, fqdn: string): string {
  return `${environment} ${fqdn}`;
}

function groupsOf({ spki, environment, fqdn }: KnownCertificate): string[] {
  return [spki, nameKey(environment, fqdn)];
}

class Held {
  readonly records = new Map<string, KnownCertificate>();
  /** Thumbprints by public key, and by environment and name. */
  readonly #groups = new Map<string, Set<string>>();
  readonly told = new Set<(change: CertificateChange) => void>();
  readonly #versions = new Map<string, number>();
  readonly #revocations = new Map<string, EntrySet>();
  readonly #issuer: (environment: string) => string | undefined;

  constructor(issuer: (environment: string) => string | undefined) {
    this.#issuer = issuer;
  }

  revocations(environment: string): EntrySet {
    let found = this.#revocations.get(environment);
    if (!found) this.#revocations.set(environment, (found = new EntrySet()));
    return found;
  }

  under(group: string): KnownCertificate[] {
    return [...(this.#groups.get(group) ?? [])].flatMap((id) => this.records.get(id) ?? []);
  }

  /** A reading that is older than what is held tells nothing. */
  keep({ value: { pem: _, ...record }, version }: Stored<CertificateRecord>, here: boolean): void {
    const { thumbprint, revoked } = record;
    if ((this.#versions.get(thumbprint) ?? 0) > version) return;
    this.#versions.set(thumbprint, version);
    const before = this.records.get(thumbprint);
    this.records.set(thumbprint, record);
    for (const group of groupsOf(record)) {
      const same = this.#groups.get(group);
      if (same) same.add(thumbprint);
      else this.#groups.set(group, new Set([thumbprint]));
    }
    this.#list(record);
    if (before?.state !== record.state || before.revoked?.reason !== revoked?.reason)
      for (const fn of this.told) fn({ after: record, before, here });
  }

  forgetBefore(time: number): void {
    for (const record of this.records.values()) {
      if (record.notAfter >= time) continue;
      this.records.delete(record.thumbprint);
      this.#versions.delete(record.thumbprint);
      for (const group of groupsOf(record)) this.#groups.get(group)?.delete(record.thumbprint);
      this.revocations(record.environment).delete(record.serial);
    }
  }

  #list({ serial, environment, revoked, issuer }: KnownCertificate): void {
    if (issuer !== this.#issuer(environment)) return;
    const entries = this.revocations(environment);
    if (!revoked) entries.delete(serial);
    else entries.set(serial, crlEntry(serial, revoked.at, revoked.reason));
  }
}

/** A store that is away for the moment is asked again while that is `wanted`. Never rejects. */
async function untilDone<T>(work: () => Promise<T>, wanted: () => boolean): Promise<T | undefined> {
  for (;;)
    try {
      return await work();
    } catch (error) {
      if (Problem.from(error).kind !== 'unavailable' || !wanted()) return undefined;
      await new Promise((resolve) => setTimeout(resolve, tryAgain).unref());
    }
}
