/** Subscriptions in a table: of some teams, or of one App. */
import { html, type Html, type Part } from '../../core/html.ts';
import type { Subscription } from '../catalogue/products.ts';
import type { Reached } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { lastDay } from './day.ts';
import type { Hub } from './hub-parts.ts';
import { table, tag, time, type TagColour } from './parts.ts';
import { reader, subscriptionPath } from './subscription-reach.ts';
import type { Team } from './teams.ts';

const colours: Readonly<Record<Subscription['state'], TagColour>> = {
  active: 'green',
  requested: 'yellow',
  suspended: 'yellow',
  rejected: 'red',
  cancelled: 'grey',
  expired: 'grey',
};

export function subscriptionTag(state: Subscription['state']): Html {
  return tag(state, colours[state]);
}

/** Every subscription of every app of these teams (R020). */
export function subscriptionTable(
  { catalogue }: Pick<Hub, 'catalogue'>,
  teams: readonly Team[],
): Html {
  const byCode = new Map(teams.map((team) => [team.id, team.name]));
  const rows = [...catalogue.subscriptions()].flatMap((one): Part[][] => {
    const app = catalogue.app(one.appId);
    const team = app && byCode.get(app.owner);
    if (!app || team === undefined) return [];
    const product = catalogue.product(one.productId)?.name ?? one.productId;
    return [
      [
        link(one, product),
        html`<a href="/apps/${app.id}">${app.name}</a>`,
        environmentName(one.environment),
        subscriptionTag(one.state),
        dates(one),
        team,
        actions(one, product),
      ],
    ];
  });
  if (rows.length === 0) return html`<p>There are none yet.</p>`;
  const head = ['Product', 'App', 'Environment', 'State', 'Asked for', 'Team', 'Actions'];
  return table('All subscriptions', head, rows);
}

/** Those of one App, as they are in the store. */
export async function subscriptionsOf(hub: Hub, { app }: Reached): Promise<Html> {
  const { items } = await hub.administration.subscriptions.list(reader, {
    ...{ appId: app.id, limit: 200 },
  });
  if (items.length === 0)
    return html`<p>It has none yet, so it may call no API that needs one.</p>`;
  const rows = items.map(({ value: one }) => [
    link(one, hub.catalogue.product(one.productId)?.name ?? one.productId),
    environmentName(one.environment),
    subscriptionTag(one.state),
    dates(one),
  ]);
  return table('Its subscriptions', ['Product', 'Environment', 'State', 'Asked for'], rows);
}

function link({ id }: Subscription, product: string): Html {
  return html`<a href="${subscriptionPath(id)}">${product}</a>`;
}

function dates({ requested, ends }: Subscription): Html {
  return html`${time(requested)}${ends === undefined ? undefined : html`<br />Last day ${lastDay(ends)}`}`;
}

function actions({ id, state }: Subscription, product: string): Html | undefined {
  if (!['requested', 'active', 'suspended'].includes(state)) return undefined;
  return html`<a href="${subscriptionPath(id)}/cancel">Cancel<span class="nhsuk-u-visually-hidden"> ${product}</span></a>`;
}
