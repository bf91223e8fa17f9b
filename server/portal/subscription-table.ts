/** Every subscription of every app of some teams, in a table. */
import { html, type Html } from '../../core/html.ts';
import type { Hub } from './hub-parts.ts';
import { table, tag, time, type TagColour } from './parts.ts';
import type { Team } from './teams.ts';

const colours: Readonly<Record<string, TagColour>> = {
  active: 'green',
  requested: 'yellow',
  suspended: 'yellow',
  rejected: 'red',
};

/** Every subscription of every app of these teams (R020). */
export function subscriptionTable(
  { catalogue }: Pick<Hub, 'catalogue'>,
  teams: readonly Team[],
): Html {
  const byCode = new Map(teams.map((team) => [team.id, team.name]));
  const rows = [...catalogue.subscriptions()].flatMap((one) => {
    const app = catalogue.app(one.appId);
    const team = app && byCode.get(app.owner);
    if (!app || team === undefined) return [];
    return [
      [
        catalogue.product(one.productId)?.name ?? one.productId,
        app.name,
        one.environment,
        tag(one.state, colours[one.state] ?? 'grey'),
        time(one.requested),
        team,
      ],
    ];
  });
  if (rows.length === 0) return html`<p>There are none yet.</p>`;
  const head = ['Product', 'App', 'Environment', 'State', 'Asked for', 'Team'];
  return table('All subscriptions', head, rows);
}
