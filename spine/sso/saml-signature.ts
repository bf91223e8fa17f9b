/**
 * The only door to xml-crypto: signs an assertion, and checks the signature of one. What is given back of a signed document is
 * parsed anew from the very text that was digested, so that nothing is read that was not signed. Before it, everything has
 * passed core/xml.ts (limits, no DOCTYPE) and saml-signature-shape.ts.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import { attributeOf, parseXml, type XmlElement, type XmlLimits } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import { AssertionRefused } from './role-assertion-refused.ts';
import {
  digestMethods,
  enveloped,
  exclusive,
  onlyAssertion,
  onlySignature,
  signatureMethods,
} from './saml-signature-shape.ts';

/** A role takes 1 to 2 KB and some 40 nodes; the time that checking takes goes by nodes. */
export const samlLimits: XmlLimits = {
  ...{ size: 64 * 1024, depth: 24, nodes: 1_500, attributes: 24, value: 4096 },
};

/** @param response with one assertion directly below its root. @param key PEM of an RSA private key */
export function signAssertion(response: XmlElement, key: string): string {
  const [rsaSha256] = signatureMethods;
  const [sha256 = ''] = digestMethods;
  const signed = new SignedXml({
    ...{ idAttribute: 'AssertionID', privateKey: key, canonicalizationAlgorithm: exclusive },
    ...(rsaSha256 === undefined ? {} : { signatureAlgorithm: rsaSha256 }),
  });
  const xpath = "/*/*[local-name(.)='Assertion']";
  const transforms = [enveloped, exclusive];
  signed.addReference({ xpath, transforms, digestAlgorithm: sha256 });
  const location = { reference: xpath, action: 'append' } as const;
  signed.computeSignature(writeXml(response), { prefix: 'ds', location });
  return signed.getSignedXml();
}

/**
 * The assertion of a response as it was signed, without its signature.
 * @param key the issuer's; a key in the document is never used
 * @throws AssertionRefused
 */
export function signedAssertion(response: XmlElement, key: KeyObject): XmlElement {
  const assertion = onlyAssertion(response);
  const signature = onlySignature(response, assertion);
  const text = digestedText(writeXml(assertion), writeXml(signature), key);
  const read = parseXml(text, samlLimits);
  if (attributeOf(read, 'AssertionID') !== attributeOf(assertion, 'AssertionID'))
    throw new AssertionRefused('reference', 'the assertion', 'another element');
  return read;
}

/** The text whose digest the signature holds. The document is written anew: comments and the like are not in it. */
function digestedText(document: string, signature: string, key: KeyObject): string {
  const checked = new SignedXml({
    ...{ idAttribute: 'AssertionID', publicCert: publicPem(key), getCertFromKeyInfo: () => null },
  });
  // Each further name costs a walk through the whole document; that ids are unique under all names was checked before.
  checked.idAttributes = ['AssertionID'];
  checked.SignatureAlgorithms = only(checked.SignatureAlgorithms, signatureMethods);
  checked.HashAlgorithms = only(checked.HashAlgorithms, digestMethods);
  checked.CanonicalizationAlgorithms = only(checked.CanonicalizationAlgorithms, [
    ...[exclusive, enveloped],
  ]);
  const [text, ...others] = references(checked, document, signature);
  if (text === undefined || others.length > 0)
    throw new AssertionRefused('signature', 'that of the issuer over the assertion', 'another');
  return text;
}

/** None where the signature does not hold; the library's words quote the document. */
function references(checked: SignedXml, document: string, signature: string): readonly string[] {
  try {
    checked.loadSignature(signature);
    return checked.checkSignature(document) ? checked.getSignedReferences() : [];
  } catch {
    return [];
  }
}

function publicPem(key: KeyObject): string {
  const open = key.type === 'public' ? key : createPublicKey(key);
  return open.export({ type: 'spki', format: 'pem' }).toString();
}

function only<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}
