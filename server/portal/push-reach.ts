/** What the pages of a push subscription share: it, its mailbox, its paths and words. */
import type { Html } from '../../core/html.ts';
import type { Delivery } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { Hub } from './hub-parts.ts';
import type { MailboxPlace, PushTold } from './mailbox-port.ts';
import { mailboxOf, mailboxPath, type ReachedMailbox } from './mailbox-reach.ts';
import type { SignedIn } from './page.ts';
import { tag, type TagColour } from './parts.ts';

export interface ReachedPush extends ReachedMailbox {
  readonly push: PushTold;
}

/** The subscription in the path, where it is one of the mailbox in the path. @throws Problem `not-found` */
export async function pushOf(hub: Hub, visit: SignedIn): Promise<ReachedPush> {
  const reached = await mailboxOf(hub, visit);
  const { at, actor } = reached;
  const push = await hub.mailboxes.pushes.read(actor, visit.params.push ?? '');
  if (push.environment !== at.environment || push.mailbox !== at.id)
    throw new Problem('not-found', 'There is no such push subscription');
  return { ...reached, push };
}

export function pushPath(at: MailboxPlace, push: string, more = ''): string {
  return mailboxPath(at, `/pushes/${push}${more}`);
}

/** The page of the push of a message. */
export function letterPath(at: MailboxPlace, push: string, message: string): string {
  return pushPath(at, push, `/letters/${message}`);
}

export function backToPush({ at, push }: ReachedPush) {
  return { href: pushPath(at, push.id), text: `Back to the pushes to ${endpointName(push.url)}` };
}

/** What an endpoint is called: its address without what may stand in front and behind. */
export function endpointName(url: string): string {
  if (!URL.canParse(url)) return 'the endpoint';
  const { host, pathname } = new URL(url);
  const name = host + (pathname === '/' ? '' : pathname);
  return name.length > 60 ? `${name.slice(0, 59)}…` : name;
}

const colours: Readonly<Record<PushTold['state'], readonly [string, TagColour]>> = {
  pending: ['To be verified', 'yellow'],
  active: ['Active', 'green'],
  suspended: ['Paused', 'grey'],
};

export function pushTag({ state }: Pick<PushTold, 'state'>): Html {
  return tag(...colours[state]);
}

const letterStates: Readonly<Record<Delivery['state'], readonly [string, TagColour]>> = {
  waiting: ['Waiting', 'blue'],
  sending: ['Under way', 'blue'],
  sent: ['Sent', 'blue'],
  done: ['Taken', 'green'],
  dead: ['Dead letter', 'red'],
};

export function letterTag({ state, discarded }: Delivery): Html {
  return discarded ? tag('Discarded', 'grey') : tag(...letterStates[state]);
}
