/**
 * Local authorisation by national roles: whether the role that an assertion selects is one of RBAC at all, at the organisation
 * of the system that asks, and one that the application is for. Owns these rules and their refusals.
 */
import { Problem } from '../../core/problem.ts';
import type { AssertedRole } from './role-assertion.ts';

/** What the application needs of a role. */
export interface RoleNeed {
  /** Whether a code `S….:G….:R….` is one of national RBAC. */
  readonly national: (code: string) => boolean;
  /** The organisation of the system that asks. */
  readonly odsCode: string;
  /** Whole codes, codes with `*` for a part, or the R part alone; absent: any role. */
  readonly roles?: readonly string[];
  /** Activities, of which each is needed. */
  readonly activities?: readonly string[];
}

/** The form of what `roles` may hold. */
export const rolePattern = /^([SGR]\d{4}|\*)(:([SGR]\d{4}|\*)){0,2}$/;

/** @throws Problem `forbidden` with ROLE that names the rule */
export function checkRole(role: AssertedRole, need: RoleNeed): void {
  const { jobRoleCode: code, odsCode, activities } = role;
  if (!need.national(code)) throw refused('jobRole', 'a job role of national RBAC', 'another');
  if (odsCode !== need.odsCode)
    throw refused('organisation', `a role at ${need.odsCode}, the system’s`, `one at ${odsCode}`);
  if (need.roles && !need.roles.some((pattern) => fits(pattern, code)))
    throw refused('role', need.roles.join(' or '), code);
  const lacking = need.activities?.find((one) => !activities.includes(one));
  if (lacking !== undefined) throw refused('activity', lacking, activities.join(', ') || 'none');
}

function fits(pattern: string, code: string): boolean {
  const wanted = pattern.split(':');
  const parts = code.split(':');
  if (wanted.length === 1) return pattern === '*' || pattern === parts.at(-1);
  return (
    wanted.length === parts.length && wanted.every((one, i) => one === '*' || one === parts[i])
  );
}

function refused(rule: string, expected: string, found: string): Problem {
  return new Problem(
    'forbidden',
    `The role is refused by the rule ${rule}: expected ${expected}, found ${found}`,
    { code: 'ROLE' },
  );
}
