/**
 * What a signed SAML response must look like before any cryptography: one assertion, one signature right in it, one reference
 * that is to it, and of algorithms only those listed. Owns these rules, which leave nothing to wrap a signature around;
 * the signature itself is saml-signature.ts's (XML Signature 1.1; XML Signature Best Practices 2).
 */
import { attributeOf, childElements, childNamed, textOf, type XmlElement } from '../../core/xml.ts';
import { samlUri } from './role-assertion.ts';
import { AssertionRefused, shown } from './role-assertion-refused.ts';

const signatureUri = 'http://www.w3.org/2000/09/xmldsig#';
export const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
export const enveloped = `${signatureUri}enveloped-signature`;
export const signatureMethods = [
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
];
export const digestMethods = [
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
];

/** The only assertion that a response may hold. @throws AssertionRefused `assertion`, `identifier` */
export function onlyAssertion(response: XmlElement): XmlElement {
  const all = descendants(response);
  const [found, ...others] = childElements(response).filter(isAssertion);
  if (!found || others.length > 0)
    throw new AssertionRefused('assertion', 'exactly one', found ? 'several' : 'none');
  const inner = confirmationOf(found);
  if (all.some((one) => isAssertion(one) && one !== found && one !== inner))
    throw new AssertionRefused('assertion', 'none elsewhere', 'another');
  checkIds(all);
  return found;
}

/** The assertion within the subject's confirmation, which tells of the authentication. */
export function confirmationOf(assertion: XmlElement): XmlElement | undefined {
  const path = ['AttributeStatement', 'Subject', 'SubjectConfirmation', 'SubjectConfirmationData'];
  let at: XmlElement | undefined = assertion;
  for (const name of [...path, 'Assertion']) at = at && childNamed(at, name, samlUri);
  return at;
}

/** The signature of an assertion. @throws AssertionRefused `signature`, `algorithm`, `reference` */
export function onlySignature(response: XmlElement, assertion: XmlElement): XmlElement {
  const all = descendants(response).filter(isSignature);
  const [found] = childElements(assertion).filter(isSignature);
  if (!found || all.length !== 1)
    throw new AssertionRefused('signature', 'one, within the assertion', placeOf(all, found));
  checkSignature(found, attributeOf(assertion, 'AssertionID') ?? '');
  return found;
}

function placeOf(all: readonly XmlElement[], found: XmlElement | undefined): string {
  if (all.length === 0) return 'none';
  return found ? 'several' : 'one elsewhere';
}

function checkSignature(signature: XmlElement, id: string): void {
  const [info] = children(signature, ['SignedInfo', 'SignatureValue'], ['KeyInfo']);
  const [canonical, method, reference] = children(info, [
    ...['CanonicalizationMethod', 'SignatureMethod', 'Reference'],
  ]);
  checkAlgorithm(canonical, [exclusive]);
  checkAlgorithm(method, signatureMethods);
  const uri = reference && attributeOf(reference, 'URI');
  if (id === '' || uri !== `#${id}`)
    throw new AssertionRefused('reference', 'one to the assertion by its id', uriFound(uri));
  const [transforms, digest] = children(reference, ['Transforms', 'DigestMethod', 'DigestValue']);
  const [first, second] = children(transforms, ['Transform', 'Transform']);
  checkAlgorithm(first, [enveloped]);
  checkAlgorithm(second, [exclusive]);
  checkAlgorithm(digest, digestMethods);
}

function uriFound(uri: string | undefined): string {
  if (uri === undefined || uri === '') return 'none';
  return uri.startsWith('#') ? 'one to another element' : 'one outside of the document';
}

/** Exactly these children, in this order. Elements that are not there let nothing through: their own rule fails. */
function children(
  of: XmlElement | undefined,
  names: readonly string[],
  more: readonly string[] = [],
): readonly XmlElement[] {
  const found = of ? childElements(of) : [];
  const wanted = found.length > names.length ? [...names, ...more] : names;
  if (
    found.length === wanted.length &&
    found.every(({ name, uri }, i) => name === wanted[i] && uri === signatureUri)
  )
    return found;
  throw new AssertionRefused('signature', `${names.join(', ')} in ${of?.name ?? 'it'}`, 'others');
}

/** One of a list, without parameters: those could name namespaces, lengths or stylesheets. */
function checkAlgorithm(of: XmlElement | undefined, known: readonly string[]): void {
  const algorithm = of && attributeOf(of, 'Algorithm');
  if (algorithm === undefined || !known.includes(algorithm))
    throw new AssertionRefused('algorithm', known.join(' or '), shown(algorithm));
  if (of && (childElements(of).length > 0 || textOf(of).trim() !== ''))
    throw new AssertionRefused('algorithm', 'no parameters', 'some');
}

/** An id names one element, whatever its attribute is called. */
function checkIds(all: readonly XmlElement[]): void {
  const seen = new Set<string>();
  for (const { attributes } of all)
    for (const { name, value } of attributes) {
      if (!idNames.has(name)) continue;
      if (seen.has(value)) throw new AssertionRefused('identifier', 'each once', 'one twice');
      seen.add(value);
    }
}

const idNames = new Set(['AssertionID', 'ResponseID', 'ID', 'Id', 'id']);

function isAssertion({ name }: XmlElement): boolean {
  return name === 'Assertion';
}

function isSignature({ name }: XmlElement): boolean {
  return name === 'Signature';
}

function descendants(root: XmlElement): XmlElement[] {
  const found = [root];
  for (const one of found) found.push(...childElements(one));
  return found;
}
