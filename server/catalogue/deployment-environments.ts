/**
 * What each environment is for, who deploys there and who may call: the matrix of roles by environment as data, for the
 * management API, the gateway and the pages (R053, R054). Who deploys comes from the role table.
 */
import { environments, namesOf, type Environment } from './environments.ts';
import { environmentsFor, roles, type Role } from './roles.ts';

/** Who may call: everybody, the producer's own apps, or who has a subscription. */
export type Callers = 'anyone' | 'owner' | 'subscription';

export interface EnvironmentRule {
  readonly environment: Environment;
  /** Every name it answers to, ours first. */
  readonly names: readonly string[];
  readonly purpose: string;
  /** What the data are. */
  readonly data: string;
  readonly deploy: readonly Role[];
  readonly call: Callers;
}

const facts: Readonly<Record<Environment, Pick<EnvironmentRule, 'purpose' | 'data' | 'call'>>> = {
  sandbox: {
    purpose: 'Try an API without an agreement, and rehearse what goes wrong.',
    data: 'made up, of one’s own for each app',
    call: 'anyone',
  },
  development: {
    purpose: 'Where a new API is made, by the team of its producer.',
    data: 'made up',
    call: 'owner',
  },
  sit: {
    purpose: 'System integration: functional, load and security tests before assurance.',
    data: 'made up, in quantity',
    call: 'subscription',
  },
  uat: {
    purpose: 'Acceptance: apps are shown to the people who will use them.',
    data: 'made up or masked',
    call: 'subscription',
  },
  production: {
    purpose: 'Real use.',
    data: 'real',
    call: 'subscription',
  },
};

/** All environments in their order. */
export const environmentRoles: readonly EnvironmentRule[] = environments.map((environment) => ({
  environment,
  names: namesOf(environment),
  deploy: roles.filter((role) => environmentsFor(role, 'proxy.deploy').includes(environment)),
  ...facts[environment],
}));

/**
 * Whether an app of an organisation may call an Api in an environment at all; its subscription is judged besides. In
 * development only apps of the organisation that owns the Api may (R060).
 * @param appOwner the app's organisation; undefined for a call without an app.
 */
export function mayCallEnvironment(
  environment: Environment,
  { apiOwner, appOwner }: { readonly apiOwner: string; readonly appOwner: string | undefined },
): boolean {
  return facts[environment].call !== 'owner' || appOwner === apiOwner;
}
