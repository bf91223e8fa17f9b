/**
 * Identity providers as entries: who vouches for people, how we are known there, and how its claims are called. A real
 * CIS2 or NHS login, a simulated one and any other OpenID provider differ in their entry only.
 */
import { checker } from '../../core/schema.ts';
import type { UserRole } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { environments, type Environment } from '../catalogue/environments.ts';

export type ProviderKind = 'nhs-cis2' | 'nhs-login';

export interface IdentityProvider {
  /** Its name in messages and settings; unique. */
  readonly name: string;
  /** What it stands for: healthcare workers or patients. */
  readonly kind: ProviderKind;
  /** The word for it in logs and to back ends. */
  readonly label: string;
  readonly issuer: string;
  readonly environments: readonly Environment[];
  /** Which faces it serves. */
  readonly faces: readonly NhsFace[];
  readonly clientId: string;
  readonly authentication: ProviderAuthentication;
  /** Asked for at sign-in. */
  readonly scope: string;
  /** The level asked for when the app names none; empty leaves it to the person. */
  readonly acr: string;
  readonly claims: ClaimNames;
  /** Of each group one must be there, so that no other kind of token passes for an id_token. */
  readonly marks: readonly (readonly string[])[];
  /**
   * The roles of a worker where a directory tells them beside the provider; for id_tokens that are exchanged, which tell
   * none. Undefined for somebody who is not known.
   */
  readonly rolesOf?: (subject: string) => readonly UserRole[] | undefined;
  /** Roles, levels and people of a simulation: never accepted by production. */
  readonly simulated: boolean;
}

export type NhsFace = '/oauth2' | '/oauth2-mock';

export type ProviderAuthentication =
  | { readonly method: 'client_secret_post' | 'client_secret_basic'; readonly secret: string }
  | {
      readonly method: 'private_key_jwt';
      /** PKCS#8 PEM. */
      readonly key: string;
      readonly kid: string;
      readonly alg: 'RS256' | 'RS384' | 'RS512';
    };

/** Where to find what in id_token and userinfo. */
export interface ClaimNames {
  /** CIS2: the authentication assurance level (`3`); NHS login: the identity proofing level (`P9`). */
  readonly level: string;
  readonly nhsNumber: string;
  readonly vot: string;
  readonly roles: string;
  readonly selectedRole: string;
  readonly sid: string;
}

const claimNames: Readonly<Record<ProviderKind, ClaimNames>> = {
  'nhs-cis2': {
    level: 'authentication_assurance_level',
    nhsNumber: 'nhs_number',
    vot: 'vot',
    roles: 'nhsid_nrbac_roles',
    selectedRole: 'selected_roleid',
    sid: 'sid',
  },
  'nhs-login': {
    level: 'identity_proofing_level',
    nhsNumber: 'nhs_number',
    vot: 'vot',
    roles: 'nhsid_nrbac_roles',
    selectedRole: 'selected_roleid',
    sid: 'sid',
  },
};

const standard = {
  'nhs-cis2': {
    scope: 'openid nationalrbacaccess',
    acr: 'AAL3_ANY',
    marks: [
      ['tokenName', 'tokenType'],
      ['auditTrackingId', 'nonce'],
    ],
  },
  'nhs-login': { scope: 'openid profile', acr: '', marks: [['vot'], ['identity_proofing_level']] },
} as const;

/** An entry with everything that its kind has by default. */
export function providerOf(
  entry: Pick<
    IdentityProvider,
    'name' | 'kind' | 'issuer' | 'environments' | 'faces' | 'clientId' | 'authentication'
  > &
    Partial<Omit<IdentityProvider, 'claims'>> & { readonly claims?: Partial<ClaimNames> },
): IdentityProvider {
  const simulated = entry.simulated ?? false;
  return {
    ...standard[entry.kind],
    label: simulated ? `apim-mock-${entry.kind}` : entry.kind,
    ...entry,
    claims: { ...claimNames[entry.kind], ...entry.claims },
    simulated,
  };
}

const text = { type: 'string', minLength: 1, maxLength: 2000 };
const checkEntries = checker<readonly Entry[]>({
  type: 'array',
  maxItems: 50,
  items: {
    type: 'object',
    required: ['name', 'kind', 'issuer', 'environments', 'clientId', 'authentication'],
    additionalProperties: false,
    properties: {
      name: text,
      kind: { enum: ['nhs-cis2', 'nhs-login'] },
      issuer: { type: 'string', pattern: '^https?://[^?#\\s]+$', maxLength: 2000 },
      environments: { type: 'array', minItems: 1, items: { enum: environments } },
      clientId: text,
      scope: text,
      acr: { type: 'string', maxLength: 200 },
      label: text,
      marks: { type: 'array', items: { type: 'array', minItems: 1, items: text } },
      claims: {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(
          ['level', 'nhsNumber', 'vot', 'roles', 'selectedRole', 'sid'].map((name) => [name, text]),
        ),
      },
      authentication: {
        type: 'object',
        required: ['method'],
        additionalProperties: false,
        properties: {
          method: { enum: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'] },
          secretFile: text,
          keyFile: text,
          kid: text,
          alg: { enum: ['RS256', 'RS384', 'RS512'] },
        },
      },
    },
  },
});

interface Entry extends Omit<
  IdentityProvider,
  'authentication' | 'claims' | 'simulated' | 'faces' | 'rolesOf'
> {
  readonly claims?: Partial<ClaimNames>;
  readonly authentication: {
    readonly method: ProviderAuthentication['method'];
    readonly secretFile?: string;
    readonly keyFile?: string;
    readonly kid?: string;
    readonly alg?: 'RS256' | 'RS384' | 'RS512';
  };
}

/**
 * The entries of a configuration file. Secrets and keys stand in files of their own, read by `readSecret`.
 * @throws Problem `invalid` that names the entry and what it lacks.
 */
export function readProviders(
  json: string,
  readSecret: (file: string) => string | undefined,
): readonly IdentityProvider[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Problem('invalid', 'The file of identity providers is no JSON');
  }
  const entries = checkEntries(value);
  // A sign-in on its way remembers its provider by name.
  const twice = entries.find(({ name }, at) => entries.findIndex((one) => one.name === name) < at);
  if (twice)
    throw new Problem('invalid', `Two identity providers are called ${twice.name.slice(0, 100)}`);
  return entries.map((entry) => {
    const need = (found: string | undefined, name: string) => {
      if (found !== undefined && found !== '') return found;
      throw new Problem(
        'invalid',
        `Identity provider ${entry.name}: ${name} is missing or cannot be read`,
      );
    };
    const { method, secretFile, keyFile, kid, alg = 'RS512' } = entry.authentication;
    const authentication: ProviderAuthentication =
      method === 'private_key_jwt'
        ? {
            method,
            key: need(readSecret(need(keyFile, 'keyFile')), 'keyFile'),
            kid: need(kid, 'kid'),
            alg,
          }
        : { method, secret: need(readSecret(need(secretFile, 'secretFile')), 'secretFile') };
    return providerOf({ ...entry, faces: ['/oauth2'], authentication });
  });
}
