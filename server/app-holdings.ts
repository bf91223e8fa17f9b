/** What hangs on an App outside the catalogue, for whoever deletes it: its mailboxes. Owns the words. */
import type { Store } from '../core/store.ts';
import { mailboxCollection } from '../spine/mesh/mailboxes.ts';

/** Those that are open: one that is closed, or was given to another App, holds nothing. */
export function appHoldings(store: Store): (appId: string) => Promise<readonly string[]> {
  const mailboxes = store.open(mailboxCollection);
  return async (appId) => {
    const { items } = await mailboxes.find({ index: 'app', equals: [appId], limit: 1000 });
    return items.flatMap(({ value: { active, id, environment } }) =>
      active ? [`mailbox ${id} in ${environment}`] : [],
    );
  };
}
