/** The security broker's answer: a SAML response with one role assertion. Owns which fact stands where; signing is another's. */
import { xmlAttribute, xmlElement, type XmlElement, type XmlNode } from '../../core/xml.ts';
import {
  attributeUri,
  authenticationMethod,
  confirmationMethod,
  samlpUri,
  samlUri,
  validAfter,
  validBefore,
  type AssertedRole,
} from './role-assertion.ts';

export interface AssertionOrder {
  /** Both are NCNames, and differ. */
  readonly id: string;
  readonly innerId: string;
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly authenticated: number;
  readonly audience?: string;
  readonly ticket: string;
  /** Of the workstation. */
  readonly address: string;
  readonly userId: string;
  /** Family name first. */
  readonly name: string;
  readonly mode: '0' | '1';
  readonly roles: readonly AssertedRole[];
  readonly selected: string;
}

/** The whole response. */
export function roleAssertionResponse(order: AssertionOrder): XmlElement {
  const status = samlp('StatusCode', { Value: 'samlp:Success' });
  const { now, address, id } = order;
  return samlp(
    'Response',
    {
      ResponseID: `r${id}`,
      ...{ MajorVersion: '1', MinorVersion: '1', IssueInstant: instant(now) },
      Recipient: recipient(address),
    },
    [samlp('Status', {}, [status]), assertionOf(order)],
  );
}

/** The schema wants a URI reference, which an IPv4 address is and an IPv6 address is not. */
function recipient(address: string): string {
  const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '');
  return plain.includes(':') ? `//[${plain}]` : plain;
}

function assertionOf(order: AssertionOrder): XmlElement {
  const inner = saml('Assertion', headOf(order, order.innerId), [
    conditions(order),
    saml(
      'AuthenticationStatement',
      {
        AuthenticationInstant: instant(order.authenticated),
        AuthenticationMethod: authenticationMethod,
      },
      [subject(order, [order.ticket]), saml('SubjectLocality', { IPAddress: order.address })],
    ),
  ]);
  return saml('Assertion', headOf(order, order.id), [
    conditions(order),
    saml('AttributeStatement', {}, [subject(order, [inner]), ...attributesOf(order)]),
  ]);
}

function headOf({ issuer, now }: AssertionOrder, id: string): Readonly<Record<string, string>> {
  return {
    ...{ MajorVersion: '1', MinorVersion: '1', AssertionID: id },
    ...{ Issuer: issuer, IssueInstant: instant(now) },
  };
}

function conditions({ now, audience }: AssertionOrder): XmlElement {
  const restriction =
    audience === undefined
      ? []
      : [saml('AudienceRestrictionCondition', {}, [saml('Audience', {}, [audience])])];
  return saml(
    'Conditions',
    { NotBefore: instant(now - validBefore), NotOnOrAfter: instant(now + validAfter) },
    restriction,
  );
}

function subject({ userId }: AssertionOrder, data: readonly XmlNode[]): XmlElement {
  return saml('Subject', {}, [
    saml('NameIdentifier', { NameQualifier: 'o=nhs' }, [`uid=${userId},ou=People,o=nhs`]),
    saml('SubjectConfirmation', {}, [
      saml('ConfirmationMethod', {}, [confirmationMethod]),
      saml('SubjectConfirmationData', {}, data),
    ]),
  ]);
}

function attributesOf({ name, userId, selected, mode, roles }: AssertionOrder): XmlElement[] {
  return [
    ...attribute('ssbAssertionVersion', ['1.1']),
    ...attribute('cn', [name]),
    ...attribute('uid', [userId]),
    ...attribute('ssbSessionRoleUid', [selected]),
    ...attribute('ssbMode', [mode]),
    ...roles.flatMap(blockOf),
  ];
}

/** A block has no element of its own: it begins where `nhsIdCode` stands. */
function blockOf(role: AssertedRole): XmlElement[] {
  return [
    ...attribute('nhsIdCode', [role.odsCode]),
    ...attribute('o', [role.organisation]),
    ...attribute('nhsAreaOfWorkCodes', role.areas),
    ...attribute('nhsWorkGroupsCodes', role.workgroups),
    ...attribute('nhsBusinessFunctionsCodes', role.activities),
    ...attribute('nhsJobRole', [role.jobRole]),
    ...attribute('uniqueIdentifier', [role.id]),
    ...attribute('nhsJobRoleCode', [role.jobRoleCode]),
  ];
}

function attribute(name: string, values: readonly string[]): XmlElement[] {
  if (values.length === 0) return [];
  return [
    saml(
      'Attribute',
      { AttributeName: name, AttributeNamespace: attributeUri },
      values.map((value) => saml('AttributeValue', {}, [value])),
    ),
  ];
}

/** `2026-01-31T12:00:00Z` */
function instant(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

function saml(
  name: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly XmlNode[] = [],
): XmlElement {
  return element(name, 'saml', samlUri, attributes, children);
}

function samlp(
  name: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly XmlNode[] = [],
): XmlElement {
  return element(name, 'samlp', samlpUri, attributes, children);
}

function element(
  name: string,
  prefix: string,
  uri: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly XmlNode[],
): XmlElement {
  const list = Object.entries(attributes).map(([key, value]) => xmlAttribute(key, value));
  return xmlElement(name, children, { prefix, uri, attributes: list });
}
