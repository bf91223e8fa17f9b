/**
 * Who may do what in the administration: one table of actions, roles and reach. Owns the decision and its refusal;
 * who somebody is, people.ts and the sign-in know.
 */
import { Problem } from '../../core/problem.ts';
import { environments, type Environment } from './environments.ts';

export const roles = [
  'administrator',
  'operator',
  'product-owner',
  'developer',
  'auditor',
  'viewer',
] as const;

export type Role = (typeof roles)[number];

/** How far a right goes: over everything, or over what belongs to one's own organisation. */
export type Reach = 'all' | 'own';

/** Each action with the roles that may do it. Whoever is not named may not. */
const table = {
  'app.create': { administrator: 'all', operator: 'all', developer: 'own' },
  'app.read': everybodyBut({ developer: 'own', viewer: 'own' }),
  /** Name, kinds, redirect URIs and the like; also another owner, who must be in reach as well. */
  'app.change': { administrator: 'all', operator: 'all', developer: 'own' },
  /** What is given by agreement and never taken: ASID, party key, attributes, switches. */
  'app.agree': { administrator: 'all', operator: 'all' },
  'app.approve': { administrator: 'all', operator: 'all' },
  'app.revoke': { administrator: 'all', operator: 'all', developer: 'own' },
  /** Deletes it, with all that it could do. */
  'app.end': { administrator: 'all', operator: 'all', developer: 'own' },
  'app.credentials': { administrator: 'all', operator: 'all', developer: 'own' },
  'product.create': { administrator: 'all', 'product-owner': 'all' },
  'product.read': everybodyBut({}),
  'product.change': { administrator: 'all', 'product-owner': 'all' },
  'subscription.read': everybodyBut({ developer: 'own', viewer: 'own' }),
  'subscription.request': { administrator: 'all', operator: 'all', developer: 'own' },
  'subscription.decide': { administrator: 'all', 'product-owner': 'all' },
  /** The same where a Product leads into a customer's environment: its owner does it. */
  'subscription.decide.customer': { administrator: 'all', developer: 'own' },
  'subscription.suspend': { administrator: 'all', operator: 'all', 'product-owner': 'all' },
  'subscription.cancel': {
    administrator: 'all',
    operator: 'all',
    'product-owner': 'all',
    developer: 'own',
  },
  /** Making and replacing the keys that a subscriber calls with. */
  'subscription.keys': { administrator: 'all', operator: 'all', developer: 'own' },
  'administrator.create': { administrator: 'all' },
  'administrator.read': { administrator: 'all', operator: 'all', auditor: 'all' },
  'administrator.change': { administrator: 'all' },
  /** Credentials of an organisation's developers for command line and pipelines, which it makes and revokes itself. */
  'credential.read': {
    administrator: 'all',
    operator: 'all',
    developer: 'own',
    auditor: 'all',
    viewer: 'own',
  },
  'credential.change': { administrator: 'all', operator: 'all', developer: 'own' },
  /** Whether an organisation's developers may publish, and with that make credentials. */
  'publishing.decide': { administrator: 'all', operator: 'all' },
  'refusal.read': { administrator: 'all', operator: 'all', developer: 'own', auditor: 'all' },
  'keys.rotate': { administrator: 'all', operator: 'all' },
  'api.create': { administrator: 'all', operator: 'all', developer: 'own' },
  'api.read': everybodyBut({}),
  'api.change': { administrator: 'all', operator: 'all', developer: 'own' },
  /** Its OpenAPI document: the producer's alone (R172). */
  'api.specification': { administrator: 'all', developer: 'own' },
  /** The Product that comes with the set-up of an Api, and covers that alone. */
  'api.product': { administrator: 'all', operator: 'all', developer: 'own' },
  'api.secret': { administrator: 'all', operator: 'all', developer: 'own' },
  'proxy.deploy': { administrator: 'all', operator: 'all', developer: 'own' },
  'proxy.read': everybodyBut({ developer: 'own', viewer: 'own' }),
  'proxy.rollback': { administrator: 'all', operator: 'all', developer: 'own' },
  'proxy.state': { administrator: 'all', operator: 'all', developer: 'own' },
  'limits.read': everybodyBut({ developer: 'own', viewer: 'own' }),
  'status.read': everybodyBut({}),
  'usage.read': everybodyBut({ developer: 'own', viewer: 'own' }),
  'alert.read': { administrator: 'all', operator: 'all', auditor: 'all' },
  'alert.change': { administrator: 'all', operator: 'all' },
  /** Incidents and announced work on the page of status. */
  'incident.change': { administrator: 'all', operator: 'all' },
  /** Requests for help of everybody; one's own are everybody's. */
  'ticket.answer': { administrator: 'all', operator: 'all' },
  /** What readers say of pages, and what becomes of it. */
  'feedback.decide': { administrator: 'all', operator: 'all' },
  /** Deliveries of messages between systems, never their contents; and trying again or giving up. */
  'message.read': { administrator: 'all', operator: 'all', auditor: 'all' },
  'message.change': { administrator: 'all', operator: 'all' },
  /** Mailboxes of MESH, with their messages as ids, states and times, and their pushes; own ones: those of own apps. */
  'mailbox.read': {
    administrator: 'all',
    operator: 'all',
    developer: 'own',
    auditor: 'all',
    viewer: 'own',
  },
  'mailbox.change': { administrator: 'all', operator: 'all', developer: 'own' },
  /** The steps of calls and messages, with their texts in test environments. */
  'trace.read': { administrator: 'all', operator: 'all', developer: 'own', auditor: 'all' },
  /** The backlog with what waits for a decision; and deciding on suggestions and comments. */
  'backlog.read': {
    administrator: 'all',
    operator: 'all',
    'product-owner': 'all',
    auditor: 'all',
  },
  'backlog.change': { administrator: 'all', operator: 'all', 'product-owner': 'all' },
  /** Messages that wait or were sent: what is in them is for their receivers. */
  'mail.read': { administrator: 'all' },
} as const satisfies Readonly<Record<string, Partial<Record<Role, Reach>>>>;

export type Action = keyof typeof table;

/** Where the producer's developers deploy, and with that change what runs: further on the platform does (R054). */
const producers: readonly Environment[] = ['sandbox', 'development', 'sit'];

/** All but production, where a mailbox speaks for the organisation whose code it bears. */
const trials: readonly Environment[] = ['sandbox', 'development', 'sit', 'uat'];

/** The environments in which a role may do an action, where these are not all five. */
const within: Partial<Record<Action, Partial<Record<Role, readonly Environment[]>>>> = {
  'api.secret': { developer: producers },
  'proxy.deploy': { developer: producers },
  'proxy.rollback': { developer: producers },
  'proxy.state': { developer: producers },
  'mailbox.change': { developer: trials },
};

/** All actions, in the order of the table. */
export const actions = Object.keys(table) as readonly Action[]; // `table` is a constant: it has no other keys

/** Who acts: a person or machine whom the sign-in knows. */
export interface Actor {
  readonly id: string;
  readonly role: Role;
  /** ODS code, or `*` for all organisations. */
  readonly organisation: string;
  /** The call it acts through, for the audit; absent within the process. */
  readonly call?: {
    readonly requestId: string;
    readonly correlationId: string;
    readonly address: string;
  };
}

/** What is acted on: the organisation it belongs to, where it belongs to one, and the environment it is in. */
export interface Subject {
  readonly organisation?: string;
  readonly environment?: Environment;
}

/** How far this role's right to an action goes; undefined when it has none. */
export function reachOf(role: Role, action: Action): Reach | undefined {
  const row: Partial<Record<Role, Reach>> = table[action];
  return row[role];
}

/** The environments in which a role may do an action at all; all of them for what belongs to none. */
export function environmentsFor(role: Role, action: Action): readonly Environment[] {
  if (reachOf(role, action) === undefined) return [];
  return within[action]?.[role] ?? environments;
}

/** Whether an actor may do this to this subject. What holds in some environments only is refused where none is named. */
export function may(actor: Actor, action: Action, subject: Subject = {}): boolean {
  const reach = reachOf(actor.role, action);
  if (reach === undefined) return false;
  const places = within[action]?.[actor.role];
  if (places && !(subject.environment && places.includes(subject.environment))) return false;
  return (
    reach === 'all' || actor.organisation === '*' || subject.organisation === actor.organisation
  );
}

/** @throws Problem `forbidden` that names the action, the role the actor has and the roles that may. */
export function must(actor: Actor, action: Action, subject: Subject = {}): void {
  if (may(actor, action, subject)) return;
  const { environment } = subject;
  const able = roles.flatMap((role) => {
    const reach = reachOf(role, action);
    if (reach === undefined) return [];
    if (environment && !environmentsFor(role, action).includes(environment)) return [];
    return [reach === 'all' ? role : `${role} of the organisation`];
  });
  const where = environment ? ` in ${environment}` : '';
  throw new Problem(
    'forbidden',
    `${action}${where} is not for the role ${actor.role} of organisation ${actor.organisation}; it takes: ${able.join(', ')}`,
    { code: 'ROLE' },
  );
}

/** The table as data: what each role may do and how far, and in which environments where these are not all. */
export function roleTable(): readonly {
  readonly action: Action;
  readonly roles: Partial<Record<Role, Reach>>;
  readonly environments?: Partial<Record<Role, readonly Environment[]>>;
}[] {
  return actions.map((action) => {
    const places = within[action];
    return { action, roles: { ...table[action] }, ...(places ? { environments: places } : {}) };
  });
}

function everybodyBut(narrower: Partial<Record<Role, Reach>>): Readonly<Record<Role, Reach>> {
  return {
    administrator: 'all',
    operator: 'all',
    'product-owner': 'all',
    developer: 'all',
    auditor: 'all',
    viewer: 'all',
    ...narrower,
  };
}
