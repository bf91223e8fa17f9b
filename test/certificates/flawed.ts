/**
 * Client certificates that must be refused, each with one flaw and the word it is refused with. Made with the keys of a
 * test authority, so that nothing but the flaw is wrong. Owns the list; who refuses them is tested elsewhere.
 */
import type { KeyObject } from 'node:crypto';
import type { EnvironmentAuthority } from '../../certs/authority.ts';
import type { OwnAuthority } from '../../certs/own-authority.ts';
import { signedCertificate, type SignatureHash } from '../../certs/certificate-bytes.ts';
import { objectId, octets, sequence, utf8 } from '../../certs/der.ts';
import * as extensions from '../../certs/extensions.ts';
import { writeName, type NamePart } from '../../certs/names.ts';
import { toPem } from '../../certs/pem.ts';
import { day, keyIdOf, newSerial } from '../../certs/profiles.ts';
import type { CertificateHolder, Register } from '../../certs/register.ts';
import { keyPem, newKey, publicDer, type TestKey } from './keys.ts';
import { makeRequest } from './requests.ts';

export interface FlawedCertificate {
  /** What is wrong: `expired`, `two CNs` … */
  readonly name: string;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** PEM of what is sent behind it; may be empty. */
  readonly chain: string;
  /** OpenSSL's word as node tells it (`CERT_HAS_EXPIRED`), or the word of server/tls-certificate.ts and the gate. */
  readonly expectedReason: string;
  /** The check of certs/explain.ts that fails. */
  readonly failedCheck: string;
}

export interface FlawedGround {
  readonly authority: EnvironmentAuthority;
  /** Real time: OpenSSL looks at the clock itself. */
  readonly now: number;
  /** The name all of them speak for; within the authority's domains. */
  readonly fqdn: string;
  /** Where given, those that were issued in earnest and then ended come too (`revoked`, `on hold`, `superseded`). */
  readonly register?: Register;
  readonly holder?: CertificateHolder;
}

/** Makes all of them; takes a second or two. */
export async function flawedCertificates(ground: FlawedGround): Promise<FlawedCertificate[]> {
  const workshop = await openWorkshop(ground);
  const made: FlawedCertificate[] = [];
  for (const list of [dates, authorities, chains, usages, keys, names, forms])
    for (const { name, reason, check, ...leaf } of await list(workshop))
      made.push({
        ...{ name, expectedReason: reason, failedCheck: check },
        ...(await workshop.make(leaf)),
      });
  return [...made, ...(await ended(ground))];
}

/** What differs from a good client certificate. */
interface Leaf {
  readonly subject?: readonly (readonly [NamePart, string])[];
  readonly dnsNames?: readonly string[];
  readonly usages?: readonly extensions.KeyUsage[];
  readonly noUsage?: boolean;
  readonly extended?: readonly extensions.ExtendedUsage[];
  readonly isAuthority?: boolean;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly key?: TestKey;
  readonly signer?: TestSigner;
  readonly extra?: readonly Buffer[];
  readonly hash?: SignatureHash;
  /** What is done to the finished bytes. */
  readonly spoil?: (der: Buffer) => void;
}

interface Flaw extends Leaf {
  readonly name: string;
  readonly reason: string;
  readonly check: string;
}

/** Who signs, and what is sent behind the certificate. */
interface TestSigner {
  readonly name: Buffer;
  readonly key: KeyObject;
  readonly keyId: Buffer;
  readonly chain: string;
}

interface Workshop {
  readonly now: number;
  readonly fqdn: string;
  readonly issuing: TestSigner;
  readonly root: TestSigner;
  readonly make: (leaf: Leaf) => Promise<{ cert: string; key: string; chain: string }>;
  /** A further authority. */
  readonly authority: (name: Buffer, signer?: TestSigner) => Promise<TestSigner>;
  /** The certificate of an ordinary system, as one that signs. */
  readonly leafAsSigner: () => Promise<TestSigner>;
  /** The key of the certificate itself, in its name. */
  readonly itself: TestSigner;
  readonly ownName: Buffer;
}

async function openWorkshop({ authority, now, fqdn }: FlawedGround): Promise<Workshop> {
  const { own } = authority;
  if (!own) throw new TypeError('Flawed certificates are made with an authority of our own');
  const usual = await newKey('P-256');
  const issuing = signerOf(own.issuing, authority.chain);
  const root = signerOf(own.root, own.root.pem);
  const make = async (leaf: Leaf, signer = leaf.signer ?? issuing) => {
    const key = leaf.key === undefined ? usual : await newKey(leaf.key);
    const der = await leafDer({ ...leaf, signer }, key, now, fqdn);
    leaf.spoil?.(der);
    return { cert: toPem('CERTIFICATE', der), key: keyPem(key), chain: signer.chain };
  };
  return {
    ...{ now, fqdn, issuing, root, make },
    itself: {
      name: subjectOf(undefined, fqdn),
      key: usual,
      keyId: keyIdOf(publicDer(usual)),
      chain: '',
    },
    ownName: own.issuing.name,
    authority: (name, signer) => newAuthority(name, signer, now),
    async leafAsSigner() {
      const key = await newKey('P-256');
      const der = await leafDer({ signer: issuing }, key, now, fqdn);
      return {
        key,
        name: subjectOf(undefined, fqdn),
        keyId: keyIdOf(publicDer(key)),
        chain: toPem('CERTIFICATE', der) + authority.chain,
      };
    },
  };
}

function signerOf({ name, key, keyId }: OwnAuthority, chain: string): TestSigner {
  return { name, key, keyId, chain };
}

function leafDer(
  leaf: Leaf & { readonly signer: TestSigner },
  key: KeyObject,
  now: number,
  fqdn: string,
): Promise<Buffer> {
  const { signer, dnsNames = [fqdn], usages: use = ['digitalSignature'] } = leaf;
  const extended = leaf.extended ?? ['clientAuth'];
  return signedCertificate(
    {
      serial: newSerial(),
      issuer: signer.name,
      subject: subjectOf(leaf.subject, fqdn),
      notBefore: leaf.notBefore ?? now - 60_000,
      notAfter: leaf.notAfter ?? now + 30 * day,
      publicKey: publicDer(key),
      extensions: [
        extensions.basicConstraints(leaf.isAuthority ?? false),
        ...(leaf.noUsage === true ? [] : [extensions.keyUsage(use)]),
        ...(extended.length === 0 ? [] : [extensions.extendedKeyUsage(extended)]),
        extensions.subjectKeyIdentifier(keyIdOf(publicDer(key))),
        extensions.authorityKeyIdentifier(signer.keyId),
        ...(dnsNames.length === 0 ? [] : [extensions.subjectAltName(dnsNames)]),
        ...(leaf.extra ?? []),
      ],
    },
    signer.key,
    leaf.hash,
  );
}

function subjectOf(
  subject: readonly (readonly [NamePart, string])[] | undefined,
  fqdn: string,
): Buffer {
  return writeName(
    subject ?? [
      ['O', 'Gatehouse Test'],
      ['CN', fqdn],
    ],
  );
}

/** Signed by itself where there is no signer. */
async function newAuthority(
  name: Buffer,
  signer: TestSigner | undefined,
  now: number,
): Promise<TestSigner> {
  const key = await newKey('P-256');
  const keyId = keyIdOf(publicDer(key));
  const der = await signedCertificate(
    {
      serial: newSerial(),
      issuer: signer?.name ?? name,
      subject: name,
      notBefore: now - day,
      notAfter: now + 300 * day,
      publicKey: publicDer(key),
      extensions: [
        extensions.basicConstraints(true),
        extensions.keyUsage(['keyCertSign', 'cRLSign']),
        extensions.subjectKeyIdentifier(keyId),
        extensions.authorityKeyIdentifier(signer?.keyId ?? keyId),
      ],
    },
    signer?.key ?? key,
  );
  return { name, key, keyId, chain: toPem('CERTIFICATE', der) + (signer?.chain ?? '') };
}

function dates({ now }: Workshop): Promise<Flaw[]> {
  return Promise.resolve([
    {
      name: 'expired long ago',
      notBefore: now - 90 * day,
      notAfter: now - 30 * day,
      reason: 'CERT_HAS_EXPIRED',
      check: 'dates',
    },
    {
      name: 'expired a minute ago',
      notBefore: now - day,
      notAfter: now - 60_000,
      reason: 'CERT_HAS_EXPIRED',
      check: 'dates',
    },
    { name: 'not yet valid', notBefore: now + day, reason: 'CERT_NOT_YET_VALID', check: 'dates' },
    {
      name: 'ended before it began',
      notBefore: now + 2 * day,
      notAfter: now - day,
      reason: 'CERT_HAS_EXPIRED',
      check: 'dates',
    },
  ]);
}

async function authorities({
  authority,
  ownName,
  issuing,
  root,
  itself,
}: Workshop): Promise<Flaw[]> {
  const stranger = await authority(writeName([['CN', 'Another Test Authority']]));
  const namesake = await authority(ownName);
  return [
    {
      name: 'foreign authority, chain sent',
      signer: stranger,
      reason: 'UNABLE_TO_GET_CRL',
      check: 'chain',
    },
    {
      name: 'foreign authority, chain missing',
      signer: { ...stranger, chain: '' },
      reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      check: 'chain',
    },
    {
      name: 'foreign authority with the subject of ours',
      signer: namesake,
      reason: 'UNABLE_TO_GET_CRL',
      check: 'chain',
    },
    {
      name: 'foreign authority with subject and key identifier of ours',
      signer: { ...namesake, keyId: issuing.keyId, chain: '' },
      reason: 'CERT_SIGNATURE_FAILURE',
      check: 'chain',
    },
    { name: 'self-signed', signer: itself, reason: 'UNABLE_TO_GET_CRL', check: 'chain' },
    {
      name: 'named as ours, signed by a key of its own',
      signer: { ...itself, name: ownName, keyId: issuing.keyId },
      reason: 'CERT_SIGNATURE_FAILURE',
      check: 'chain',
    },
    {
      name: 'signed with the root in the name of the issuing authority',
      signer: { ...issuing, key: root.key },
      reason: 'CERT_SIGNATURE_FAILURE',
      check: 'chain',
    },
  ];
}

async function chains({ authority, issuing, root, leafAsSigner }: Workshop): Promise<Flaw[]> {
  const below = await authority(writeName([['CN', 'Authority below the issuing one']]), issuing);
  const beside = await authority(writeName([['CN', 'Authority beside the issuing one']]), root);
  return [
    {
      name: 'chain missing',
      signer: { ...beside, chain: '' },
      reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      check: 'chain',
    },
    {
      name: 'chain of another',
      signer: { ...beside, chain: issuing.chain },
      reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      check: 'chain',
    },
    {
      name: 'authority below one that may have none',
      signer: below,
      reason: 'UNABLE_TO_GET_CRL',
      check: 'path length',
    },
    {
      name: 'authority of which there is no list',
      signer: beside,
      reason: 'UNABLE_TO_GET_CRL',
      check: 'list',
    },
    {
      name: 'issued by a system',
      signer: await leafAsSigner(),
      reason: 'UNSPECIFIED',
      check: 'chain',
    },
  ];
}

function usages(): Promise<Flaw[]> {
  const mail = sequence(objectId('1.3.6.1.5.5.7.3.4'));
  return Promise.resolve([
    { name: 'no key usage', noUsage: true, reason: 'NO_DIGITAL_SIGNATURE', check: 'usage' },
    {
      name: 'key usage for encryption only',
      usages: ['keyEncipherment'],
      reason: 'INVALID_PURPOSE',
      check: 'usage',
    },
    {
      name: 'key usage of an authority only',
      usages: ['keyCertSign', 'cRLSign'],
      reason: 'INVALID_PURPOSE',
      check: 'usage',
    },
    { name: 'no extended usage', extended: [], reason: 'NO_CLIENT_AUTH', check: 'extended usage' },
    {
      name: 'extended usage serverAuth only',
      extended: ['serverAuth'],
      reason: 'INVALID_PURPOSE',
      check: 'extended usage',
    },
    {
      name: 'extended usage for mail only',
      extended: [],
      extra: [extensions.extension('2.5.29.37', mail)],
      reason: 'INVALID_PURPOSE',
      check: 'extended usage',
    },
    { name: 'an authority', isAuthority: true, reason: 'CA_CERTIFICATE', check: 'authority' },
    {
      name: 'an authority by its usages too',
      isAuthority: true,
      usages: ['digitalSignature', 'keyCertSign'],
      reason: 'CA_CERTIFICATE',
      check: 'authority',
    },
  ]);
}

function keys(): Promise<Flaw[]> {
  const reason = 'KEY_NOT_ALLOWED';
  return Promise.resolve([
    { name: 'RSA of 8192 bits', key: 'RSA 8192', reason, check: 'key' },
    { name: 'RSA of 1024 bits', key: 'RSA 1024', reason, check: 'key' },
    { name: 'RSA with the exponent 3', key: 'RSA e=3', reason, check: 'key' },
    { name: 'curve P-521', key: 'P-521', reason, check: 'key' },
    { name: 'Ed25519', key: 'ed25519', reason, check: 'key' },
    { name: 'signed with SHA-1', hash: 'sha1', reason: 'UNSPECIFIED', check: 'signature' },
  ]);
}

function names({ fqdn }: Workshop): Promise<Flaw[]> {
  const wild = fqdn.replace(/^[^.]+/, '*');
  return Promise.resolve([
    {
      name: 'two CNs, ours first',
      subject: [
        ['CN', fqdn],
        ['CN', `other.${fqdn}`],
      ],
      reason: 'TWO_COMMON_NAMES',
      check: 'subject',
    },
    {
      name: 'two CNs, ours last',
      subject: [
        ['CN', `other.${fqdn}`],
        ['CN', fqdn],
      ],
      reason: 'TWO_COMMON_NAMES',
      check: 'subject',
    },
    {
      name: 'no CN',
      subject: [['O', 'Gatehouse Test']],
      reason: 'NO_COMMON_NAME',
      check: 'subject',
    },
    { name: 'empty subject', subject: [], reason: 'NO_COMMON_NAME', check: 'subject' },
    {
      name: 'wildcard',
      subject: [['CN', wild]],
      dnsNames: [wild],
      reason: 'NAME_NOT_ALLOWED',
      check: 'subject',
    },
    {
      name: 'a CN with a NUL',
      subject: [['CN', `${fqdn}\0.example.org`]],
      reason: 'NAME_NOT_ALLOWED',
      check: 'subject',
    },
    {
      name: 'a CN that holds a second one in its text',
      subject: [['CN', `${fqdn}/CN=other`]],
      reason: 'NAME_NOT_ALLOWED',
      check: 'subject',
    },
    { name: 'no DNS name', dnsNames: [], reason: 'NO_DNS_NAME', check: 'names' },
    {
      name: 'a DNS name that is not the CN',
      dnsNames: [`other.${fqdn}`],
      reason: 'NAMES_DIFFER',
      check: 'names',
    },
    {
      name: 'a name outside the domains of the authority',
      subject: [['CN', 'system.example.org']],
      dnsNames: ['system.example.org'],
      reason: 'UNSPECIFIED',
      check: 'name constraints',
    },
    { name: 'in the name of nobody registered', reason: 'NO_RECORD', check: 'record' },
  ]);
}

function forms(): Promise<Flaw[]> {
  const unknown = extensions.extension('1.3.6.1.4.1.55555.1', octets(utf8('x')), true);
  return Promise.resolve([
    {
      name: 'a critical extension that nobody knows',
      extra: [unknown],
      reason: 'UNSPECIFIED',
      check: 'extensions',
    },
    {
      name: 'changed after it was signed',
      spoil: (der) => {
        der.write('H', der.lastIndexOf('Gatehouse Test')); // the subject comes after the issuer
      },
      reason: 'CERT_SIGNATURE_FAILURE',
      check: 'chain',
    },
  ]);
}

/** Issued in earnest, and then ended. */
async function ended({ register, holder, fqdn }: FlawedGround): Promise<FlawedCertificate[]> {
  if (!register || !holder) return [];
  const issue = async () => {
    const key = await newKey('P-256');
    const csr = makeRequest({ key, subject: [['CN', fqdn]] });
    const { record, chain } = await register.issue({ csr, holder, by: 'test' });
    return { record, chain, cert: record.pem, key: keyPem(key) };
  };
  const made: FlawedCertificate[] = [];
  for (const reason of ['keyCompromise', 'cessationOfOperation', 'certificateHold'] as const) {
    const { record, ...sent } = await issue();
    await register.revoke(record.thumbprint, reason, 'test');
    made.push({
      name: `revoked: ${reason}`,
      ...sent,
      expectedReason: 'CERT_REVOKED',
      failedCheck: 'state',
    });
  }
  const { cert, key, chain } = await issue();
  made.push({
    ...{ cert, key, chain },
    name: 'superseded by two others',
    expectedReason: 'CERT_REVOKED',
    failedCheck: 'state',
  });
  await issue();
  await issue();
  return made;
}
