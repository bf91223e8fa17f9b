/**
 * The checks of a certification request: everything that is wrong is told at once, each with what was expected and what
 * was found. Owns the rules; who asks and what happens then is register.ts's.
 */
import { verify, type KeyObject } from 'node:crypto';
import { Problem } from '../core/problem.ts';
import { digest } from './certificate-facts.ts';
import { judgeKey, signatureOf } from './key-rules.ts';
import { holdsPrivateKey } from './leaked-keys.ts';
import { isHostName, shown, valuesOf } from './names.ts';
import { readRequest, RequestUnreadable, type RequestContent } from './request-bytes.ts';

/** Whom a certificate is for. */
export interface RequestExpectation {
  /** The name registered for the system. */
  readonly fqdn: string;
  /** Names that the certificate may bear besides; none by default. */
  readonly otherNames?: readonly string[];
  /** Why a key may not be used (burnt, another's), by SHA-256 of its SubjectPublicKeyInfo in base64url; undefined: it may. */
  readonly keyFault: (spki: string) => Promise<string | undefined>;
}

/** A request that may be granted. */
export interface CheckedRequest {
  /** SubjectPublicKeyInfo as DER, and its SHA-256 in base64url. */
  readonly publicKey: Buffer;
  readonly spki: string;
  /** `RSA 2048`, `P-256`. */
  readonly keyText: string;
  /** The DNS names it asks for besides the FQDN, in lower case. */
  readonly otherNames: readonly string[];
  /** What was asked for and is left out: a sentence each. */
  readonly notes: readonly string[];
}

/** One thing that is wrong with a request or certificate. */
export interface CertificateFault {
  /** Which part: `request`, `signature`, `key`, `subject`, `names`, `version`, … */
  readonly at: string;
  /** A sentence with what was expected and what was found. */
  readonly message: string;
}

/** A request or a certificate refused, with all that is wrong with it. */
export class CertificateRefused extends Problem {
  readonly faults: readonly CertificateFault[];

  /** @param what is refused, as the message begins: `The request` */
  constructor(what: string, faults: readonly CertificateFault[]) {
    const told = faults.map(({ at, message }) => `${at}: ${message}`).join('; ');
    super('invalid', `${what} is refused: ${told}`, { code: 'CERTIFICATE_REFUSED' });
    this.faults = faults;
  }
}

/** @param given PEM or DER. @throws CertificateRefused (Problem `invalid`) with all faults */
export async function checkRequest(
  given: string | Buffer,
  expected: RequestExpectation,
): Promise<CheckedRequest> {
  const content = readOrRefuse(given);
  const spki = digest(content.publicKey);
  const judged = judgeKey(content.publicKey);
  const faults: CertificateFault[] = [
    ...versionFaults(content),
    ...(judged
      ? found('key', judged.fault ?? (await expected.keyFault(spki)))
      : found('key', 'a public key is expected, and this one cannot be read')),
    ...(judged && !judged.fault ? await signatureFaults(content, judged.key) : []),
    ...subjectFaults(content, expected.fqdn),
    ...nameFaults(content, expected),
  ];
  if (!judged || faults.length > 0) throw new CertificateRefused('The request', faults);
  return {
    publicKey: content.publicKey,
    spki,
    keyText: judged.text,
    otherNames: lower(content.dnsNames).filter((name) => name !== expected.fqdn.toLowerCase()),
    notes: notesOn(content, expected.fqdn),
  };
}

function readOrRefuse(given: string | Buffer): RequestContent {
  if (holdsPrivateKey(given.toString('latin1')))
    throw new CertificateRefused('The request', [{ at: 'request', message: keySentAlong }]);
  try {
    return readRequest(given);
  } catch (error) {
    if (!(error instanceof RequestUnreadable)) throw error;
    throw new CertificateRefused('The request', [{ at: 'request', message: error.message }]);
  }
}

const keySentAlong =
  'the request alone is expected, and a PRIVATE KEY is in the text. It has been sent to somebody now: never use it again, make a new key';

/** Version 1 is the only one (RFC 2986 4.1). */
function versionFaults({ version }: RequestContent): CertificateFault[] {
  return version === 1
    ? []
    : found('version', `1 is expected, and ${version || 'another'} is there`);
}

/** The proof that the sender has the private key. The key has been judged: checking costs little. */
async function signatureFaults(
  { algorithm, signedBytes, signature }: RequestContent,
  key: KeyObject,
): Promise<CertificateFault[]> {
  const { text, hash } = signatureOf(algorithm);
  const family = key.asymmetricKeyType === 'rsa' ? 'RSA' : 'ECDSA';
  if (hash === undefined || !text.startsWith(`${family} `))
    return found(
      'signature',
      `${family} with SHA-256, SHA-384 or SHA-512 is expected, and this is ${text}`,
    );
  const good = await verifies(hash, signedBytes, key, signature);
  return good
    ? []
    : found(
        'signature',
        'it was not made with the key in the request: it must be signed by its own private key',
      );
}

/** CN = FQDN, one of them, and no e-mail address. */
function subjectFaults({ subject }: RequestContent, fqdn: string): CertificateFault[] {
  const names = valuesOf(subject, 'CN');
  const [name] = names;
  return [
    ...(names.length > 1
      ? found(
          'subject',
          `one CN is expected, and ${names.length} are there: ${names.slice(0, 5).map(shown).join(', ')}`,
        )
      : name === undefined
        ? found('subject', `CN=${fqdn} is expected, and there is no CN`)
        : name.toLowerCase() === fqdn.toLowerCase()
          ? []
          : found('subject', `CN=${fqdn} is expected, and CN is ${shown(name)}`)),
    ...(valuesOf(subject, 'emailAddress').length > 0
      ? found('subject', 'no e-mail address is expected, and there is one')
      : []),
  ];
}

function nameFaults(
  { dnsNames, otherNames }: RequestContent,
  { fqdn, otherNames: more = [] }: RequestExpectation,
): CertificateFault[] {
  const allowed = lower([fqdn, ...more]);
  const wrong = dnsNames.filter(
    (name) => !isHostName(name) || !allowed.includes(name.toLowerCase()),
  );
  return [
    ...(wrong.length > 0
      ? found(
          'names',
          `only ${allowed.join(', ')} may be asked for, and ${wrong.slice(0, 5).map(shown).join(', ')} is`,
        )
      : []),
    ...(otherNames > 0
      ? found('names', 'only DNS names may be asked for, and names of other kinds are there')
      : []),
  ];
}

function notesOn({ subject, otherExtensions, dnsNames }: RequestContent, fqdn: string): string[] {
  const others = subject.filter(({ type }) => type !== 'CN').map(({ type }) => type);
  return [
    ...(others.length > 0
      ? [
          `Of the subject only CN is taken; left out: ${[...new Set(others)].slice(0, 10).join(', ')}`,
        ]
      : []),
    ...(otherExtensions.length > 0
      ? [
          `Extensions are given by the platform; left out: ${otherExtensions
            .slice(0, 10)
            .map((id) => extensionWords[id] ?? id)
            .join(', ')}`,
        ]
      : []),
    ...(dnsNames.length === 0 ? [`The DNS name ${fqdn} is added`] : []),
  ];
}

const extensionWords: Readonly<Record<string, string>> = {
  '2.5.29.14': 'subjectKeyIdentifier',
  '2.5.29.15': 'keyUsage',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.30': 'nameConstraints',
  '2.5.29.32': 'certificatePolicies',
  '2.5.29.35': 'authorityKeyIdentifier',
  '2.5.29.37': 'extKeyUsage',
};

function found(at: string, message: string | undefined): CertificateFault[] {
  return message === undefined ? [] : [{ at, message }];
}

function lower(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

function verifies(hash: string, data: Buffer, key: KeyObject, signature: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    verify(hash, data, key, signature, (error, good) => {
      resolve(!error && good);
    });
  });
}
