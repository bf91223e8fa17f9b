/**
 * Teams: who may do what for the apps of a team. A team's code is the organisation that its apps belong to in the catalogue;
 * its owners and admins act there as developers, its viewers as viewers. Owns membership, and that an owner is always left.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Stored } from '../../core/store.ts';
import { openRecords, type Deed, type Ground, type Records } from '../catalogue/records.ts';
import type { Actor } from '../catalogue/roles.ts';
import { newCode } from './accounts.ts';

export const teamRoles = ['owner', 'admin', 'viewer'] as const;
export type TeamRole = (typeof teamRoles)[number];

export const organisationTypes = {
  provider: 'Health or care provider',
  public: 'Other public body',
  supplier: 'Supplier of software or services',
  research: 'University or research organisation',
  charity: 'Charity or community organisation',
  individual: 'I work on my own',
} as const;
export type OrganisationType = keyof typeof organisationTypes;

export interface Member {
  readonly account: string;
  readonly role: TeamRole;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Whom a team works for, as it says itself. */
export interface TeamOrganisation {
  readonly name: string;
  readonly type: OrganisationType;
  /** Was found in the directory; that the team belongs to it, nobody has confirmed. */
  readonly odsCode?: string;
}

export interface Team {
  /** The code its apps have as owner. */
  readonly id: string;
  readonly name: string;
  readonly organisation?: TeamOrganisation;
  readonly members: readonly Member[];
  readonly created: number;
}

const teamCollection: CollectionOf<Team> = {
  name: 'portal.teams',
  keys: ({ members }) => ({ all: [['all']], member: members.map(({ account }) => [account]) }),
};

const mostMembers = 200;
const mostTeams = 50;

export interface Teams {
  readonly records: Records<Team>;
  find(id: string): Promise<Stored<Team> | undefined>;
  /** The teams of an account, by name. */
  of(account: string): Promise<readonly Stored<Team>[]>;
  /** A team as a member sees it. @throws Problem `not-found` for who is none: it is not told that it exists */
  seenBy(account: string, id: string): Promise<Stored<Team>>;
  /** Makes one with its maker as owner. @throws Problem `conflict` for too many */
  create(
    actor: Actor,
    name: string,
    organisation?: TeamOrganisation,
    id?: string,
  ): Promise<Stored<Team>>;
  /** Changes name or organisation. @throws Problem `forbidden` for a viewer, `precondition-failed` when it has changed since `expected` */
  change(actor: Actor, id: string, fields: TeamFields, expected: number): Promise<Stored<Team>>;
  /** Takes somebody in, who was invited; who is in already stays as they are. */
  join(actor: Actor, id: string, role: TeamRole): Promise<Stored<Team>>;
  /** @throws Problem `forbidden`, `conflict` when no owner would be left, `not-found` */
  setRole(actor: Actor, id: string, account: string, role: TeamRole): Promise<Stored<Team>>;
  /** Removes a member, or lets one leave. @throws as setRole */
  remove(actor: Actor, id: string, account: string): Promise<Stored<Team>>;
  /** Ends a team that nobody else is in; what it owns, its caller has looked at. @throws Problem `forbidden`, `conflict` */
  end(actor: Actor, id: string): Promise<void>;
}

export interface TeamFields {
  readonly name: string;
  readonly organisation?: TeamOrganisation | undefined;
}

export function openTeams(ground: Ground): Teams {
  const collection = ground.store.open(teamCollection);
  const records = openRecords(ground, teamCollection, 'team');
  const of = async (account: string) => {
    const { items } = await collection.find({ index: 'member', equals: [account], limit: 500 });
    return [...items].sort((a, b) => a.value.name.localeCompare(b.value.name, 'en'));
  };
  const change = (
    deed: Deed,
    id: string,
    expected: number | undefined,
    allow: (team: Team) => void,
    edit: (team: Team) => Team,
  ) => records.change({ deed, id, expected, allow, edit });
  return {
    records,
    find: (id) => collection.get(id),
    of,
    async seenBy(account, id) {
      const stored = await records.read(id);
      if (!roleIn(stored.value, account)) throw new Problem('not-found', 'There is no such team');
      return stored;
    },
    async create(actor, name, organisation, id = newCode('T')) {
      if ((await of(actor.id)).length >= mostTeams)
        throw new Problem('conflict', `Nobody can be in more than ${mostTeams} teams`);
      const at = ground.clock.now();
      return records.add({ actor, action: 'team.create' }, id, () => ({
        ...{ id, name, members: [{ account: actor.id, role: 'owner', since: at }], created: at },
        ...(organisation ? { organisation } : {}),
      }));
    },
    change: (actor, id, { name, organisation }, expected) =>
      change(
        { actor, action: 'team.change' },
        id,
        expected,
        mustManage(actor),
        ({ organisation: _before, ...team }) => ({
          ...{ ...team, name },
          ...(organisation ? { organisation } : {}),
        }),
      ),
    join: (actor, id, role) =>
      change(
        { actor, action: 'team.join' },
        id,
        undefined,
        () => undefined,
        (team) => {
          if (roleIn(team, actor.id)) return team;
          if (team.members.length >= mostMembers)
            throw new Problem('conflict', `A team has at most ${mostMembers} members`);
          const member = { account: actor.id, role, since: ground.clock.now() };
          return { ...team, members: [...team.members, member] };
        },
      ),
    setRole: (actor, id, account, role) =>
      change(
        { actor, action: 'team.member.role' },
        id,
        undefined,
        (team) => {
          mustManage(actor)(team);
          if (role === 'owner' || roleIn(team, account) === 'owner') mustOwn(actor)(team);
        },
        (team) =>
          withOwner({
            ...team,
            members: memberIn(team, account).map((one) =>
              one.account === account ? { ...one, role } : one,
            ),
          }),
      ),
    remove: (actor, id, account) =>
      change(
        { actor, action: account === actor.id ? 'team.leave' : 'team.member.remove' },
        id,
        undefined,
        (team) => {
          if (account === actor.id) return;
          mustManage(actor)(team);
          if (roleIn(team, account) === 'owner') mustOwn(actor)(team);
        },
        (team) =>
          withOwner({
            ...team,
            members: memberIn(team, account).filter((one) => one.account !== account),
          }),
      ),
    async end(actor, id) {
      await records.remove({
        ...{ deed: { actor, action: 'team.end' }, id, expected: undefined },
        allow(team) {
          mustOwn(actor)(team);
          if (team.members.length > 1)
            throw new Problem('conflict', 'There are others in the team: remove them first');
        },
      });
    },
  };
}

/** What somebody is in a team; undefined for who is not in it. */
export function roleIn(team: Team, account: string): TeamRole | undefined {
  return team.members.find((one) => one.account === account)?.role;
}

/** Whether somebody may change the team, its members and its apps. */
export function manages(team: Team, account: string): boolean {
  const role = roleIn(team, account);
  return role === 'owner' || role === 'admin';
}

/**
 * A member as the catalogue's administration knows them when they act for the team.
 * @public pages of apps call the administration with it
 * @throws Problem `not-found` for who is not in it
 */
export function actorIn(team: Team, actor: Actor): Actor {
  const role = roleIn(team, actor.id);
  if (!role) throw new Problem('not-found', 'There is no such team');
  return { ...actor, role: role === 'viewer' ? 'viewer' : 'developer', organisation: team.id };
}

function mustManage(actor: Actor): (team: Team) => void {
  return (team) => {
    if (!manages(team, actor.id)) throw forbidden('Only owners and admins of a team can do this');
  };
}

function mustOwn(actor: Actor): (team: Team) => void {
  return (team) => {
    if (roleIn(team, actor.id) !== 'owner')
      throw forbidden('Only owners of a team can make, change or remove owners');
  };
}

function forbidden(message: string): Problem {
  return new Problem('forbidden', message, { code: 'ROLE' });
}

/** All members, if the one asked for is among them. */
function memberIn(team: Team, account: string): readonly Member[] {
  if (roleIn(team, account)) return team.members;
  throw new Problem('not-found', 'This person is not in the team (any more)');
}

function withOwner(team: Team): Team {
  if (team.members.some(({ role }) => role === 'owner')) return team;
  throw new Problem('conflict', 'A team needs an owner: make somebody else an owner first');
}
