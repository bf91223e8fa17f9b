/**
 * Subscriptions that were approved for a time: the team of the app is told ahead, and told again when it is over. Owns whom
 * and when; that it ends is the catalogue's, and the outbox sends.
 */
import type { Clock } from '../core/clock.ts';
import type { Journal } from '../core/audit.ts';
import type { Store } from '../core/store.ts';
import { appCollection } from './catalogue/apps.ts';
import { subscriptionCollection, type Subscription } from './catalogue/products.ts';
import type { SubscriptionAdministration } from './catalogue/subscription-administration.ts';
import type { Mailbox } from './observe/mailbox.ts';
import { openAccounts } from './portal/accounts.ts';
import { manages, openTeams } from './portal/teams.ts';
import type { ServedStore } from './store/served.ts';

export interface SubscriptionEndsOptions {
  readonly store: Store & Pick<ServedStore, 'alone'>;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly subscriptions: Pick<SubscriptionAdministration, 'expire'>;
  readonly mailbox: Pick<Mailbox, 'put'>;
  readonly publicUrl: () => string;
}

/** Days before the end on which the team is told. */
const ahead = [1, 7, 30];
const day = 24 * 3_600_000;

/** To be swept now and then; says how many have expired. */
export function subscriptionEnds(options: SubscriptionEndsOptions) {
  const { store, clock, subscriptions, mailbox } = options;
  const stored = store.open(subscriptionCollection);
  const apps = store.open(appCollection);
  const teams = openTeams(options);
  const accounts = openAccounts(options);

  const receivers = async (appId: string): Promise<readonly string[]> => {
    const app = (await apps.get(appId))?.value;
    const team = app && (await teams.find(app.owner));
    if (!team) return app?.contact.includes('@') ? [app.contact] : [];
    const members = team.value.members.filter(({ account }) => manages(team.value, account));
    const found = await Promise.all(members.map(({ account }) => accounts.find(account)));
    return found.flatMap((one) => one?.value.email ?? []);
  };
  const tell = async (one: Subscription, mark: string, what: string, text: string) => {
    const page = `${options.publicUrl()}/subscriptions/${one.id}`;
    for (const to of await receivers(one.appId))
      // The id makes each message one, however often this runs.
      await mailbox.put(`subscription-${one.id}-${one.ends ?? 0}-${mark}-${to}`, {
        ...{ to, template: 'subscription', subject: `Subscription to ${one.productId}: ${what}` },
        text: `${text}\n\n${page}\n\nGatehouse developer hub\n`,
      });
  };
  const tellAhead = async () => {
    const now = clock.now();
    const { items } = await stored.find({
      ...{ index: 'ends', to: new Date(now + 30 * day).toISOString(), limit: 1000 },
    });
    for (const { value: one } of items) {
      const left = ((one.ends ?? 0) - now) / day;
      const days = ahead.find((each) => left <= each);
      if (one.state !== 'active' || left <= 0 || days === undefined) continue;
      const text = `The subscription to ${one.productId} in ${one.environment} ends within ${days} day(s). Calls by it are refused then. If you need it longer, write to whoever decided on its page.`;
      await tell(one, String(days), `it ends within ${days} day(s)`, text);
    }
  };
  return {
    sweep: () =>
      store.alone('subscriptions.expire', async () => {
        await tellAhead();
        const expired = await subscriptions.expire();
        for (const one of expired)
          await tell(
            one,
            'over',
            'it has expired',
            `The subscription to ${one.productId} in ${one.environment} has expired: calls by it are refused. You can ask for it again.`,
          );
        return expired.length;
      }),
  };
}
