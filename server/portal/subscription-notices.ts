/**
 * Who is told by mail about a Subscription: the requester, the owners and admins of the App's team, and who decides. Owns
 * their words. A message that cannot be kept undoes nothing: the page tells the same.
 */
import { Problem } from '../../core/problem.ts';
import type { App } from '../catalogue/apps.ts';
import type { Product, Subscription } from '../catalogue/products.ts';
import { environmentName } from './app-words.ts';
import { decidersOf, managersOf, mostReceivers } from './deciders.ts';
import type { Hub } from './hub-parts.ts';
import { subscriptionPath } from './subscription-reach.ts';

export interface About {
  readonly subscription: Subscription;
  readonly app: App;
  readonly product: Product;
}

/** To those who decide: there is something to decide. */
export async function tellDeciders(hub: Hub, about: About, by: string): Promise<void> {
  const { subscription, app, product } = about;
  const { purpose = 'Not said', volume } = subscription;
  const calls = volume === undefined ? 'not said' : `about ${volume.toLocaleString('en-GB')} a day`;
  await tell(hub, await decidersOf(hub, about.product), about, {
    template: 'hub-subscription-request',
    subject: `Request: ${app.name} asks for ${product.name} in ${environmentName(subscription.environment)}`,
    text: `${by} asks for ${product.name} in ${environmentName(subscription.environment)}, for the app ${app.name}.\n\nWhat for: ${purpose}\nCalls: ${calls}\n\nDecide or ask back: ${linkTo(hub, subscription)}/decision`,
  });
}

/** To those who asked: what was decided. */
export async function tellDecision(hub: Hub, about: About): Promise<void> {
  const { subscription, app, product } = about;
  const { state, reason, environment } = subscription;
  const words: Partial<Record<Subscription['state'], string>> = {
    active: 'It is active. Its keys are on its page, and the next token has its scopes.',
    rejected: 'It was rejected.',
    suspended: 'It is suspended: calls by it are refused.',
    cancelled: 'It is cancelled: calls by it are refused.',
  };
  await tell(hub, await managersOf(hub, about.app.owner), about, {
    template: 'hub-subscription-decision',
    subject: `${product.name} in ${environmentName(environment)} for ${app.name}: ${state}`,
    text: `${words[state] ?? `It is ${state}.`}${reason === undefined ? '' : `\n\nReason: ${reason}`}\n\n${linkTo(hub, subscription)}`,
  });
}

/** To the other side: somebody has written. */
export async function tellMessage(
  hub: Hub,
  about: About,
  {
    side,
    name,
    text,
  }: { readonly side: 'requester' | 'approver'; readonly name: string; readonly text: string },
): Promise<void> {
  const { subscription, app, product } = about;
  const to = await (side === 'requester'
    ? decidersOf(hub, about.product)
    : managersOf(hub, about.app.owner));
  await tell(hub, to, about, {
    template: 'hub-subscription-message',
    subject: `Message about ${product.name} for ${app.name}`,
    text: `${name} writes:\n\n${text}\n\nAnswer: ${linkTo(hub, subscription)}`,
  });
}

interface Notice {
  readonly template: string;
  readonly subject: string;
  readonly text: string;
}

function linkTo(hub: Hub, { id }: Subscription): string {
  return `${hub.publicUrl()}${subscriptionPath(id)}`;
}

async function tell(hub: Hub, to: readonly string[], about: About, notice: Notice): Promise<void> {
  const subject = notice.subject.replace(/\s+/g, ' ').slice(0, 200);
  const text = `${notice.text}\n\nGatehouse developer hub\n`;
  try {
    for (const one of [...new Set(to)].slice(0, mostReceivers))
      await hub.send(hub.clock.newId(), { ...notice, subject, text, to: one });
  } catch (error) {
    const kind = Problem.from(error).kind;
    hub.log.log('warn', 'a notice could not be kept', { kind, template: notice.template });
  }
}
