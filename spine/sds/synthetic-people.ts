/**
 * The default people: the health workers whom the simulated sign-in knows, with a role profile for each of their roles,
 * and small lists of roles, activities and workgroups. They name nobody alive or dead.
 */
import type { Entry } from './directory.ts';
import { peopleDn, referenceDataDn } from './directory-tree.ts';
import type { Approval } from './service-entries.ts';
import type { DirectorySources, JobRole, Person } from './synthetic-sources.ts';

/** Entries of people, of what lies below each, and of the lists. */
export function peopleEntries(sources: DirectorySources): Entry[] {
  return [
    ...sources.people.flatMap((person) => entriesOf(person, sources)),
    ...workgroups(sources.people),
    ...lists(sources),
  ];
}

/** Who asked for the default entries and who approved them: two registration managers among the default people. */
export function defaultApproval(sources: DirectorySources): Approval {
  const managers = sources.people.flatMap((person) =>
    person.roles.filter(({ code }) => code.endsWith(':R5080')).map((role) => roleDn(person, role)),
  );
  const [requestor = 'unknown', approver = requestor] = managers;
  return { requestor, requested: '20240101090000', approver, approved: '20240102090000' };
}

type Role = Person['roles'][number];

const personDn = ({ username }: Person) => `uid=${username},${peopleDn}`;

/** A person in an organisation has an id of their own there: that of their first role in it, in another range. */
function memberId(person: Person, odsCode: string): string {
  const first = person.roles.find((role) => role.odsCode === odsCode);
  return `655${(first?.id ?? '').slice(3)}`;
}

function memberDn(person: Person, odsCode: string): string {
  return `uniqueIdentifier=${memberId(person, odsCode)},${personDn(person)}`;
}

function roleDn(person: Person, role: Role): string {
  return `uniqueIdentifier=${role.id},${memberDn(person, role.odsCode)}`;
}

function entriesOf(person: Person, sources: DirectorySources): Entry[] {
  const { username, title, given, middle, family, email, registers = {} } = person;
  const names = { cn: [`${family} ${given}`], sn: [family], givenName: [given] };
  const own = {
    ...{ objectClass: ['top', 'nhsPerson'], uid: [username], ...names },
    ...(middle === undefined ? {} : { nhsMiddleNames: [middle] }),
    ...{ personalTitle: [title], mail: [email], nhsPersonStatus: ['1'] },
    ...some('nhsGMC', registers.gmc_id),
    ...some('nhsGMP', registers.gmp_id),
    ...some('nhsConsultant', registers.consultant_id),
  };
  const codes = [...new Set(person.roles.map(({ odsCode }) => odsCode))];
  const members = codes.map((odsCode) => ({
    dn: memberDn(person, odsCode),
    attributes: {
      objectClass: ['top', 'nhsOrgPerson'],
      uniqueIdentifier: [memberId(person, odsCode)],
      ...{ uid: [username], ...names, nhsIDCode: [odsCode], nhsOrgOpenDate: ['20200401'] },
      o: [
        sources.organisations.find(({ code }) => code === odsCode)?.name.toUpperCase() ?? odsCode,
      ],
    },
  }));
  const roles = person.roles.map((role) => roleEntry(person, role, sources));
  return [{ dn: personDn(person), attributes: own }, ...members, ...roles];
}

function roleEntry(person: Person, role: Role, sources: DirectorySources): Entry {
  const known = sources.jobRoles.find(({ code }) => code === role.code);
  const activities = sources.activities.filter(({ code }) => role.activities?.includes(code));
  return {
    dn: roleDn(person, role),
    attributes: {
      objectClass: ['top', 'nhsOrgPersonRole'],
      uniqueIdentifier: [role.id],
      nhsIDCode: [role.odsCode],
      nhsJobRole: [nameOf(known) ?? `"${role.name}"`],
      nhsJobRoleCode: [role.code],
      ...list(
        'nhsBusinessFunctions',
        activities.map(({ name }) => name),
      ),
      ...list(
        'nhsBusinessFunctionsCodes',
        activities.map(({ code }) => code),
      ),
      ...list('nhsWorkGroups', role.workgroups ?? []),
      ...list('nhsWorkGroupsCodes', role.workgroups ?? []),
      nhsOrgOpenDate: ['20200401'],
    },
  };
}

/** `"Area":"Group":"Role"`. */
function nameOf(role: JobRole | undefined): string | undefined {
  return role && [role.area, role.group, role.name].map((part) => `"${part}"`).join(':');
}

function workgroups(people: readonly Person[]): Entry[] {
  const groups = new Map<string, string>();
  for (const { roles } of people)
    for (const { odsCode, workgroups = [] } of roles)
      for (const group of workgroups) groups.set(group, odsCode);
  return [...groups].map(([group, odsCode]) => ({
    dn: `uniqueIdentifier=${group},ou=Workgroups,o=nhs`,
    attributes: {
      objectClass: ['top', 'nhsWg'],
      ...{ uniqueIdentifier: [group], cn: [group], nhsIDCode: [odsCode], nhsWgStatus: ['1'] },
    },
  }));
}

function lists({ jobRoles, activities, areasOfWork }: DirectorySources): Entry[] {
  const flat = ({ code, name }: { code: string; name: string }) => ({
    ...{ code, name },
    codes: [code, code, code],
    names: [name, name, name],
  });
  const roles = jobRoles.map((one) => ({
    ...{ code: one.code, name: one.name, codes: one.code.split(':') },
    names: [one.area, one.group, one.name],
  }));
  return [
    ...roles.map((one) => listed('nhsRBACJR', one)),
    ...activities.map((one) => listed('nhsRBACBF', flat(one))),
    ...areasOfWork.map((one) => listed('nhsRBACAoW', flat(one))),
  ];
}

interface Listed {
  readonly code: string;
  readonly name: string;
  /** On the three levels of the list, the widest first. */
  readonly codes: readonly string[];
  readonly names: readonly string[];
}

function listed(objectClass: string, { code, name, codes, names }: Listed): Entry {
  const levels = [1, 2, 3].flatMap((level) => [
    [`nhsList${level}Code`, [codes[level - 1] ?? code]] as const,
    [`nhsList${level}Name`, [names[level - 1] ?? name]] as const,
  ]);
  return {
    dn: `uniqueIdentifier=${code},${referenceDataDn}`,
    attributes: {
      objectClass: ['top', objectClass],
      ...{ uniqueIdentifier: [code], cn: [name], nhsStatus: ['1'], nhsCreateDate: ['20200401'] },
      ...Object.fromEntries(levels),
    },
  };
}

function some(name: string, value: string | undefined): Record<string, readonly string[]> {
  return value === undefined ? {} : { [name]: [value] };
}

function list(name: string, values: readonly string[]): Record<string, readonly string[]> {
  return values.length === 0 ? {} : { [name]: values };
}
