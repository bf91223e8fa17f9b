/**
 * What the steps of Subscriptions stand on: their documents, Apps and Products, and whose they are. Owns no step.
 */
import type { App } from './apps.ts';
import type { Product, Subscription } from './products.ts';
import type { Ground, Records } from './records.ts';
import { may, must, type Action, type Actor } from './roles.ts';

export interface Parts {
  readonly ground: Ground;
  readonly records: Records<Subscription>;
  readonly apps: Records<App>;
  readonly products: Records<Product>;
}

/** The states of which an App has one Subscription to a Product at most. */
export const running: ReadonlySet<Subscription['state']> = new Set([
  'requested',
  'active',
  'suspended',
]);

/** As the role table asks for it. */
export async function ownerOf(
  { apps }: Parts,
  { appId }: Subscription,
): Promise<{ organisation: string }> {
  return { organisation: (await apps.read(appId)).value.owner };
}

/** The owner of the App, and the owner of the customer's environment that the Product leads into. */
export async function subjectOf(parts: Parts, subscription: Subscription) {
  const product = await parts.products.read(subscription.productId).catch(() => undefined);
  const customer = product?.value.customer;
  return {
    ...(await ownerOf(parts, subscription)),
    ...(customer ? { customer: { organisation: customer.owner } } : {}),
  };
}

/** On the way into a customer's environment its owner decides in the place of the product owners (R017). */
export function mustDecide(
  actor: Actor,
  right: Action,
  subject: Awaited<ReturnType<typeof subjectOf>>,
): void {
  const { customer } = subject;
  if (customer && right === 'subscription.decide')
    must(actor, 'subscription.decide.customer', customer);
  else if (!customer || !may(actor, 'subscription.decide.customer', customer))
    must(actor, right, subject);
}
