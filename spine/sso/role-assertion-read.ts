/**
 * Reads and judges role assertions: from bytes to who is signed in, in which role. Owns the order of the rules, and those of
 * status, times, audience and subject; the first that fails is the refusal. Nothing is read but what was signed.
 */
import { createHash, timingSafeEqual, type KeyObject } from 'node:crypto';
import {
  attributeOf,
  childElements,
  childNamed,
  parseXml,
  textOf,
  XmlFault,
  type XmlElement,
} from '../../core/xml.ts';
import {
  authenticationMethod,
  confirmationMethod,
  samlpUri,
  samlUri,
  type RoleAssertion,
} from './role-assertion.ts';
import { readAttributes } from './role-assertion-attributes.ts';
import { AssertionRefused, shown } from './role-assertion-refused.ts';
import { samlLimits, signedAssertion } from './saml-signature.ts';
import { confirmationOf } from './saml-signature-shape.ts';

/** What the reader knows of what it asked for. */
export interface AssertionExpectations {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The broker's public key (RSA) and the name it gives itself. */
  readonly key: KeyObject;
  readonly issuer: string;
  /** For whom it must be (audienceOf); absent: for anybody. */
  readonly audience?: string;
  /** The ticket that was asked about; absent: any. */
  readonly ticket?: string;
}

/** @throws AssertionRefused */
export function readRoleAssertion(
  source: Buffer | string,
  expected: AssertionExpectations,
): RoleAssertion {
  const response = parsed(source);
  checkResponse(response);
  const assertion = signedAssertion(response, expected.key);
  const head = readHead(assertion, expected);
  const times = readConditions(assertion, expected);
  const statement = onlyChild(assertion, 'AttributeStatement');
  const facts = readAttributes(statement);
  checkSubject(statement, facts.userId, 'subject');
  const authenticated = readAuthentication(assertion, facts.userId, expected);
  return { ...head, ...times, authenticated, ...facts };
}

/** Seconds by which two clocks may differ, and how long an assertion may count; milliseconds. */
const skew = 10_000;
const widest = 10 * 60_000;

function parsed(source: Buffer | string): XmlElement {
  try {
    return parseXml(source, samlLimits);
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error;
    throw new AssertionRefused(
      'xml',
      'XML without DOCTYPE, within limits',
      `a fault of ${error.kind}`,
    );
  }
}

function checkResponse(response: XmlElement): void {
  if (response.name !== 'Response' || response.uri !== samlpUri)
    throw new AssertionRefused('response', 'samlp:Response', 'another element');
  const status = childNamed(response, 'Status', samlpUri);
  const code = status && childNamed(status, 'StatusCode', samlpUri);
  const value = code && attributeOf(code, 'Value');
  if (value?.replace(/^[A-Za-z0-9]{1,20}:/, '') !== 'Success')
    throw new AssertionRefused('status', 'Success', shown(value));
}

function readHead(
  assertion: XmlElement,
  { issuer }: AssertionExpectations,
): Pick<RoleAssertion, 'id' | 'issuer' | 'issued'> {
  const version = `${attributeOf(assertion, 'MajorVersion') ?? ''}.${attributeOf(assertion, 'MinorVersion') ?? ''}`;
  if (assertion.name !== 'Assertion' || assertion.uri !== samlUri || version !== '1.1')
    throw new AssertionRefused('version', 'a SAML assertion of version 1.1', 'another');
  if (attributeOf(assertion, 'Issuer') !== issuer)
    throw new AssertionRefused('issuer', 'the broker that was asked', 'another');
  const issued = timeOf(assertion, 'IssueInstant');
  return { id: attributeOf(assertion, 'AssertionID') ?? '', issuer, issued };
}

/** @throws AssertionRefused `conditions`, `audience` */
function readConditions(
  assertion: XmlElement,
  { now, audience }: AssertionExpectations,
): Pick<RoleAssertion, 'audience'> {
  const conditions = onlyChild(assertion, 'Conditions');
  const from = timeOf(conditions, 'NotBefore');
  const until = timeOf(conditions, 'NotOnOrAfter');
  if (until <= from || until - from > widest)
    throw new AssertionRefused('conditions', 'a time of at most 10 minutes', 'another');
  if (now < from - skew)
    throw new AssertionRefused('conditions', 'a time that has come', 'a later');
  if (now >= until + skew)
    throw new AssertionRefused('conditions', 'a time not over', 'an earlier');
  const audiences = childElements(conditions).flatMap(audiencesOf);
  if (audience === undefined) return {};
  if (audiences.length !== 1 || audiences[0] !== audience)
    throw new AssertionRefused('audience', 'the system that asked', audienceFound(audiences));
  return { audience };
}

function audienceFound(all: readonly string[]): string {
  if (all.length === 0) return 'none';
  return all.length === 1 ? 'another' : 'several';
}

/** A condition that is not understood cannot be taken for met (SAML 1.1 core 2.3.2.1). */
function audiencesOf(condition: XmlElement): string[] {
  if (condition.name !== 'AudienceRestrictionCondition' || condition.uri !== samlUri)
    throw new AssertionRefused('conditions', 'only an audience', 'another condition');
  return childElements(condition).map(textOf);
}

function checkSubject(statement: XmlElement, userId: string, rule: string): XmlElement {
  const subject = onlyChild(statement, 'Subject');
  const name = onlyChild(subject, 'NameIdentifier');
  if (
    attributeOf(name, 'NameQualifier') !== 'o=nhs' ||
    textOf(name) !== `uid=${userId},ou=People,o=nhs`
  )
    throw new AssertionRefused(rule, 'the user that uid names', 'another');
  const confirmation = onlyChild(subject, 'SubjectConfirmation');
  if (textOf(onlyChild(confirmation, 'ConfirmationMethod')) !== confirmationMethod)
    throw new AssertionRefused(rule, confirmationMethod, 'another method');
  return onlyChild(confirmation, 'SubjectConfirmationData');
}

/** The same user, by smartcard, for the ticket asked about. */
function readAuthentication(
  assertion: XmlElement,
  userId: string,
  { now, ticket }: AssertionExpectations,
): number {
  const inner = confirmationOf(assertion);
  if (!inner) throw new AssertionRefused('authentication', 'an assertion of it', 'none');
  const statement = onlyChild(inner, 'AuthenticationStatement');
  const data = checkSubject(statement, userId, 'authentication');
  const method = attributeOf(statement, 'AuthenticationMethod');
  if (method !== authenticationMethod)
    throw new AssertionRefused('authentication', authenticationMethod, shown(method));
  if (ticket !== undefined && !sameText(textOf(data), ticket))
    throw new AssertionRefused('ticket', 'the one that was asked about', 'another');
  const at = timeOf(statement, 'AuthenticationInstant');
  if (at > now + skew)
    throw new AssertionRefused('authentication', 'a time that has come', 'a later');
  return at;
}

function onlyChild(of: XmlElement, name: string): XmlElement {
  const [found, ...others] = childElements(of).filter(
    (one) => one.name === name && one.uri === samlUri,
  );
  if (found && others.length === 0) return found;
  throw new AssertionRefused('structure', `one ${name} in ${of.name}`, found ? 'several' : 'none');
}

function timeOf(of: XmlElement, name: string): number {
  const text = attributeOf(of, name) ?? '';
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw new AssertionRefused(name, 'a time in UTC', 'another form');
  return time;
}

function sameText(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
