/**
 * Writes records: a new one, a changed one, and the end of the oldest when a name has too many. Each write leaves a valid
 * state, whoever else writes. Owns how; why is register.ts's.
 */
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import type { Collection } from '../core/store.ts';
import { isConflict } from './burnt-keys.ts';
import type { CertificateRecord } from './certificate-record.ts';
import type { Known } from './known.ts';

export interface RecordChanges {
  /** Keeps a new record; `issuedAt` is later than that of any other of its name. Then ends the oldest beyond two. */
  keep(record: Omit<CertificateRecord, 'issuedAt'>, by: string): Promise<CertificateRecord>;
  /** Puts what `to` makes of a record, again when somebody was faster; undefined: leave it. @throws Problem `not-found` */
  change(
    thumbprint: string,
    to: (record: CertificateRecord) => CertificateRecord | undefined,
  ): Promise<CertificateRecord>;
  /** Of the active ones of a name two stay, the newest, in an order that every process finds alike. */
  supersede(
    name: { readonly environment: string; readonly fqdn: string },
    by: string,
  ): Promise<void>;
}

/** For one FQDN, so that a renewal overlaps. */
const mostActive = 2;

export function recordChanges(
  certificates: Collection<CertificateRecord>,
  known: Known,
  clock: Clock,
): RecordChanges {
  const put = (record: CertificateRecord, expected: number) =>
    known.writing(record.thumbprint, () =>
      certificates.put(record.thumbprint, record, { expected, by: 'certs' }),
    );

  const change: RecordChanges['change'] = async (thumbprint, to) => {
    for (;;) {
      const stored = await certificates.get(thumbprint);
      if (!stored)
        throw new Problem('not-found', 'No certificate with this thumbprint is registered');
      const next = to(stored.value);
      if (!next) return stored.value;
      try {
        return (await put(next, stored.version)).value;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  };

  const supersede: RecordChanges['supersede'] = async ({ environment, fqdn }, by) => {
    const active = known.named(environment, fqdn).filter(({ state }) => state === 'active');
    active.sort((a, b) => b.issuedAt - a.issuedAt || (a.thumbprint < b.thumbprint ? -1 : 1));
    const revoked = { reason: 'superseded', at: clock.now(), by } as const;
    for (const { thumbprint } of active.slice(mostActive))
      await change(thumbprint, (record) =>
        record.state === 'active' ? { ...record, state: 'superseded', revoked } : undefined,
      );
  };

  return {
    change,
    supersede,
    async keep(facts, by) {
      const same = known.named(facts.environment, facts.fqdn);
      const newest = Math.max(0, ...same.map(({ issuedAt }) => issuedAt));
      const record = { ...facts, issuedAt: Math.max(clock.now(), newest + 1) };
      await put(record, 0);
      await supersede(record, by);
      return record;
    },
  };
}
