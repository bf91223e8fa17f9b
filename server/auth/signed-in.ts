/**
 * A person as an identity provider's claims describe them, in our words. Owns the mapping from claim names, which an
 * entry may rename; which claims may be believed was settled by whoever verified them.
 */
import type { UserRole } from '../../core/exchange.ts';
import type { SignedIn } from './families.ts';
import type { IdentityProvider } from './providers.ts';

type Claims = Readonly<Record<string, unknown>>;

/** @param userinfo what the provider tells beside the id_token; roles of a healthcare worker stand there. */
export function toSignedIn(
  provider: IdentityProvider,
  claims: Claims,
  userinfo?: Claims,
): SignedIn {
  const names = provider.claims;
  const find = (name: string) => asText(claims[name]) ?? asText(userinfo?.[name]);
  const level = find(names.level) ?? '';
  const optional = {
    selectedRole: find(names.selectedRole),
    sid: asText(claims[names.sid]),
    ...(provider.kind === 'nhs-login'
      ? { nhsNumber: find(names.nhsNumber), vot: find(names.vot) }
      : {}),
  };
  const roles = userinfo && toRoles(userinfo[names.roles]);
  return {
    kind: provider.kind,
    provider: provider.label,
    issuer: provider.issuer,
    subject: asText(claims.sub) ?? '',
    level: provider.kind === 'nhs-cis2' ? `aal${level}` : level.slice(0, 2).toLowerCase(),
    ...(roles ? { roles } : {}),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    ...(typeof claims.auth_time === 'number' ? { authTime: claims.auth_time } : {}),
  };
}

/** The level may come as a number or as text. */
function asText(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value !== '' && value.length <= 500 ? value : undefined;
}

/** `nhsid_nrbac_roles` of userinfo; a worker without roles has none. */
export function toRoles(value: unknown): readonly UserRole[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, 200).flatMap((one: unknown) => {
    if (typeof one !== 'object' || one === null) return [];
    const role = one as Claims; // an object that JSON.parse made
    const id = asText(role.person_roleid);
    if (id === undefined || !/^[0-9]{1,20}$/.test(id)) return [];
    return [
      {
        id,
        code: asText(role.role_code) ?? '',
        name: asText(role.role_name) ?? '',
        odsCode: asText(role.org_code) ?? '',
      },
    ];
  });
}
