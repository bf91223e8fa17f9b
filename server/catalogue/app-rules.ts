/**
 * What the fields of an App and of a registration must be. Owns the rules of values; addresses have their own file, and
 * who may set which field is the role table's.
 */
import { Problem } from '../../core/problem.ts';
import { checkLaunchUrl, checkOrigin, checkRedirectUri, mostAddresses } from './addresses.ts';
import type { AppKind, ProviderClient, Registration } from './apps.ts';

export const appKinds = [
  'point-of-care',
  'patient-facing',
  'unattended',
] as const satisfies readonly AppKind[];

export const smartAuthentications = [
  'none',
  'client_secret_basic',
  'private_key_jwt',
] as const satisfies readonly Registration['smartAuthentication'][];

/** How a client certificate counts; `none`: not at all. */
export const tlsClientAuths = ['none', 'alone', 'beside'] as const;

/** Settings by agreement, with what they may be. */
export const attributeRules: Readonly<Record<string, RegExp>> = {
  /** The App alone may update, as a worker may. */
  'pds.app-restricted.update': /^(true|false)$/,
  /** Extras in answers, separated by commas or blanks: `return-empty-address-lines`, … */
  'pds.custom-attributes': /^[a-z][a-z, -]{0,300}$/,
  /** May read Coverage without a patient signed in. */
  'pds.coverage': /^(true|false)$/,
  /** May update restricted records. */
  'pds.restricted-update': /^(true|false)$/,
  /** Which events it may publish: `events:create:<type>`, several with commas. */
  'mns.permissions': /^events:create:[a-z0-9-]{1,100}(, ?events:create:[a-z0-9-]{1,100}){0,30}$/,
  /** A resource server that may ask about the tokens of all apps. */
  'smart.introspect': /^all$/,
};

/** The fields of an App that whoever may change it may set. */
export interface AppFields {
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  readonly kinds: readonly AppKind[];
  readonly contact: string;
}

/** The fields of a registration that whoever may change the App may set. */
export interface RegistrationFields {
  readonly redirectUris: readonly string[];
  readonly origins: readonly string[];
  readonly launchUrl: string;
  readonly smartAuthentication: Registration['smartAuthentication'];
  readonly providerClients: readonly ProviderClient[];
  /** `none` takes it away. */
  readonly tlsClientAuth: (typeof tlsClientAuths)[number];
  /** An empty text takes it away. */
  readonly tlsClientAuthSanDns: string;
  readonly tlsClientCertificateBoundAccessTokens: boolean;
}

/** The fields of a registration that are given by agreement. */
export interface AgreedFields {
  readonly asid: string;
  readonly partyKey: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly switches: { readonly shorterLifetimes: boolean };
}

/** @throws Problem `invalid` with the field and its rule. */
export function checkApp(fields: Partial<AppFields>): void {
  const { name, description, owner, kinds, contact } = fields;
  if (name !== undefined) checkLength('name', name, 1, 200);
  if (description !== undefined) checkLength('description', description, 0, 4000);
  if (contact !== undefined) checkLength('contact', contact, 3, 254);
  if (owner !== undefined) checkOrganisation(owner);
  if (kinds === undefined) return;
  if (kinds.length === 0 || new Set(kinds).size !== kinds.length)
    throw new Problem('invalid', `kinds holds one or more of ${appKinds.join(', ')}, each once`);
}

/** An ODS code: 3 to 12 capital letters and digits. @throws Problem `invalid` */
export function checkOrganisation(code: string): void {
  if (!/^[A-Z0-9]{3,12}$/.test(code))
    throw new Problem(
      'invalid',
      'An organisation is an ODS code: 3 to 12 capital letters and digits',
    );
}

/** @throws Problem `invalid` with the field and its rule. */
export function checkRegistration(fields: Partial<RegistrationFields>): void {
  const { redirectUris, origins, launchUrl, providerClients, tlsClientAuthSanDns } = fields;
  if (tlsClientAuthSanDns !== undefined && !dnsName.test(tlsClientAuthSanDns))
    throw new Problem('invalid', 'tlsClientAuthSanDns is a host name in lower case');
  if (redirectUris) checkList('redirectUris', redirectUris, checkRedirectUri);
  if (origins) checkList('origins', origins, checkOrigin);
  if (launchUrl !== undefined && launchUrl !== '') checkLaunchUrl(launchUrl);
  if (providerClients)
    checkList(
      'providerClients',
      providerClients.map(({ provider, clientId }) => `${provider} ${clientId}`),
      (text) => {
        if (!/^[a-z0-9-]+ [\x21-\x7e]{1,200}$/.test(text))
          throw new Problem(
            'invalid',
            'A clientId at a provider is 1 to 200 visible ASCII characters',
          );
      },
    );
}

/** Empty, or a host name whole. */
const dnsName = /^(?:[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){0,252})?$/;

/** An empty `asid` or `partyKey` takes it away. @throws Problem `invalid` with the field and its rule. */
export function checkAgreed({ asid, partyKey, attributes }: Partial<AgreedFields>): void {
  if (asid !== undefined && !/^(\d{12})?$/.test(asid))
    throw new Problem('invalid', 'An ASID has 12 digits');
  if (partyKey !== undefined && !/^([A-Z0-9]{3,12}-\d{6,7})?$/.test(partyKey))
    throw new Problem('invalid', 'A party key is an ODS code, a hyphen and 6 or 7 digits');
  for (const [name, value] of Object.entries(attributes ?? {})) {
    const rule = Object.hasOwn(attributeRules, name) ? attributeRules[name] : undefined;
    if (!rule)
      throw new Problem('invalid', `attributes may hold ${Object.keys(attributeRules).join(', ')}`);
    if (!rule.test(value)) throw new Problem('invalid', `The attribute ${name} has no such value`);
  }
}

/** @throws Problem `invalid` for a text that is too short or too long. */
export function checkLength(field: string, text: string, least: number, most: number): void {
  if (text.length < least || text.length > most || text.includes('\0'))
    throw new Problem('invalid', `${field} has ${least} to ${most} characters and no NUL`);
}

function checkList(field: string, items: readonly string[], check: (item: string) => void): void {
  if (items.length > mostAddresses)
    throw new Problem('invalid', `${field} holds at most ${mostAddresses}`);
  if (new Set(items).size !== items.length)
    throw new Problem('invalid', `${field} holds each only once`);
  items.forEach(check);
}
