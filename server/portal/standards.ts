/**
 * The register of standards (R175): what each is, where it is published, and which Apis use it, found from what they really
 * are: technology, access, document, messages. Pure. Owns the register and the rules of tagging.
 */
import type { Technology } from '../catalogue/apis.ts';
import type { AccessPattern } from './catalogue-access.ts';

export type StandardGroup = 'general' | 'global health' | 'UK';

export interface Standard {
  readonly id: string;
  readonly name: string;
  readonly group: StandardGroup;
  /** What it settles, in a sentence. */
  readonly about: string;
  readonly url: string;
}

/** What a rule may look at. */
export interface Tagged {
  readonly technology: Technology;
  readonly access: readonly AccessPattern[];
  /** The OpenAPI document as text; empty where there is none. */
  readonly text: string;
  /** What the documentation of its messages names. */
  readonly told: readonly string[];
}

interface Row extends Standard {
  readonly applies?: (api: Tagged) => boolean;
}

/** All of them, by group. */
export function registerOfStandards(): readonly Standard[] {
  return rows.map(({ id, name, group, about, url }) => ({ id, name, group, about, url }));
}

/** The ids of those that an Api uses, in the order of the register. */
export function standardsOf(api: Tagged): readonly string[] {
  return rows
    .filter(({ id, applies }) => api.told.includes(id) || applies?.(api) === true)
    .map(({ id }) => id);
}

const says =
  (...words: readonly string[]) =>
  ({ text }: Tagged) =>
    words.some((word) => text.includes(word));

const takes =
  (...patterns: readonly AccessPattern[]) =>
  ({ access }: Tagged) =>
    patterns.some((one) => access.includes(one));

const isFhir = ({ technology }: Tagged) => technology === 'fhir';
const isStu3 = says('STU3', '"3.0.1"');

const rows: readonly Row[] = [
  {
    id: 'http',
    name: 'HTTP semantics (RFC 9110)',
    group: 'general',
    about: 'Methods, status codes, header fields and conditions of calls.',
    url: 'https://www.rfc-editor.org/rfc/rfc9110',
    applies: () => true,
  },
  {
    id: 'openapi',
    name: 'OpenAPI',
    group: 'general',
    about: 'How an API over HTTP is described as data.',
    url: 'https://spec.openapis.org/oas/latest.html',
    applies: ({ text }) => text !== '',
  },
  {
    id: 'json-patch',
    name: 'JSON Patch (RFC 6902)',
    group: 'general',
    about: 'A list of changes to a JSON document.',
    url: 'https://www.rfc-editor.org/rfc/rfc6902',
    applies: says('application/json-patch+json'),
  },
  {
    id: 'problem-details',
    name: 'Problem details (RFC 9457)',
    group: 'general',
    about: 'Errors of HTTP APIs as JSON.',
    url: 'https://www.rfc-editor.org/rfc/rfc9457',
    applies: says('application/problem+json'),
  },
  {
    id: 'oauth2',
    name: 'OAuth 2.0 (RFC 6749)',
    group: 'general',
    about: 'How an application gets a token, and calls with it.',
    url: 'https://www.rfc-editor.org/rfc/rfc6749',
    applies: takes('app', 'worker', 'patient'),
  },
  {
    id: 'jwt-bearer',
    name: 'Signed JWT for client authentication (RFC 7523)',
    group: 'general',
    about: 'How an application proves itself with a key instead of a password.',
    url: 'https://www.rfc-editor.org/rfc/rfc7523',
    applies: takes('app'),
  },
  {
    id: 'openid-connect',
    name: 'OpenID Connect',
    group: 'general',
    about: 'How a person signs in at one place and is known at another.',
    url: 'https://openid.net/specs/openid-connect-core-1_0.html',
    applies: takes('worker', 'patient'),
  },
  {
    id: 'mutual-tls',
    name: 'Mutual TLS (RFC 8446)',
    group: 'general',
    about: 'Both ends of a connection prove themselves with certificates.',
    url: 'https://www.rfc-editor.org/rfc/rfc8446',
    applies: takes('certificate'),
  },
  {
    id: 'soap',
    name: 'SOAP 1.1',
    group: 'general',
    about: 'Envelopes in XML with a header and a body.',
    url: 'https://www.w3.org/TR/2000/NOTE-SOAP-20000508/',
    applies: ({ technology }) => technology === 'soap',
  },
  {
    id: 'ebxml',
    name: 'ebXML Message Service 2.0',
    group: 'general',
    about: 'Messages that arrive once, with receipts and repeats.',
    url: 'https://www.oasis-open.org/committees/ebxml-msg/documents/ebMS_v2_0.pdf',
  },
  {
    id: 'ldap',
    name: 'LDAP version 3 (RFC 4511)',
    group: 'general',
    about: 'How a directory is searched.',
    url: 'https://www.rfc-editor.org/rfc/rfc4511',
  },
  {
    id: 'saml',
    name: 'SAML',
    group: 'general',
    about: 'Signed statements in XML about who somebody is.',
    url: 'https://www.oasis-open.org/standard/saml/',
  },
  {
    id: 'fhir-r4',
    name: 'HL7 FHIR R4',
    group: 'global health',
    about: 'Health records as resources over REST, release 4.0.1.',
    url: 'https://hl7.org/fhir/R4/',
    applies: (api) => isFhir(api) && !isStu3(api),
  },
  {
    id: 'fhir-stu3',
    name: 'HL7 FHIR STU3',
    group: 'global health',
    about: 'Health records as resources over REST, release 3.0.1.',
    url: 'https://hl7.org/fhir/STU3/',
    applies: (api) => isFhir(api) && isStu3(api),
  },
  {
    id: 'hl7-v3',
    name: 'HL7 Version 3',
    group: 'global health',
    about: 'Health messages in XML from one reference model.',
    url: 'https://www.hl7.org/implement/standards/product_brief.cfm?product_id=186',
  },
  {
    id: 'snomed-ct',
    name: 'SNOMED CT',
    group: 'global health',
    about: 'A vocabulary of clinical terms.',
    url: 'https://www.snomed.org/',
    applies: says('http://snomed.info/sct'),
  },
  {
    id: 'nhs-number',
    name: 'NHS number',
    group: 'UK',
    about: 'Ten digits that name a patient in England, Wales and the Isle of Man.',
    url: 'https://www.datadictionary.nhs.uk/attributes/nhs_number.html',
    applies: says('https://fhir.nhs.uk/Id/nhs-number', 'NHS number'),
  },
  {
    id: 'ods-code',
    name: 'ODS code',
    group: 'UK',
    about: 'The code of an organisation or site in health and care.',
    url: 'https://digital.nhs.uk/services/organisation-data-service',
    applies: says('ods-organization-code', 'ods-site-code', 'ODS code'),
  },
  {
    id: 'uk-core',
    name: 'UK Core and national FHIR profiles',
    group: 'UK',
    about: 'How FHIR resources are filled in the United Kingdom.',
    url: 'https://simplifier.net/hl7fhirukcorer4',
    applies: says('fhir.hl7.org.uk/', 'fhir.nhs.uk/StructureDefinition/'),
  },
  {
    id: 'cis2',
    name: 'NHS CIS2',
    group: 'UK',
    about: 'Signs healthcare workers in.',
    url: 'https://digital.nhs.uk/services/care-identity-service',
    applies: takes('worker'),
  },
  {
    id: 'nhs-login',
    name: 'NHS login',
    group: 'UK',
    about: 'Signs patients in.',
    url: 'https://digital.nhs.uk/services/nhs-login',
    applies: takes('patient'),
  },
  {
    id: 'spine',
    name: 'Spine external interface',
    group: 'UK',
    about: 'How systems exchange messages with the national services.',
    url: 'https://digital.nhs.uk/services/spine',
  },
  {
    id: 'itk',
    name: 'Interoperability Toolkit',
    group: 'UK',
    about: 'Envelopes for messages between health systems.',
    url: 'https://digital.nhs.uk/services/interoperability-toolkit',
  },
  {
    id: 'mesh',
    name: 'MESH',
    group: 'UK',
    about: 'Mailboxes in which organisations leave each other messages.',
    url: 'https://digital.nhs.uk/services/message-exchange-for-social-care-and-health-mesh',
  },
];
