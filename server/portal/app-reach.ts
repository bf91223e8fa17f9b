/** What all pages of an App share: the App in the path, as who somebody acts on it, and faults beside their field. */
import { Problem } from '../../core/problem.ts';
import { registrationOf } from '../catalogue/app-administration.ts';
import type { App, Registration } from '../catalogue/apps.ts';
import { toEnvironment, type Environment } from '../catalogue/environments.ts';
import type { Proxy } from '../catalogue/proxies.ts';
import { may, type Action, type Actor } from '../catalogue/roles.ts';
import { FormRefused, type Form } from './form.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import type { SignedIn } from './page.ts';
import { actorIn, type Team } from './teams.ts';

export interface Reached {
  readonly app: App;
  readonly version: number;
  /** The team it belongs to, for who is in it. */
  readonly team: Team | undefined;
  /** As who its visitor acts on it. */
  readonly actor: Actor;
  /** What the role table says. */
  readonly may: (action: Action) => boolean;
}

/** An App as its team, or staff, sees it. @throws Problem `not-found` for anybody else: it is not told that it exists */
export async function appOf(
  hub: Hub,
  { me, params }: Pick<SignedIn, 'me' | 'params'>,
  id = params.app ?? '',
): Promise<Reached> {
  const looking: Actor = { ...me.actor, role: 'viewer', organisation: '*' };
  const { value: app, version } = await hub.administration.apps.read(looking, id);
  const team = await teamWithCode(hub, me.account.id, app.owner);
  const subject = { organisation: app.owner };
  if (!team && !may(me.actor, 'app.read', subject))
    throw new Problem('not-found', 'There is no such app');
  const actor = team && !may(me.actor, 'app.change', subject) ? actorIn(team, me.actor) : me.actor;
  return { app, version, team, actor, may: (action) => may(actor, action, subject) };
}

async function teamWithCode(hub: Hub, account: string, code: string): Promise<Team | undefined> {
  return (await hub.teams.of(account)).find(({ value }) => value.id === code)?.value;
}

export interface Placed extends Reached {
  readonly environment: Environment;
  readonly registration: Registration;
  readonly at: { readonly app: string; readonly environment: Environment };
}

/** The App in the environment of the path. @throws Problem `not-found` */
export async function placeOf(hub: Hub, visit: SignedIn): Promise<Placed> {
  const reached = await appOf(hub, visit);
  const environment = environmentIn(visit);
  const registration = registrationOf(reached.app, environment);
  const at = { app: reached.app.id, environment };
  return { ...reached, environment, registration, at };
}

/** @throws Problem `not-found` */
function environmentIn({ params }: Pick<SignedIn, 'params'>): Environment {
  const environment = toEnvironment(params.environment ?? '');
  if (environment && environment === params.environment) return environment;
  throw new Problem('not-found', 'There is no such environment');
}

/** An Api may run by several Proxies in an environment, each with a base of its own. */
export function proxiesOf(
  { catalogue }: Pick<Hub, 'catalogue'>,
  api: string,
  environment: Environment,
): readonly Proxy[] {
  return [...catalogue.proxies()].filter(
    (one) => one.api === api && one.environment === environment,
  );
}

export function appPath(id: string, environment?: Environment): string {
  return environment === undefined ? `/apps/${id}` : `/apps/${id}/in/${environment}`;
}

export function backToApp({ id, name }: Pick<App, 'id' | 'name'>) {
  return { href: appPath(id), text: `Back to ${name}` };
}

export function backToPlace({ app, environment }: Placed) {
  return {
    href: appPath(app.id, environment),
    text: `Back to ${app.name} in ${environmentName(environment)}`,
  };
}

/** Tells what the catalogue finds wrong beside the field it is about. */
export async function beside<T>(field: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Problem && ['invalid', 'unprocessable'].includes(error.kind))
      throw new FormRefused([{ field, text: withoutCommands(error.message) }]);
    throw error;
  }
}

/** The catalogue tells the command that leads on; on pages there are links for that. */
export function withoutCommands(text: string): string {
  return text.replace(/\s*\(gatehouse [^)]*\)/g, '').replace(/ Next step: .*gatehouse .*$/, '');
}

/** The version that a form was made for; a version changed by hand is none that was ever stored. */
export function versionIn(form: Form): number {
  const text = form.get('version');
  return /^\d{1,15}$/.test(text) ? Number(text) : -1;
}

/** The lines of a text, without empty ones. */
export function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
