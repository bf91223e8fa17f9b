/**
 * The register of certificates: issues, renews, takes in those of outside authorities, revokes. Every call of a system is
 * judged by it. Owns the records' life; the bytes are made by authority.ts, the lists by lists.ts.
 */
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import type { Store } from '../core/store.ts';
import type { Authority } from './authority.ts';
import { certificateFacts, type CertificateFacts } from './certificate-facts.ts';
import {
  certificateCollection,
  type CertificateRecord,
  type RevocationReason,
} from './certificate-record.ts';
import { findCertificates, type CertificateQuery } from './certificate-search.ts';
import { openKeyHistory } from './key-history.ts';
import type { Known, KnownCertificate } from './known.ts';
import { leakedKeys } from './leaked-keys.ts';
import { checkOutsideCertificate } from './outside.ts';
import { recordChanges } from './record-changes.ts';
import { mostRequestBytes } from './request-bytes.ts';
import { checkRequest, type CheckedRequest } from './requests.ts';

/** Whom a certificate is for: facts of the deployment, which the caller vouches for. */
export interface CertificateHolder {
  readonly environment: string;
  /** The Deployment's id. */
  readonly deployment: string;
  readonly partyKey: string;
  /** The registered name, which is its CN. */
  readonly fqdn: string;
  readonly profile: CertificateRecord['profile'];
  /** Names it may bear besides; none by default. */
  readonly otherNames?: readonly string[];
}

/** Who wants it, and who agreed; `approvedBy` must be another person where `needsApproval` says so. */
export interface Steps {
  readonly by: string;
  readonly approvedBy?: string;
}

export interface Issued {
  readonly record: CertificateRecord;
  /** PEM of what goes behind the certificate: issuing authority, root. Empty for one of an outside authority. */
  readonly chain: string;
  /** What was asked for and left out: a sentence each. */
  readonly notes: readonly string[];
}

/** What a certificate that somebody proved to have is, now. */
export type JudgedCertificate =
  | { readonly state: 'active'; readonly record: KnownCertificate }
  | { readonly state: 'superseded' | 'revoked' | 'expired'; readonly record: KnownCertificate }
  | { readonly state: 'unknown'; readonly record?: undefined };

export interface RegisterOptions {
  readonly store: Pick<Store, 'open'>;
  readonly authority: Authority;
  readonly known: Known;
  readonly clock: Clock;
  /** Environments in which a second person must agree. */
  readonly needsApproval: (environment: string) => boolean;
}

export interface Register {
  /**
   * The checks of `issue` for a request, and nothing else; a private key that was sent along is burnt.
   * @throws CertificateRefused (Problem `invalid`) with all faults
   */
  check(csr: string | Buffer, holder: CertificateHolder): Promise<CheckedRequest>;
  /**
   * A certificate for a request. Two may be active for one FQDN, so that a renewal overlaps; a third ends the oldest.
   * @throws CertificateRefused (Problem `invalid`) with all faults of the request; Problem `forbidden` where an outside
   * authority issues or a second person is missing
   */
  issue(
    order: { readonly csr: string | Buffer; readonly holder: CertificateHolder } & Steps,
  ): Promise<Issued>;
  /**
   * The next certificate for the holder of this one, which goes on for the time being.
   * @param order.profile for what the next one is good, where that is no longer the same
   * @throws as issue; Problem `not-found`, `conflict` when this one has been revoked
   */
  renew(
    thumbprint: string,
    order: {
      readonly csr: string | Buffer;
      readonly profile?: CertificateHolder['profile'];
    } & Steps,
  ): Promise<Issued>;
  /**
   * Takes in a certificate of an outside authority. @param order.pem the certificate, and what is between it and the root
   * @throws CertificateRefused (Problem `invalid`) with all faults; Problem `conflict` when it is another's
   */
  enrol(
    order: { readonly pem: string; readonly holder: CertificateHolder } & Steps,
  ): Promise<Issued>;
  /**
   * Ends a certificate; the next call with it is refused, whatever lists say. Once more changes nothing, unless the reason
   * is now `keyCompromise` or it was on hold.
   * @throws Problem `not-found`
   */
  revoke(thumbprint: string, reason: RevocationReason, by: string): Promise<CertificateRecord>;
  /** Ends a hold (RFC 5280 5.3.1 removeFromCRL). @throws Problem `not-found`; `conflict` for one that is not on hold */
  lift(thumbprint: string, by: string): Promise<CertificateRecord>;
  /** From the store, whatever its state. */
  get(thumbprint: string): Promise<CertificateRecord | undefined>;
  /** All that fit, the one that ends last first. At least one part of the query, else all that have not ended. */
  find(query: CertificateQuery): Promise<readonly CertificateRecord[]>;
  /**
   * What a certificate is, now; from memory.
   * @throws Problem `unavailable` when for 5 seconds nobody could say what has been revoked
   */
  judge(thumbprint: string): JudgedCertificate;
  /** Calls back in every process, within a second, when a certificate may no longer be used; gives what stops it. */
  onEnded(fn: (certificate: KnownCertificate) => void): () => void;
  /** No certificate is given for this key any more. @param spki SHA-256 of the SubjectPublicKeyInfo, base64url @param why a sentence */
  burn(spki: string, why: string): Promise<void>;
}

/** So long a certificate is judged by what is remembered when nobody can say whether it was revoked. Milliseconds. */
const lookAside = 5_000;

export function openRegister(options: RegisterOptions): Register {
  const { store, authority, known, clock, needsApproval } = options;
  const certificates = store.open(certificateCollection);

  const records = recordChanges(certificates, known, clock);
  const keys = openKeyHistory(store, known);

  const revoke: Register['revoke'] = async (thumbprint, reason, by) => {
    const record = await records.change(thumbprint, (before) =>
      isFinal(before, reason)
        ? undefined
        : { ...before, state: 'revoked', revoked: { reason, at: clock.now(), by } },
    );
    if (reason === 'keyCompromise')
      await keys.burn(record.spki, 'a certificate for it was revoked because it became known');
    return record;
  };

  const refuseLonePerson = (environment: string, { by, approvedBy }: Steps) => {
    if (!needsApproval(environment)) return;
    if (approvedBy === undefined)
      throw new Problem(
        'forbidden',
        `In ${environment} a second person must approve a certificate, and nobody has`,
      );
    if (approvedBy === by)
      throw new Problem(
        'forbidden',
        `In ${environment} a second person must approve a certificate, not the one who asked`,
      );
  };

  const check: Register['check'] = async (csr, holder) => {
    for (const spki of leakedKeys(csr.toString('latin1').slice(0, mostRequestBytes)))
      await keys.burn(spki, 'its private half was sent along with a request');
    return checkRequest(csr, {
      fqdn: holder.fqdn,
      ...(holder.otherNames ? { otherNames: holder.otherNames } : {}),
      keyFault: (spki) => keys.fault(spki, holder),
    });
  };

  const issue: Register['issue'] = async ({ csr, holder, ...steps }) => {
    const own = authority.of(holder.environment);
    refuseLonePerson(holder.environment, steps);
    const { publicKey, otherNames, notes } = await check(csr, holder);
    const { profile, fqdn, partyKey } = holder;
    const pem = await own.certify({ profile, fqdn, partyKey, dnsNames: otherNames, publicKey });
    const record = await records.keep(
      recordOf(certificateFacts(pem), pem, holder, steps),
      steps.by,
    );
    return { record, chain: own.chain, notes };
  };

  return {
    check,
    issue,
    revoke,
    burn: (spki, why) => keys.burn(spki, why),
    async renew(thumbprint, { csr, profile: wanted, ...steps }) {
      const before = (await certificates.get(thumbprint))?.value;
      if (!before)
        throw new Problem('not-found', 'No certificate with this thumbprint is registered');
      if (before.state === 'revoked')
        throw new Problem('conflict', 'A revoked certificate is not renewed: ask for a new one');
      const { environment, deployment, partyKey, fqdn, dnsNames } = before;
      const profile = wanted ?? before.profile;
      const otherNames = dnsNames.filter((name) => name !== fqdn);
      const holder = { environment, deployment, partyKey, fqdn, profile, otherNames };
      return issue({ csr, holder, ...steps });
    },
    async enrol({ pem, holder, ...steps }) {
      refuseLonePerson(holder.environment, steps);
      const { facts, leaf } = await checkOutsideCertificate(pem, {
        holder,
        trust: authority.of(holder.environment).trust,
        now: clock.now(),
        keyFault: (spki) => keys.fault(spki, holder),
      });
      const there = (await certificates.get(facts.thumbprint))?.value;
      if (there && there.deployment !== holder.deployment)
        throw new Problem('conflict', 'This certificate is registered for another deployment');
      const record = there ?? (await records.keep(recordOf(facts, leaf, holder, steps), steps.by));
      return { record, chain: '', notes: [] };
    },
    async lift(thumbprint, by) {
      const record = await records.change(thumbprint, ({ revoked, ...before }) => {
        if (revoked?.reason !== 'certificateHold')
          throw new Problem('conflict', 'Only a certificate that is on hold can be used again');
        return { ...before, state: 'active' };
      });
      await records.supersede(record, by);
      return (await certificates.get(thumbprint))?.value ?? record;
    },
    get: async (thumbprint) => (await certificates.get(thumbprint))?.value,
    find: (query) => findCertificates(certificates, query, clock.now()),
    judge(thumbprint) {
      if (known.silent() > lookAside)
        throw new Problem(
          'unavailable',
          'Whether certificates are revoked cannot be told at the moment',
        );
      const record = known.get(thumbprint);
      if (!record) return { state: 'unknown' };
      if (record.state === 'active' && record.notAfter <= clock.now())
        return { state: 'expired', record };
      return { state: record.state, record };
    },
    onEnded: (fn) =>
      known.onChange(({ after }) => {
        if (after.state !== 'active') fn(after);
      }),
  };
}

/** Nothing is said twice; but a compromise is told whatever was said before, and what was on hold may end. */
function isFinal({ revoked }: CertificateRecord, reason: RevocationReason): boolean {
  if (!revoked) return false;
  if (revoked.reason === reason) return true;
  return revoked.reason !== 'certificateHold' && reason !== 'keyCompromise';
}

function recordOf(
  facts: CertificateFacts,
  pem: string,
  { environment, deployment, partyKey, fqdn, profile }: CertificateHolder,
  { by, approvedBy }: Steps,
): Omit<CertificateRecord, 'issuedAt'> {
  const { thumbprint, spki, serial, notBefore, notAfter } = facts;
  return {
    ...{ thumbprint, spki, serial, notBefore, notAfter },
    subject: facts.subjectText,
    issuer: facts.issuerText,
    dnsNames: facts.dnsNames,
    state: 'active',
    ...{ fqdn, partyKey, environment, deployment, profile, pem },
    requestedBy: by,
    ...(approvedBy === undefined ? {} : { approvedBy }),
  };
}
