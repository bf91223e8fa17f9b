/**
 * The people of the simulated sign-in, read from fixtures/identities.json with the names of their organisations.
 * Owns who there is and how one finds them; what a sign-in makes of a person is in judge.ts and the claims.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Means } from './assurance.ts';
import type { Vector } from './vectors.ts';

/** One role of a worker, as national RBAC has it. */
export interface Role {
  /** The role profile id, digits: `person_roleid`. */
  readonly id: string;
  /** `S….:G….:R….`. */
  readonly code: string;
  readonly name: string;
  readonly odsCode: string;
  readonly orgName: string;
  /** Activity codes such as `B0020`. */
  readonly activities?: readonly string[];
  readonly workgroups?: readonly string[];
}

/** A health worker, who signs in at CIS2. */
export interface Worker {
  /** 12 digits; the subject of the tokens as well. */
  readonly username: string;
  /** What this person is there to test; absent for one more of a kind. */
  readonly persona?: string;
  readonly title: string;
  readonly given: string;
  readonly middle?: string;
  readonly family: string;
  readonly email: string;
  /** The authentication assurance that this person's means give. */
  readonly level: 1 | 2 | 3;
  /** What the person signs in with at that level. */
  readonly means: readonly Means[];
  readonly roles: readonly Role[];
  /** Ids in professional registers: `gmc_id` and kin. */
  readonly registers?: Readonly<Record<string, string>>;
  readonly locked?: boolean;
}

/** A patient, who signs in at NHS login. */
export interface Patient {
  readonly username: string;
  readonly persona?: string;
  readonly vector: Vector;
  /** Absent when NHS login does not know it. */
  readonly nhsNumber?: string;
  readonly given: string;
  readonly family: string;
  /** `yyyy-mm-dd` */
  readonly birthDate: string;
  readonly email?: string;
  /** E.164 */
  readonly phone?: string;
  readonly landline?: string;
  /** ODS code of the practice. */
  readonly practice?: string;
  /** The user name of the person for whom this one acts. */
  readonly actsFor?: string;
  /** False for somebody who is only acted for. */
  readonly signsIn?: boolean;
  readonly locked?: boolean;
}

export interface Identities {
  readonly workers: readonly Worker[];
  /** Roles lent to a worker who is to have several. */
  readonly spareRoles: readonly Role[];
  readonly patients: readonly Patient[];
}

/** Reads the people. `fixturesDir` is the folder `fixtures` of the package. @throws when a role's organisation is unknown. */
export function loadIdentities(fixturesDir: string): Identities {
  const file = read(fixturesDir, 'identities.json') as FileShape; // our own file, tested against the default data
  const { organisations } = read(fixturesDir, 'organisations.json') as OrganisationsShape; // as above
  const names = new Map(organisations.map(({ code, name }) => [code, name]));
  const named = (role: FileRole): Role => {
    const orgName = names.get(role.odsCode);
    if (orgName === undefined) throw new Error(`No organisation ${role.odsCode} for a role`);
    return { ...role, orgName };
  };
  return {
    workers: file.workers.map((worker) => ({ ...worker, roles: worker.roles.map(named) })),
    spareRoles: file.spareRoles.map(named),
    patients: file.patients,
  };
}

/** The worker with this user name. */
export function findWorker({ workers }: Identities, username: string): Worker | undefined {
  return workers.find((worker) => worker.username === username);
}

/** The patient with this user name, one who does not sign in included. */
export function findPatient({ patients }: Identities, username: string): Patient | undefined {
  return patients.find((patient) => patient.username === username);
}

/** The person's name as one reads it. */
export function nameOf(person: Worker | Patient): string {
  return [
    'title' in person ? person.title : undefined,
    person.given,
    'middle' in person ? person.middle : undefined,
    person.family,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

type FileRole = Omit<Role, 'orgName'>;

interface FileShape {
  readonly workers: readonly (Omit<Worker, 'roles'> & { readonly roles: readonly FileRole[] })[];
  readonly spareRoles: readonly FileRole[];
  readonly patients: readonly Patient[];
}

interface OrganisationsShape {
  readonly organisations: readonly { readonly code: string; readonly name: string }[];
}

function read(fixturesDir: string, name: string): unknown {
  return JSON.parse(readFileSync(join(fixturesDir, name), 'utf8'));
}
