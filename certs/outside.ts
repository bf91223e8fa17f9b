/** Checks a certificate that an outside authority has issued, before it is registered. All that is wrong is told at once. */
import { certificateFacts, type CertificateFacts } from './certificate-facts.ts';
import { chainOf } from './chain.ts';
import { faultsIn } from './checks.ts';
import { leafChecks } from './leaf-rules.ts';
import { pemBlocks, toPem } from './pem.ts';
import { CertificateRefused, type CertificateFault } from './requests.ts';
import type { Trust } from './trust.ts';

export interface OutsideExpectation {
  readonly holder: {
    readonly fqdn: string;
    readonly otherNames?: readonly string[];
    readonly profile: 'client' | 'endpoint' | 'server';
  };
  readonly trust: Trust;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly keyFault: (spki: string) => Promise<string | undefined>;
}

/** Most characters of a certificate with what is between it and the root. */
const mostCharacters = 64 * 1024;

/** @param pem the certificate first, then what stands between it and the root. @throws CertificateRefused */
export async function checkOutsideCertificate(
  pem: string,
  expected: OutsideExpectation,
): Promise<{ readonly facts: CertificateFacts; readonly leaf: string }> {
  const [facts, ...between] = readAll(pem);
  if (!facts) throw refused('there is no certificate in the text');
  const { holder, trust, now, keyFault } = expected;
  const { checks } = chainOf(facts, between, trust.authorities(), now);
  const burnt = await keyFault(facts.spki);
  const all: CertificateFault[] = [
    ...faultsIn([...leafChecks(facts, holder, now), ...checks]),
    ...(burnt === undefined ? [] : [{ at: 'key', message: burnt }]),
  ];
  if (all.length > 0) throw new CertificateRefused('The certificate', all);
  return { facts, leaf: toPem('CERTIFICATE', facts.der) };
}

function readAll(pem: string): CertificateFacts[] {
  if (pem.length > mostCharacters)
    throw refused(`at most ${mostCharacters} characters are expected, and these are ${pem.length}`);
  try {
    return pemBlocks(pem)
      .filter(({ label }) => label === 'CERTIFICATE')
      .slice(0, 6)
      .map(({ der }) => certificateFacts(der));
  } catch (error) {
    throw refused(`it cannot be read: ${(error as Error).message}`); // node or we threw it
  }
}

function refused(message: string): CertificateRefused {
  return new CertificateRefused('The certificate', [{ at: 'certificate', message }]);
}
