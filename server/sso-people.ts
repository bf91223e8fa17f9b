/** The simulated CIS2 people as holders of smartcards, with the words of their job roles. Owns that translation. */
import { loadIdentities, type Role, type Worker } from './auth/simulated/identities.ts';
import type { CardHolder, CardRole } from '../spine/sso/identity-agent.ts';
import { loadDirectorySources } from '../spine/sds/synthetic-sources.ts';

export interface SsoPeople {
  readonly holders: readonly CardHolder[];
  readonly holder: (userId: string) => CardHolder | undefined;
  /** Whether a code `S….:G….:R….` is a job role of national RBAC. */
  readonly national: (code: string) => boolean;
}

/** @param fixtures the folder `fixtures` of the package */
export function loadSsoPeople(fixtures: string): SsoPeople {
  const { jobRoles } = loadDirectorySources(fixtures);
  const words = new Map(
    jobRoles.map(({ code, area, group, name }) => [code, `"${area}":"${group}":"${name}"`]),
  );
  const holders = loadIdentities(fixtures).workers.map((worker) => holderOf(worker, words));
  const byId = new Map(holders.map((one) => [one.userId, one]));
  return { holders, holder: (userId) => byId.get(userId), national: (code) => words.has(code) };
}

function holderOf(worker: Worker, words: ReadonlyMap<string, string>): CardHolder {
  const { username, family, given, level, means, locked = false, roles } = worker;
  return {
    ...{ userId: username, family, given, locked },
    smartcard: level === 3 && means.some((one) => one.endsWith('_SMARTCARD')),
    roles: roles.map((role) => roleOf(role, words)),
  };
}

function roleOf(role: Role, words: ReadonlyMap<string, string>): CardRole {
  const { id, code, name, odsCode, orgName, activities = [], workgroups = [] } = role;
  return {
    ...{ id, code, odsCode, organisation: orgName, activities, workgroups },
    jobRole: words.get(code) ?? `"${name}"`,
  };
}
