/** The routes of administrators. */
import type { Administration } from './administration.ts';
import * as bodies from './api-bodies.ts';
import {
  bodyOf,
  conditionOf,
  document,
  idOf,
  managementBase,
  pageOf,
  pageReply,
  type Act,
} from './api-call.ts';
import { shownAdministrator } from './api-views.ts';

export function peopleActs({ people }: Administration): Readonly<Record<string, Act>> {
  return {
    'GET /administrators': async (actor, x) =>
      pageReply(await people.list(actor, pageOf(x)), shownAdministrator),
    'POST /administrators': async (actor, x) => {
      const stored = await people.create(actor, await bodyOf(x, bodies.toNewAdministrator));
      const location = `${managementBase}/administrators/${stored.id}`;
      return document(201, stored, shownAdministrator, { location });
    },
    'GET /administrators/:id': async (actor, x) =>
      document(200, await people.read(actor, idOf(x)), shownAdministrator),
    'PATCH /administrators/:id': async (actor, x) => {
      const expected = conditionOf(x);
      const fields = await bodyOf(x, bodies.toAdministratorChange);
      const stored = await people.change(actor, idOf(x), fields, expected);
      return document(200, stored, shownAdministrator);
    },
  };
}
