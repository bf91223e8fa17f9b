/** What hangs on a team: it has to go, or to go elsewhere, before the team can end. */
import { html, type Html } from '../../core/html.ts';
import { appPath } from './app-reach.ts';
import type { Hub } from './hub-parts.ts';
import type { Team } from './teams.ts';

/** Apps, APIs and environments of customers that a team answers for, each with its page. */
export function belongingsOf({ catalogue }: Pick<Hub, 'catalogue'>, { id }: Team): readonly Html[] {
  const apps = [...catalogue.apps()].filter(({ owner }) => owner === id);
  const apis = [...catalogue.apis()].filter(({ owner }) => owner === id);
  const products = [...catalogue.products()].filter(({ customer }) => customer?.owner === id);
  return [
    ...apps.map((app) => html`the app <a href="${appPath(app.id)}">${app.name}</a>`),
    ...apis.map((api) => html`the API <a href="/catalogue/${api.id}">${api.title}</a>`),
    ...products.map(
      (one) => html`the environment of <a href="/products/${one.id}">${one.name}</a>`,
    ),
  ];
}
