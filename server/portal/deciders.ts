/** Who decides on requests for a Product, and who manages a team, with their addresses. Owns whom; what is said, its callers. */
import type { Page } from '../../core/store.ts';
import type { Administrator } from '../catalogue/people.ts';
import type { Product } from '../catalogue/products.ts';
import type { Hub } from './hub-parts.ts';
import { manages } from './teams.ts';

type People = Pick<Hub, 'accounts' | 'teams'>;

/** So many receivers at most. */
export const mostReceivers = 50;

/** The owner of the customer's environment, or those who decide on all. */
export async function decidersOf(
  hub: People,
  { customer }: Pick<Product, 'customer'>,
): Promise<readonly string[]> {
  if (customer) return managersOf(hub, customer.owner);
  const deciding: string[] = [];
  let after: string | undefined;
  do {
    const page: Page<Administrator> = await hub.accounts.people.find({
      ...{ index: 'all', equals: ['all'], limit: 1000 },
      ...(after === undefined ? {} : { after }),
    });
    for (const { id, value } of page.items)
      if (value.state === 'active' && value.role === 'product-owner') deciding.push(id);
    after = page.next;
  } while (after !== undefined && deciding.length < mostReceivers);
  return emailsOf(hub, deciding);
}

/** Addresses of the owners and admins of a team. */
export async function managersOf(hub: People, code: string): Promise<readonly string[]> {
  const team = await hub.teams.find(code);
  const members = team?.value.members ?? [];
  return emailsOf(
    hub,
    members.filter(({ account }) => team && manages(team.value, account)).map((one) => one.account),
  );
}

async function emailsOf(hub: People, accounts: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(accounts.map((id) => hub.accounts.find(id)));
  return found.flatMap((one) => one?.value.email ?? []);
}
