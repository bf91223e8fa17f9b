/**
 * The policies of sign-on: which accredited system asks for user context, and who calls with the access token that was built
 * of a role assertion. Owns the callers they make; the token's rules are spine/sso's.
 */
import type { KeyObject } from 'node:crypto';
import { bearerOf } from '../core/bearer.ts';
import type { Caller, Exchange } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { readSmartcardToken, type SmartcardClaims } from '../spine/sso/role-assertion-token.ts';
import { callerBy } from './accredited.ts';
import type { JudgeSystem } from './gateway/accredited-systems.ts';
import { fieldsOf } from './gateway/backends/directory-told.ts';
import { tokenRefused } from './gateway/policies/access-token.ts';
import { believing, isBelieved } from './gateway/policies/believed.ts';
import { certificateMissing } from './gateway/policies/client-certificate.ts';
import { noCredential } from './gateway/policies/credential.ts';
import { openSandboxApp } from './gateway/policies/open-lane.ts';
import type { PolicyKind, PolicySite } from './gateway/policy.ts';

export interface SsoKindOptions {
  readonly judgeSystem: JudgeSystem;
  readonly key: () => Promise<KeyObject>;
  readonly issuer: (environment: string) => string;
  /** Whether the session of a token lives; it counts as a use. */
  readonly lives: (session: string, environment: string) => Promise<boolean>;
}

export function ssoKinds(options: SsoKindOptions): Readonly<Record<string, PolicyKind>> {
  return { 'sso-system': systemKind(options), 'smartcard-token': tokenKind(options) };
}

const asidField = 'NHSD-ASID';

function systemKind({ judgeSystem }: SsoKindOptions): PolicyKind {
  const proved = callerBy(judgeSystem);
  return {
    phase: 'authenticate',
    summary:
      'Takes calls of accredited systems for user context: NHSD-ASID names the system, and the client certificate must be its own. 400 without the field, 403 for another certificate. In a sandbox calls without a certificate are believed.',
    ...believing('a system'),
    create: (config) => (next) => async (exchange) => {
      const believed = isBelieved(config, exchange);
      const missing = believed ? undefined : certificateMissing(exchange);
      if (missing) throw missing;
      const asid = asidOf(exchange);
      const caller = believed ? openCaller(asid) : await proved(exchange, asid);
      exchange.facts.caller = caller;
      return next(exchange.with({ caller }));
    },
  };
}

function asidOf(exchange: Exchange): string {
  const [asid = '', ...others] = fieldsOf(exchange, asidField);
  if (others.length === 0 && /^[0-9]{12}$/.test(asid.trim())) return asid.trim();
  throw new Problem('invalid', `Expected one ASID of 12 digits in ${asidField}`, {
    code: 'MISSING_OR_INVALID_HEADER',
  });
}

function openCaller(asid: string): Caller {
  return {
    ...{ appId: openSandboxApp, appName: 'Open sandbox', mode: 'app', scopes: [], asid },
    grants: new Set(),
  };
}

function tokenKind(options: SsoKindOptions): PolicyKind {
  return {
    phase: 'authenticate',
    summary:
      'Needs the access token that was built of a smartcard’s role assertion: signed here, not over, and of a session that lives. The caller is the worker in the selected role, at level aal3, for policies such as `roles`. 401 for all else, a cross-organisation JWT included.',
    schema: { type: 'object', additionalProperties: false, properties: {} },
    create: (_config, site) => (next) => async (exchange) => {
      const caller = callerOf(await claimsOf(options, site, exchange), site);
      exchange.facts.caller = caller;
      return next(exchange.with({ caller }));
    },
  };
}

async function claimsOf(
  { key, issuer, lives }: SsoKindOptions,
  { services, environment, api }: PolicySite,
  exchange: Exchange,
): Promise<SmartcardClaims> {
  const bearer = bearerOf(exchange);
  if ('fault' in bearer) {
    const refusal = tokenRefused(api.id, bearer.fault, !bearer.none);
    throw bearer.none ? noCredential(refusal) : refusal;
  }
  const expected = { now: services.clock.now(), issuer: issuer(environment), key: await key() };
  const claims = readSmartcardToken(bearer.token, expected);
  if (claims === 'expired') throw tokenRefused(api.id, 'Access Token expired', true);
  if (!claims) throw tokenRefused(api.id, 'Invalid Access Token', true);
  if (await lives(claims.sid, environment)) return claims;
  throw tokenRefused(api.id, 'Invalid Access Token: its session is over', true);
}

function callerOf(claims: SmartcardClaims, { services, api }: PolicySite): Caller {
  const { client_id: appId, asid, sub, iss, selected_roleid: role } = claims;
  const appName = appId === openSandboxApp ? 'Open sandbox' : services.catalogue.app(appId)?.name;
  if (appName === undefined)
    throw tokenRefused(api.id, 'Invalid Access Token: its app is gone', true);
  const own = {
    id: role,
    code: claims.role_code,
    name: claims.role_name,
    odsCode: claims.org_code,
  };
  const how = { provider: 'smartcard', issuer: iss, level: claims.acr };
  return {
    ...{ appId, appName, mode: 'worker', scopes: [], asid, userId: sub, role },
    signIn: { ...how, roles: [own], selectedRole: role },
    grants: new Set(),
  };
}
