/**
 * Requests that wait too long: those who decide are reminded by mail, in one message for all of theirs, once in each period.
 * Owns whom and when; what waits is the catalogue's, and the outbox sends.
 */
import type { Clock } from '../core/clock.ts';
import type { Journal } from '../core/audit.ts';
import type { Page, Store } from '../core/store.ts';
import { appCollection } from './catalogue/apps.ts';
import {
  productCollection,
  subscriptionCollection,
  type Subscription,
} from './catalogue/products.ts';
import type { Mailbox } from './observe/mailbox.ts';
import { openAccounts } from './portal/accounts.ts';
import { decidersOf, mostReceivers } from './portal/deciders.ts';
import { openTeams } from './portal/teams.ts';
import type { ServedStore } from './store/served.ts';

export interface SubscriptionRemindersOptions {
  readonly store: Store & Pick<ServedStore, 'alone'>;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly mailbox: Pick<Mailbox, 'put'>;
  readonly publicUrl: () => string;
  /** A request that is older is reminded of, and again each time so many have gone by; 0: never. */
  readonly days: number;
}

const day = 24 * 3_600_000;

/** To be swept now and then; says how many messages were put. */
export function subscriptionReminders(options: SubscriptionRemindersOptions) {
  const { store, clock, mailbox, days } = options;
  const [subscriptions, apps, products] = [
    store.open(subscriptionCollection),
    store.open(appCollection),
    store.open(productCollection),
  ];
  const people = { accounts: openAccounts(options), teams: openTeams(options) };

  /** Those that wait longer than the period, oldest first. */
  const waiting = async (): Promise<readonly Subscription[]> => {
    const before = clock.now() - days * day;
    const found: Subscription[] = [];
    let after: string | undefined;
    do {
      const page: Page<Subscription> = await subscriptions.find({
        ...{ index: 'all', equals: ['all'], limit: 1000 },
        ...(after === undefined ? {} : { after }),
      });
      for (const { value } of page.items)
        if (value.state === 'requested' && value.requested <= before) found.push(value);
      after = page.next;
    } while (after !== undefined);
    return found.sort((a, b) => a.requested - b.requested);
  };
  const byReceiver = async (): Promise<ReadonlyMap<string, readonly string[]>> => {
    const lines = new Map<string, string[]>();
    for (const one of await waiting()) {
      const product = (await products.get(one.productId))?.value;
      const app = (await apps.get(one.appId))?.value;
      if (!product || !app) continue;
      const age = Math.floor((clock.now() - one.requested) / day);
      const line = `${product.name} for ${app.name} in ${one.environment}, for ${age} day(s):\n${options.publicUrl()}/subscriptions/${one.id}/decision`;
      for (const to of (await decidersOf(people, product)).slice(0, mostReceivers))
        lines.set(to, [...(lines.get(to) ?? []), line]);
    }
    return lines;
  };
  return {
    sweep: () =>
      store.alone('subscriptions.remind', async () => {
        if (days === 0) return 0;
        const period = Math.floor(clock.now() / (days * day));
        const all = await byReceiver();
        for (const [to, lines] of all)
          // The id makes it one in each period, however often this runs.
          await mailbox.put(`requests-waiting-${days}-${period}-${to}`, {
            ...{ to, template: 'requests-waiting' },
            subject: `${lines.length} request(s) wait for your decision`,
            text: `These wait for you, or for somebody else who decides:\n\n${lines.slice(0, 100).join('\n\n')}\n\nAll of them: ${options.publicUrl()}/requests\n\nGatehouse developer hub\n`,
          });
        return all.size;
      }),
  };
}
