/** The directory over LDAP and the Spine Secure Proxy, as the hub tells of them: object classes from the schema, header fields. */
import { lineOf, objectClasses, type ObjectClass } from '../spine/sds/schema.ts';
import type {
  MessageDocumentation,
  MessageField,
  MessageInteraction,
} from './portal/api-messages.ts';
import { sdsApiId } from './sds-proxies.ts';

/** What people look for in it; all others are there as well. */
const shown: Readonly<Record<string, string>> = {
  nhsAs: 'An accredited system',
  nhsMhs: 'An endpoint of a messaging party',
  nhsOrg: 'An organisation',
  nhsSite: 'A site',
  nhsGPPractice: 'A general practice',
  nhsPerson: 'A person',
  nhsOrgPerson: 'A person in an organisation',
  nhsOrgPersonRole: 'A role of a person in an organisation',
};

const ldap: MessageDocumentation = {
  standards: ['ldap'],
  introduction: `The same entries can be searched over LDAP version 3, below \`ou=services, o=nhs\` (systems, endpoints), \`ou=organisations, o=nhs\` and \`ou=people, o=nhs\`. The start screen names the port. Binding is anonymous; searches by equality, presence and beginnings of indexed attributes are fast, others are refused when they would read too much.

\`\`\`
ldapsearch -x -H ldap://localhost:<port> -b "ou=services, o=nhs" "(&(objectClass=nhsAs)(nhsIDCode=Y12345))" uniqueIdentifier nhsMHSPartyKey
\`\`\``,
  examples: [],
  interactions: objectClasses
    .filter(({ name }) => Object.hasOwn(shown, name))
    .map((one) => classOf(one)),
};

function classOf(one: ObjectClass): MessageInteraction {
  const line = lineOf(one);
  const names = (of: 'must' | 'may') => [...new Set(line.flatMap((each) => each[of]))];
  const must = names('must');
  return {
    id: one.name,
    name: one.name,
    title: shown[one.name] ?? '',
    group: 'Object classes of the directory over LDAP',
    pattern: 'searched over LDAP',
    facts: [{ key: 'Object class', value: one.name }],
    fields: [
      ...must.map((name) => ({ name, required: true, meaning: 'Every entry has it' })),
      ...names('may')
        .filter((name) => !must.includes(name))
        .map((name) => ({ name, required: false, meaning: 'An entry may have it' })),
    ],
    examples: [],
  };
}

function header(name: string, meaning: string): MessageField {
  return { name, required: true, meaning };
}

const secureProxy: MessageDocumentation = {
  standards: [],
  introduction:
    'Put the address of this API, a slash and the whole address of the other system behind each other: `…/spine-secure-proxy/https://provider.example/FHIR/R4/Patient/1`. The proxy checks both systems, the interaction and the address against the directory, then calls, and gives the answer back as it is.',
  examples: [],
  interactions: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => ({
    id: method.toLowerCase(),
    name: `${method} /{address}`,
    title: `${method} at another organisation's system`,
    group: 'Calls',
    pattern: 'answered at once',
    facts: [],
    fields: [
      header('Ssp-TraceID', 'An id of the call, made by you'),
      header('Ssp-From', 'The ASID of the calling system'),
      header('Ssp-To', 'The ASID of the system that is called'),
      header('Ssp-InteractionID', 'The interaction, as the directory has it'),
      header('Authorization', '`Bearer` and the cross-organisation token'),
    ],
    examples: [],
  })),
};

export const directoryMessages: Readonly<Record<string, MessageDocumentation>> = {
  [sdsApiId]: ldap,
  'spine-secure-proxy': secureProxy,
};
