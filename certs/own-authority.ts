/**
 * Our own authorities of one environment: a root and an issuing one, made from nothing or read from their files. Owns keys
 * and names; what they sign for others is authority.ts's.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../core/problem.ts';
import { authorityFiles, sweepHalves, type AuthorityFiles } from './authority-files.ts';
import { certificateFacts, type CertificateFacts } from './certificate-facts.ts';
import { partsOf, readDer } from './der-read.ts';
import { writeName } from './names.ts';
import { toPem } from './pem.ts';
import { keyIdOf, makeCertificate, type Signer } from './profiles.ts';
import type { SharedFiles } from './shared-files.ts';

/** One authority of our own, with its key. */
export interface OwnAuthority extends Signer {
  readonly pem: string;
  readonly facts: CertificateFacts;
}

export interface OwnAuthorities {
  readonly root: OwnAuthority;
  readonly issuing: OwnAuthority;
}

export interface OwnAuthorityOptions {
  readonly environment: string;
  readonly folder: string;
  /** What names must end in; counts when it is made. */
  readonly domains: readonly string[];
  /** Where the list of the root will be. */
  readonly rootCrl: string;
  readonly now: () => number;
  readonly alone: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly shared: SharedFiles | undefined;
  readonly say: (sentence: string) => void;
}

/** What the subjects of our certificates begin with. */
export const organisation = 'Gatehouse Test';
const makePair = promisify(generateKeyPair);

/**
 * Each file is made from those before it, so that a start that was killed half way is gone on with.
 * @throws Problem `unavailable` for files that will not do
 */
export function openOwn(options: OwnAuthorityOptions): Promise<OwnAuthorities> {
  const { environment, folder, domains, rootCrl, now, alone, shared, say } = options;
  const files = authorityFiles(folder, environment, shared);
  return alone(`certs.${environment}`, async () => {
    await sweepHalves(folder, now() - 60_000);
    if (await files.has('issuing.pem', false)) await refuseLostKeys(files, folder);
    else say(`The certificate authority of ${environment} is made in ${folder}`);
    const rootKey = await keyIn(files, 'root.key', 'P-384');
    const root = await authorityIn(files, 'root.pem', rootKey, () =>
      selfSigned(nameOf('Root Authority', environment), rootKey, now()),
    );
    const issuingKey = await keyIn(files, 'issuing.key', 'P-256');
    const issuing = await authorityIn(files, 'issuing.pem', issuingKey, () =>
      makeCertificate({
        profile: 'issuing',
        subject: nameOf('Issuing Authority', environment),
        publicKey: publicOf(issuingKey),
        signer: root,
        crl: rootCrl,
        domains,
        now: now(),
      }),
    );
    return { root, issuing };
  });
}

async function keyIn(
  files: AuthorityFiles,
  name: string,
  namedCurve: 'P-256' | 'P-384',
): Promise<KeyObject> {
  const pem = await files.readOrMake(name, true, async () => {
    const { privateKey } = await makePair('ec', { namedCurve });
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  });
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Problem('unavailable', `The file ${name} of a certificate authority holds no key`);
  }
}

async function authorityIn(
  files: AuthorityFiles,
  name: string,
  key: KeyObject,
  make: () => Promise<Buffer>,
): Promise<OwnAuthority> {
  const pem = await files.readOrMake(name, false, async () => toPem('CERTIFICATE', await make()));
  const facts = readAuthority(name, pem);
  if (!facts.x509.checkPrivateKey(key))
    throw new Problem(
      'unavailable',
      `The certificate ${name} of a certificate authority does not belong to the key beside it`,
    );
  return {
    pem,
    facts,
    key,
    name: subjectDer(facts.der),
    keyId: keyIdOf(publicOf(key)),
    notAfter: facts.notAfter,
  };
}

function readAuthority(file: string, pem: string): CertificateFacts {
  try {
    return certificateFacts(pem);
  } catch (error) {
    throw new Problem('unavailable', `The file ${file} holds no certificate`, { cause: error });
  }
}

function selfSigned(subject: Buffer, key: KeyObject, now: number): Promise<Buffer> {
  const publicKey = publicOf(key);
  const keyId = keyIdOf(publicKey);
  const signer = { name: subject, key, keyId, notAfter: Number.MAX_SAFE_INTEGER };
  return makeCertificate({ profile: 'root', subject, publicKey, signer, now });
}

function nameOf(what: string, environment: string): Buffer {
  return writeName([
    ['C', 'GB'],
    ['O', organisation],
    ['OU', 'CA'],
    ['CN', `${organisation} ${what} ${environment}`],
  ]);
}

/** The name of a certificate's subject as DER, byte for byte: what it signs must repeat it. */
function subjectDer(der: Buffer): Buffer {
  const [toSign] = partsOf(readDer(der));
  return (toSign && partsOf(toSign)[5]?.whole) ?? Buffer.alloc(0); // version, serial, algorithm, issuer, dates, subject
}

function publicOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** A certificate without its key is not made anew: everything that it signed would end. */
async function refuseLostKeys(files: AuthorityFiles, folder: string): Promise<void> {
  for (const name of ['root.key', 'issuing.key'])
    if (!(await files.has(name, true)))
      throw new Problem(
        'unavailable',
        `The key file ${join(folder, name)} is missing. Bring it back from a backup; or take the folder ${folder} away, and all certificates of this environment end.`,
      );
}
