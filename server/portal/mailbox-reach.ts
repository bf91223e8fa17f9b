/** What the pages of a mailbox share: the mailbox in the path, as who its visitor acts on it, and the words of its messages. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { App } from '../catalogue/apps.ts';
import { toEnvironment, type Environment } from '../catalogue/environments.ts';
import { may, type Actor } from '../catalogue/roles.ts';
import { appOf, appPath } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import type { MailboxPlace, MailboxTold } from './mailbox-port.ts';
import type { SignedIn } from './page.ts';
import { reader } from './subscription-reach.ts';

export interface ReachedMailbox {
  readonly mailbox: MailboxTold;
  readonly version: number;
  readonly at: MailboxPlace;
  /** Whose it is; absent for those of the default data. */
  readonly app: App | undefined;
  /** As who its visitor acts on it. */
  readonly actor: Actor;
  /** Whether that may change it, and decide on what is pushed from it. */
  readonly manages: boolean;
}

/** A mailbox as the team of its app, or staff, sees it. @throws Problem `not-found` for anybody else */
export async function mailboxOf(hub: Hub, visit: SignedIn): Promise<ReachedMailbox> {
  const { mesh } = hub.mailboxes;
  const at = placeIn(visit);
  const { value: mailbox, version } = await mesh.read(reader, at);
  const reached = mailbox.app === undefined ? undefined : await appFor(hub, visit, mailbox.app);
  const { app, actor } = reached ?? { app: undefined, actor: visit.me.actor };
  const subject = {
    environment: at.environment,
    ...(app === undefined ? {} : { organisation: app.owner }),
  };
  if (!may(actor, 'mailbox.read', subject)) throw noMailbox();
  return { mailbox, version, at, app, actor, manages: await mesh.allows(actor, mailbox) };
}

/** Who does not see the app is told of the mailbox alone, and that there is none. */
async function appFor(hub: Hub, visit: SignedIn, id: string) {
  try {
    return await appOf(hub, visit, id);
  } catch (error) {
    throw Problem.from(error).kind === 'not-found' ? noMailbox() : error;
  }
}

function placeIn({ params }: SignedIn): MailboxPlace {
  const { environment: name = '', mailbox: id = '' } = params;
  const environment = toEnvironment(name);
  if (environment === undefined || environment !== name || !/^[A-Z0-9]{1,64}$/.test(id))
    throw noMailbox();
  return { environment, id };
}

function noMailbox(): Problem {
  return new Problem('not-found', 'There is no such mailbox');
}

/** @throws Problem `forbidden`: what the page would do is not for who only sees the mailbox */
export function mustManage({ manages }: ReachedMailbox): void {
  if (manages) return;
  throw new Problem(
    'forbidden',
    'Owners and admins of the team may do this, in all but production',
  );
}

export function mailboxPath({ environment, id }: MailboxPlace, more = ''): string {
  return `/mailboxes/${environment}/${id}${more}`;
}

export function mailboxesPath(app: string): string {
  return `${appPath(app)}/mailboxes`;
}

export function backToMailbox({ at }: ReachedMailbox) {
  return { href: mailboxPath(at), text: `Back to ${mailboxName(at)}` };
}

export function mailboxName({ environment, id }: MailboxPlace): string {
  return `mailbox ${id} in ${environmentName(environment)}`;
}

/** Whether messages can be sent and fetched in an environment. */
export function hasMesh({ mailboxes, catalogue }: Hub, environment: Environment): boolean {
  return [...catalogue.proxies()].some(
    (one) => one.api === mailboxes.api && one.environment === environment,
  );
}

/** A number with its bound: what is counted is counted up to so many. */
export function atLeast(count: number, more: boolean): string {
  return more ? `${count} or more` : String(count);
}

/** An id that is a link to what became of it. */
export function messageLink(at: MailboxPlace, id: string): Html {
  return html`<a href="${mailboxPath(at, `/messages/${id}`)}">${id}</a>`;
}
