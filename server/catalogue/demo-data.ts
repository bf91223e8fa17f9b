/**
 * The default catalogue of a laptop installation as data: Products of the Personal Demographics Service, and Apps that
 * each show one thing that can be wrong with an App. Owns what they are; demo.ts puts them into a store.
 */
import type { AppKind, Registration } from './apps.ts';
import type { Product, Subscription } from './products.ts';

/** One App of the demonstration. What is not said is as for `demo`. */
export interface DemoApp {
  readonly id: string;
  /** Its client ids are this, a hyphen and the environment's public name: `demo-app-sandbox`. */
  readonly client: string;
  readonly description: string;
  readonly products: readonly string[];
  readonly subscription?: Subscription['state'];
  readonly state?: Registration['state'];
  /** Absent: key `demo-1`. */
  readonly keys?: 'none' | 'two' | 'unanswered';
  readonly smart?: Registration['smartAuthentication'];
  /** The last four digits of its ASID; absent: it has none. */
  readonly asid?: string;
  readonly kinds?: readonly AppKind[];
}

const restricted = 'pds-application-restricted';

const everyday = [
  restricted,
  'pds-user-restricted',
  'pds-patient-access',
  'pds-smart',
  'hello-world',
  'spine-directory',
];

export const demoApps: readonly DemoApp[] = [
  {
    id: 'demo',
    client: 'demo-app',
    description: 'Everything is right with it: try all access modes with this one.',
    products: everyday,
    asid: '1115',
  },
  {
    id: 'demo-smart-public',
    client: 'demo-smart-public',
    description: 'A SMART app without a credential, as one in a browser: PKCE alone.',
    products: ['pds-smart'],
    keys: 'none',
    smart: 'none',
    asid: '1116',
    kinds: ['point-of-care', 'patient-facing'],
  },
  {
    id: 'demo-smart-confidential',
    client: 'demo-smart-confidential',
    description: 'A SMART app with a secret, sent in the Authorization field.',
    products: ['pds-smart'],
    smart: 'client_secret_basic',
    asid: '1117',
  },
  {
    id: 'demo-privileged',
    client: 'demo-privileged',
    description: 'Also sees what is hidden from others, on its own.',
    products: ['pds-privileged'],
    asid: '1118',
    kinds: ['unattended'],
  },
  {
    id: 'demo-revoked',
    client: 'demo-revoked',
    description: 'Was revoked: every call and token request is refused.',
    products: everyday,
    state: 'revoked',
    asid: '1119',
  },
  {
    id: 'demo-no-key',
    client: 'demo-no-key',
    description: 'Has registered no public key.',
    products: everyday,
    keys: 'none',
    asid: '1120',
  },
  {
    id: 'demo-bad-key-set',
    client: 'demo-bad-key-set',
    description: 'Its key set is at an address where nobody answers.',
    products: everyday,
    keys: 'unanswered',
    asid: '1121',
  },
  {
    id: 'demo-two-keys',
    client: 'demo-two-keys',
    description: 'In the middle of replacing its key: demo-1 and demo-2 both work.',
    products: everyday,
    keys: 'two',
    asid: '1122',
  },
  {
    id: 'demo-no-asid',
    client: 'demo-no-asid',
    description: 'Has no ASID, so services behind the gateway that ask for one refuse it.',
    products: everyday,
  },
  {
    id: 'demo-unapproved',
    client: 'demo-unapproved',
    description: 'Has asked for a product and waits for a decision: no scope is left for it.',
    products: [restricted],
    subscription: 'requested',
    asid: '1123',
  },
];

const pds = 'personal-demographics-service';
const api = ['personal-demographics'];

export const demoProducts: readonly Product[] = [
  {
    id: 'hello-world',
    name: 'Hello World',
    description: 'All of Hello World, for an app on its own and for people who signed in.',
    apis: ['hello-world'],
    scopes: [
      'urn:nhsd:apim:app:level3:hello-world',
      ...['aal2', 'aal3'].map((level) => `urn:nhsd:apim:user-nhs-cis2:${level}:hello-world`),
      ...['P0', 'P5', 'P9'].map((level) => `urn:nhsd:apim:user-nhs-login:${level}:hello-world`),
    ],
    approval: 'automatic',
  },
  {
    id: 'spine-directory',
    name: 'Spine Directory Service',
    description: 'Find accredited systems and endpoints, for an app on its own.',
    apis: ['spine-directory'],
    scopes: ['urn:nhsd:apim:app:level3:spine-directory'],
    approval: 'automatic',
  },
  {
    id: 'fhir-messaging',
    name: 'FHIR messaging',
    description: 'Send FHIR messages to systems and mailboxes, for an app on its own.',
    apis: ['fhir-messaging'],
    scopes: ['urn:nhsd:apim:app:level3:fhir-messaging'],
    approval: 'automatic',
  },
  {
    id: 'multicast-notification-service',
    name: 'Multicast Notification Service',
    description: 'Publish events and subscribe to them, for an app on its own.',
    apis: ['multicast-notification-service'],
    scopes: ['urn:nhsd:apim:app:level3:multicast-notification-service'],
    approval: 'automatic',
  },
  {
    id: restricted,
    name: 'PDS, application-restricted',
    description: 'Read and trace patients without a person signed in; a search finds one at most.',
    apis: api,
    scopes: [`urn:nhsd:apim:app:level3:${pds}`],
    approval: 'automatic',
  },
  {
    id: 'pds-privileged',
    name: 'PDS, privileged',
    description: 'Application-restricted access that also sees restricted records whole.',
    apis: api,
    scopes: [`urn:nhsd:apim:app:level3:privileged-${pds}`],
    approval: 'manual',
  },
  {
    id: 'pds-user-restricted',
    name: 'PDS, healthcare worker',
    description:
      'Read, trace and update patients for a worker signed in with NHS CIS2 at AAL2 or AAL3.',
    apis: api,
    // The levels are matched exactly, so each that is allowed is listed; AAL1 is not.
    scopes: [`urn:nhsd:apim:user-nhs-cis2:aal3:${pds}`, `urn:nhsd:apim:user-nhs-cis2:aal2:${pds}`],
    approval: 'manual',
  },
  {
    id: 'pds-patient-access',
    name: 'PDS, patient access',
    description:
      'A patient signed in with NHS login sees and updates their own record. NHS login must have proved who they are (P9).',
    apis: api,
    scopes: ['P9', 'P5', 'P0'].map((level) => `urn:nhsd:apim:user-nhs-login:${level}:${pds}`),
    approval: 'manual',
  },
  {
    id: 'pds-smart',
    name: 'PDS, SMART App Launch',
    description: 'The same data for SMART apps and backend services.',
    apis: api,
    scopes: [
      ...['launch', 'launch/patient', 'openid', 'fhirUser', 'profile', 'offline_access'],
      ...['patient/Patient.rs', 'patient/Patient.u', 'patient/RelatedPerson.rs'],
      ...['patient/Coverage.crs', 'user/Patient.crus', 'user/RelatedPerson.rs'],
      ...['system/Patient.rs', 'system/RelatedPerson.rs'],
    ],
    approval: 'manual',
  },
];
