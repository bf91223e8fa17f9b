/** What the certificate of a system must be in itself: key, signature, usages, names. Owns those rules, as checks. */
import type { CertificateFacts } from './certificate-facts.ts';
import { checked, shownTime, type Check } from './checks.ts';
import { extensionIds } from './extensions.ts';
import { keyFault, keyText, signatureOf } from './key-rules.ts';
import { isHostName, shown, valuesOf } from './names.ts';

export interface LeafExpectation {
  readonly fqdn: string;
  readonly otherNames?: readonly string[];
  readonly profile: 'client' | 'endpoint' | 'server';
}

/** @param now milliseconds since the epoch */
export function leafChecks(
  facts: CertificateFacts,
  expected: LeafExpectation,
  now: number,
): Check[] {
  return [
    datesCheck(facts, now),
    keyCheck(facts),
    signatureCheck(facts),
    checked(
      'authority',
      !facts.authority,
      'the certificate of a system (CA:FALSE)',
      facts.authority ? 'that of an authority (CA:TRUE)' : 'CA:FALSE',
    ),
    usageCheck(facts),
    extendedCheck(facts, expected.profile),
    subjectCheck(facts, expected.fqdn),
    namesCheck(facts, expected),
    criticalCheck(facts),
  ];
}

function datesCheck({ notBefore, notAfter }: CertificateFacts, now: number): Check {
  const span = `${shownTime(notBefore)} to ${shownTime(notAfter)}`;
  const why = now < notBefore ? ', not yet valid' : now >= notAfter ? ', expired' : '';
  return checked(
    'dates',
    why === '',
    `a time of validity that holds ${shownTime(now)}`,
    span + why,
  );
}

function keyCheck({ key }: CertificateFacts): Check {
  return checked(
    'key',
    keyFault(key) === undefined,
    'RSA of 2048 to 4096 bits, P-256 or P-384',
    keyText(key),
  );
}

function signatureCheck({ signatureAlgorithm }: CertificateFacts): Check {
  const { text, hash } = signatureOf(signatureAlgorithm);
  return checked('signature', hash !== undefined, 'a signature with SHA-256 or better', text);
}

const digitalSignature = 0x80;

function usageCheck({ usageBits }: CertificateFacts): Check {
  const ok = usageBits !== undefined && (usageBits & digitalSignature) !== 0;
  const found =
    usageBits === undefined ? 'no key usage' : ok ? 'digitalSignature' : 'a key usage without it';
  return checked('usage', ok, 'the key usage digitalSignature', found);
}

const words: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
};
const wanted = {
  client: ['clientAuth'],
  endpoint: ['serverAuth', 'clientAuth'],
  server: ['serverAuth'],
};

function extendedCheck({ extended }: CertificateFacts, profile: keyof typeof wanted): Check {
  const usages = extended?.map((id) => words[id] ?? id) ?? [];
  const ok = wanted[profile].every((usage) => usages.includes(usage));
  const found = usages.length === 0 ? 'no extended usage' : usages.slice(0, 10).join(', ');
  return checked('extended usage', ok, wanted[profile].join(' and '), found);
}

function subjectCheck({ subject }: CertificateFacts, fqdn: string): Check {
  const names = valuesOf(subject, 'CN');
  const [name] = names;
  const ok = names.length === 1 && name?.toLowerCase() === fqdn.toLowerCase() && isHostName(fqdn);
  const found =
    names.length === 0 ? 'no CN' : `CN ${names.slice(0, 5).map(shown).join(' and CN ')}`;
  return checked(
    'subject',
    ok,
    `one CN, the host name ${isHostName(fqdn) ? fqdn : 'of the system'}`,
    found,
  );
}

function namesCheck(
  { dnsNames, otherNames }: CertificateFacts,
  { fqdn, otherNames: more = [] }: LeafExpectation,
): Check {
  const allowed = [fqdn, ...more].map((name) => name.toLowerCase());
  const names = dnsNames.map((name) => name.toLowerCase());
  const wrong = names.filter((name) => !isHostName(name) || !allowed.includes(name));
  const ok = names.includes(fqdn.toLowerCase()) && wrong.length === 0 && otherNames === 0;
  const others = otherNames > 0 ? ` and ${otherNames} of other kinds` : '';
  const found = names.length === 0 ? 'no DNS name' : names.slice(0, 10).map(shown).join(', ');
  const besides = more.length > 0 ? `, besides at most ${more.join(', ')}` : ' alone';
  return checked(
    'names',
    ok,
    `the DNS name ${fqdn === '' ? 'of the system' : fqdn}${besides}`,
    found + others,
  );
}

/** Extensions that are understood here or by OpenSSL. */
const understood = new Set<string>([
  ...Object.values(extensionIds),
  '2.5.29.32',
  '2.5.29.33',
  '2.5.29.36',
  '2.5.29.54',
]);

function criticalCheck({ extensions }: CertificateFacts): Check {
  const unknown = extensions
    .filter(({ critical, id }) => critical && !understood.has(id))
    .map(({ id }) => id);
  return checked(
    'extensions',
    unknown.length === 0,
    'no critical extension that is not understood',
    unknown.length === 0 ? 'none' : unknown.slice(0, 5).join(', '),
  );
}
