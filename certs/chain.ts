/**
 * From a certificate up to an authority that is believed, with the checks of RFC 5280 6 that each step needs: dates,
 * authority, path length, usage, name constraints. Owns the path; what the certificate itself must be is in leaf-rules.ts.
 */
import { isWithin } from './authority-names.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { checked, shownTime, type Check } from './checks.ts';
import { signatureOf } from './key-rules.ts';
import { valuesOf } from './names.ts';
import type { Trusted } from './trust.ts';

export interface Chain {
  /** The certificate first; the believed authority last when it was reached. */
  readonly path: readonly CertificateFacts[];
  readonly checks: readonly Check[];
}

/** @param between certificates that came along with it @param now milliseconds since the epoch */
export function chainOf(
  leaf: CertificateFacts,
  between: readonly CertificateFacts[],
  trusted: readonly Trusted[],
  now: number,
): Chain {
  const believed = trusted.map(({ facts }) => facts);
  const path = [leaf];
  for (let top = leaf; path.length <= longest;) {
    if (path.length > 1 && believed.includes(top))
      return {
        path,
        checks: [
          reached(path),
          ...path.slice(1).flatMap((one, at) => authorityChecks(one, at, leaf, now)),
        ],
      };
    const issuer = [...believed, ...between].find(
      (one) => one !== top && top.x509.checkIssued(one.x509) && top.x509.verify(one.key),
    );
    if (!issuer) return { path, checks: [notReached(top, leaf, between, believed)] };
    path.push(issuer);
    top = issuer;
  }
  return {
    path,
    checks: [checked('chain', false, `a chain of at most ${longest} certificates`, 'a longer one')],
  };
}

const longest = 6;
const keyCertSign = 0x04;

function reached(path: readonly CertificateFacts[]): Check {
  const names = path
    .slice(1)
    .map(({ subject }) => valuesOf(subject, 'CN')[0] ?? 'an authority without a name');
  return checked('chain', true, 'an issuer that is trusted here', names.join(' < '));
}

function notReached(
  top: CertificateFacts,
  leaf: CertificateFacts,
  between: readonly CertificateFacts[],
  believed: readonly CertificateFacts[],
): Check {
  const expected = 'an issuer that is trusted here';
  if (top === leaf && top.x509.verify(top.key))
    return checked('chain', false, expected, 'a self-signed certificate');
  const other = between.find(
    ({ subjectText, key }) => subjectText === top.issuerText && top.x509.verify(key),
  );
  if (other)
    return checked(
      'chain',
      false,
      expected,
      `${other.subjectText}, which may not issue certificates`,
    );
  const namesake = believed.find(({ subjectText }) => subjectText === top.issuerText);
  return checked(
    'chain',
    false,
    expected,
    namesake
      ? `a signature that is not by ${top.issuerText}: it was changed, or another authority bears that name`
      : `${top.issuerText}, which is not trusted here${top === leaf ? '' : ' and does not lead to one that is'}`,
  );
}

/** @param at how many authorities are between this one and the certificate */
function authorityChecks(
  {
    notBefore,
    notAfter,
    authority,
    pathLength,
    usageBits,
    signatureAlgorithm,
    subject,
    domains,
  }: CertificateFacts,
  at: number,
  leaf: CertificateFacts,
  now: number,
): Check[] {
  const who = valuesOf(subject, 'CN')[0] ?? 'the authority';
  const outside = domains ? leaf.dnsNames.filter((name) => !isWithin(name, domains)) : [];
  const { text, hash } = signatureOf(signatureAlgorithm);
  return [
    checked(
      'authority dates',
      notBefore <= now && now < notAfter,
      `${who} within its dates`,
      `${shownTime(notBefore)} to ${shownTime(notAfter)}`,
    ),
    checked(
      'authority',
      authority,
      `${who} as an authority (CA:TRUE)`,
      authority ? 'CA:TRUE' : 'CA:FALSE',
    ),
    checked(
      'path length',
      pathLength === undefined || at <= pathLength,
      `${who} with at most ${pathLength ?? 'any number of'} authorities below it`,
      `${at}`,
    ),
    checked(
      'authority usage',
      usageBits === undefined || (usageBits & keyCertSign) !== 0,
      `${who} with keyCertSign`,
      'its key usage',
    ),
    checked(
      'authority signature',
      hash !== undefined,
      `${who} signed with SHA-256 or better`,
      text,
    ),
    ...(domains
      ? [
          checked(
            'name constraints',
            outside.length === 0,
            `names that end in ${domains.join(', ')}`,
            (outside.length > 0 ? outside : leaf.dnsNames).join(', '),
          ),
        ]
      : []),
  ];
}
