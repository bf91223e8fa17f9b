/** An authority, a register and lists in a temporary folder, with a clock that tests move. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyObject } from 'node:crypto';
import { openAuthority, type Authority, type AuthorityEnvironment } from '../../certs/authority.ts';
import { openCertificates, type Certificates } from '../../certs/certificates.ts';
import type { CertificateHolder, Issued } from '../../certs/register.ts';
import type { Clock } from '../../core/clock.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../server/store/embedded.ts';
import { newKey } from './keys.ts';
import { makeRequest } from './requests.ts';

export const domain = 'uat.thirdparty.example';
export const fqdn = `system.y90001.${domain}`;
export const holder: CertificateHolder = {
  ...{ environment: 'uat', deployment: 'd1', partyKey: 'Y90001-000001', fqdn, profile: 'client' },
};

export interface CertificateGround extends Certificates {
  readonly dir: string;
  readonly authority: Authority;
  readonly store: EmbeddedStore;
  readonly clock: Clock;
  /** Sentences for the operator. */
  readonly alarms: string[];
  /** Moves the clock by milliseconds. */
  pass(milliseconds: number): void;
  /** As another process over the same store. */
  another(): Promise<Certificates>;
  /** A certificate for a new key. */
  issue(to?: Partial<CertificateHolder>): Promise<Issued & { readonly key: KeyObject }>;
  end(): Promise<void>;
}

const usual: readonly AuthorityEnvironment[] = [
  { name: 'uat', issuing: 'own', domains: [domain, 'localhost'] },
];

export function openTestAuthority(
  dir: string,
  clock: Clock,
  environments = usual,
  say: (sentence: string) => void = () => undefined,
): Promise<Authority> {
  return openAuthority({
    ...{ dir: join(dir, 'certs'), environments, clock, say },
    crlBase: (environment) => `http://localhost:9000/certs/${environment}`,
    alone: (_name, work) => work(),
  });
}

export async function openGround(
  environments = usual,
  needsApproval: (environment: string) => boolean = () => false,
): Promise<CertificateGround> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-certs-'));
  let moved = 0;
  const clock: Clock = { now: () => Date.now() + moved, newId: () => 'unused' };
  const alarms: string[] = [];
  const alarm = (sentence: string) => alarms.push(sentence);
  const authority = await openTestAuthority(dir, clock, environments, alarm);
  const store = await openEmbeddedStore({ dir: join(dir, 'store') });
  const opened: Certificates[] = [];
  const open = async () => {
    const one = await openCertificates({ store, authority, clock, needsApproval, alarm });
    opened.push(one);
    return one;
  };
  const certificates = await open();
  alarms.length = 0;
  return {
    ...certificates,
    ...{ dir, authority, store, clock, alarms },
    pass: (milliseconds) => (moved += milliseconds),
    another: open,
    async issue(to = {}) {
      const key = await newKey('P-256');
      const whom = { ...holder, ...to };
      const csr = makeRequest({ key, subject: [['CN', whom.fqdn]] });
      return { ...(await certificates.register.issue({ csr, holder: whom, by: 'ann' })), key };
    },
    async end() {
      for (const one of opened) one.close();
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
