/**
 * Accounts to try on a laptop: one for each role, and for each role in a team. Owns who they are; the password is made for the
 * installation and lies beside the data. What is there already is left as it is.
 */
import { Problem } from '../../core/problem.ts';
import type { Ground } from '../catalogue/records.ts';
import type { Role } from '../catalogue/roles.ts';
import { openAccounts, platformActor } from './accounts.ts';
import type { TryOut } from './hub-parts.ts';
import { createPasswords } from './passwords.ts';
import { grantPublishing } from './publishing.ts';
import { openTeams, type TeamRole } from './teams.ts';

interface Seeded {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly what: string;
  readonly team?: TeamRole;
}

const domain = 'gatehouse.example';
const seeded: readonly Seeded[] = [
  {
    ...{ email: `developer@${domain}`, name: 'Dana Developer', role: 'developer', team: 'owner' },
    what: 'Developer, owner of the demo team',
  },
  {
    ...{ email: `admin@${domain}`, name: 'Alex Admin', role: 'developer', team: 'admin' },
    what: 'Developer, admin of the demo team',
  },
  {
    ...{ email: `viewer@${domain}`, name: 'Vic Viewer', role: 'developer', team: 'viewer' },
    what: 'Developer, viewer of the demo team',
  },
  staff('product-owner', 'Pat Product', 'Product owner: decides on requests'),
  staff('operator', 'Oli Operator', 'Operator: runs the platform'),
  staff('administrator', 'Ash Administrator', 'Administrator: everything'),
  staff('auditor', 'Audrey Auditor', 'Auditor: sees everything, changes nothing'),
];

function staff(role: Role, name: string, what: string): Seeded {
  return { email: `${role}@${domain}`, name, role, what };
}

/** The team that the demo apps belong to. */
const demoTeam = 'DEMO1';

/** The accounts, as they are told. */
export function tryOutOf(password: string): TryOut {
  return { password, accounts: seeded.map(({ email, what }) => ({ email, what })) };
}

/**
 * Makes what is missing of them; says how many. For one process at a time.
 * @param password asked for only where one is made: what another machine has made has the password that is kept there
 */
export async function seedAccounts(ground: Ground, password: () => string): Promise<number> {
  const accounts = openAccounts(ground);
  const teams = openTeams(ground);
  const missing: Seeded[] = [];
  for (const one of seeded) if (!(await accounts.byEmail(one.email))) missing.push(one);
  if (missing.length === 0) return 0;
  const hash = await createPasswords().hash(password());
  for (const { email, name, role, team } of missing) {
    const organisation = team ? {} : { organisation: '*' };
    const made = { email, name, role, password: hash, ...organisation };
    const { id } = await accounts.create(made, undefined);
    if (!team) continue;
    const actor = { id, role, organisation: demoTeam };
    if (team === 'owner')
      await ensureTeam(async () => {
        await teams.create(actor, 'Demo team', demoOrganisation, demoTeam);
        await grantPublishing(ground, platformActor, demoTeam);
      });
    await teams.join(actor, demoTeam, team);
  }
  return missing.length;
}

const demoOrganisation = { name: 'Demo organisation', type: 'supplier' } as const;

/** A start that was killed may have made it. */
async function ensureTeam(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (Problem.from(error).kind !== 'conflict') throw error;
  }
}
