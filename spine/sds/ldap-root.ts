/**
 * The two entries the server has of itself: the root DSE (RFC 4512 5.1) and the subschema entry (RFC 4512 4.2), which
 * describes the schema to clients that look before they ask. Owns no tree.
 */
import type { Entry } from './directory.ts';
import { supportedControls } from './ldap-controls.ts';
import { attributeTypes, objectClasses, type AttributeType, type ObjectClass } from './schema.ts';

/** The name of the entry that describes the schema. */
export const subschemaDn = 'cn=Subschema';

/** The root of the one tree there is. */
export const namingContext = 'o=nhs';

export const whoAmI = '1.3.6.1.4.1.4203.1.11.3';
export const startTls = '1.3.6.1.4.1.1466.20037';

/** What clients read first. @param mechanisms of SASL that a bind may use on this connection. */
export function rootDse(vendorVersion: string, mechanisms: readonly string[]): Entry {
  return {
    dn: '',
    attributes: {
      objectClass: ['top'],
      namingContexts: [namingContext],
      subschemaSubentry: [subschemaDn],
      supportedControl: supportedControls,
      supportedExtension: [whoAmI],
      // All operational attributes by `+` (RFC 3673), absolute true and false filters (RFC 4526).
      supportedFeatures: ['1.3.6.1.4.1.4203.1.5.1', '1.3.6.1.4.1.4203.1.5.3'],
      supportedLDAPVersion: ['3'],
      ...(mechanisms.length === 0 ? {} : { supportedSASLMechanisms: mechanisms }),
      vendorName: ['Gatehouse'],
      vendorVersion: [vendorVersion],
    },
  };
}

const text = 'SYNTAX 1.3.6.1.4.1.1466.115.121.1.15';
const rules = {
  exact: `EQUALITY caseExactMatch SUBSTR caseExactSubstringsMatch ${text}`,
  ignore: `EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch ${text}`,
  none: text,
} as const;

/** The schema, one definition a value (RFC 4512 4.1). */
export const subschema: Entry = {
  dn: subschemaDn,
  attributes: {
    objectClass: ['top', 'subentry', 'subschema', 'extensibleObject'],
    cn: ['Subschema'],
    attributeTypes: [...attributeTypes.map(describeType), ...ofTheServer()],
    objectClasses: objectClasses.map(describeClass),
    ldapSyntaxes: [
      "( 1.3.6.1.4.1.1466.115.121.1.12 DESC 'DN' )",
      "( 1.3.6.1.4.1.1466.115.121.1.15 DESC 'Directory String' )",
      "( 1.3.6.1.4.1.1466.115.121.1.38 DESC 'OID' )",
      "( 1.3.6.1.4.1.1466.115.121.1.58 DESC 'Substring Assertion' )",
    ],
    matchingRules: [
      "( 2.5.13.0 NAME 'objectIdentifierMatch' SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )",
      "( 2.5.13.2 NAME 'caseIgnoreMatch' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
      "( 2.5.13.4 NAME 'caseIgnoreSubstringsMatch' SYNTAX 1.3.6.1.4.1.1466.115.121.1.58 )",
      "( 2.5.13.5 NAME 'caseExactMatch' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
      "( 2.5.13.7 NAME 'caseExactSubstringsMatch' SYNTAX 1.3.6.1.4.1.1466.115.121.1.58 )",
    ],
  },
};

function describeType({ oid, name, aliases, rule, single, operational }: AttributeType): string {
  const syntax =
    name === 'objectClass'
      ? 'EQUALITY objectIdentifierMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.38'
      : rules[rule];
  const usage = operational ? ' NO-USER-MODIFICATION USAGE directoryOperation' : '';
  const one = single ? ' SINGLE-VALUE' : '';
  return `( ${oid} NAME ${quoted([name, ...aliases])} ${syntax}${one}${usage} )`;
}

function describeClass({ oid, name, superior, kind, must, may }: ObjectClass): string {
  return [
    `( ${oid} NAME '${name}'`,
    ...(superior === undefined ? [] : [`SUP ${superior}`]),
    kind.toUpperCase(),
    ...(must.length === 0 ? [] : [`MUST ${listed(must)}`]),
    ...(may.length === 0 ? [] : [`MAY ${listed(may)}`]),
    ')',
  ].join(' ');
}

function quoted(names: readonly string[]): string {
  const all = names.map((name) => `'${name}'`);
  return all.length === 1 ? (all[0] ?? '') : `( ${all.join(' ')} )`;
}

function listed(names: readonly string[]): string {
  return names.length === 1 ? (names[0] ?? '') : `( ${names.join(' $ ')} )`;
}

/** The attributes of these two entries (RFC 4512 4.2, 5.1; RFC 3045). */
function ofTheServer(): string[] {
  const numbers: Readonly<Record<string, string>> = {
    namingContexts: '1.3.6.1.4.1.1466.101.120.5',
    altServer: '1.3.6.1.4.1.1466.101.120.6',
    supportedExtension: '1.3.6.1.4.1.1466.101.120.7',
    supportedControl: '1.3.6.1.4.1.1466.101.120.13',
    supportedSASLMechanisms: '1.3.6.1.4.1.1466.101.120.14',
    supportedLDAPVersion: '1.3.6.1.4.1.1466.101.120.15',
    supportedFeatures: '1.3.6.1.4.1.4203.1.3.5',
    vendorName: '1.3.6.1.1.4',
    vendorVersion: '1.3.6.1.1.5',
    matchingRules: '2.5.21.4',
    attributeTypes: '2.5.21.5',
    objectClasses: '2.5.21.6',
    ldapSyntaxes: '1.3.6.1.4.1.1466.101.120.16',
  };
  return Object.entries(numbers).map(
    ([name, oid]) => `( ${oid} NAME '${name}' ${text} USAGE dSAOperation )`,
  );
}
