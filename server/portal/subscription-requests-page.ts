/** What waits for a decision of the visitor: requests for products, registrations, deployments in production. */
import { html, type Html, type Part } from '../../core/html.ts';
import { environments } from '../catalogue/environments.ts';
import { may, type Actor } from '../catalogue/roles.ts';
import { deploymentPath } from './deployment-reach.ts';
import { appPath } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Pages, type SignedIn } from './page.ts';
import { table, time } from './parts.ts';
import { deciderOf, subscriptionPath, teamsOf } from './subscription-reach.ts';
import type { Team } from './teams.ts';

export function requestsPage(hub: Hub): Pages {
  return {
    '/requests': accountPage({
      async show(visit) {
        const { actor } = visit.me;
        const rows = subscriptionRows(hub, actor, await teamsOf(hub, visit));
        const approves = may(actor, 'app.approve');
        return {
          ...{ title: 'Requests', here: 'requests' },
          content: html`<h2>Subscriptions</h2>
${shown('Requests for products', ['Request', 'Environment', 'What for', 'Asked for'], rows)}
${approves ? html`<h2>Registrations</h2>${shown('Apps that wait for approval', ['App', 'Environment', 'Owner'], registrationRows(hub))}` : undefined}
${approves ? html`<h2>Deployments</h2>${shown('Deployments that wait for approval', ['App', 'Environment', 'Organisation', 'Asked for'], await deploymentRows(hub, actor))}` : undefined}`,
        };
      },
    }),
  };
}

/** How many things wait for the visitor's decision. */
export async function requestsFor(hub: Hub, visit: SignedIn): Promise<number> {
  const { actor } = visit.me;
  const asked = subscriptionRows(hub, actor, await teamsOf(hub, visit)).length;
  if (!may(actor, 'app.approve')) return asked;
  return asked + registrationRows(hub).length + (await deploymentRows(hub, actor)).length;
}

function shown(caption: string, head: readonly string[], rows: readonly Part[][]): Html {
  return rows.length === 0 ? html`<p>Nothing waits for you.</p>` : table(caption, head, rows);
}

function subscriptionRows(hub: Hub, actor: Actor, teams: readonly Team[]): Part[][] {
  const { catalogue } = hub;
  return [...catalogue.subscriptions()]
    .filter(({ state }) => state === 'requested')
    .sort((a, b) => a.requested - b.requested)
    .flatMap(({ id, appId, productId, environment, purpose = 'Not said', requested }) => {
      const product = catalogue.product(productId);
      const app = catalogue.app(appId);
      if (!product || !app || !deciderOf(actor, teams, product)) return [];
      return [
        [
          html`<a href="${subscriptionPath(id)}/decision">${product.name} for ${app.name}</a>`,
          environmentName(environment),
          purpose.length > 200 ? `${purpose.slice(0, 200)}…` : purpose,
          html`${time(requested)}<br />${ageIn(hub.clock.now() - requested)}`,
        ],
      ];
    });
}

/** How long it has waited; the queue is oldest first. */
function ageIn(milliseconds: number): string {
  const days = Math.floor(milliseconds / 86_400_000);
  return days === 0 ? 'Waits for less than a day' : `Waits for ${days} day${days === 1 ? '' : 's'}`;
}

function registrationRows({ catalogue }: Hub): Part[][] {
  return [...catalogue.apps()].flatMap((app) =>
    environments
      .filter((one) => app.registrations[one]?.state === 'pending')
      .map((one) => [
        html`<a href="${appPath(app.id, one)}/state">${app.name}</a>`,
        environmentName(one),
        app.owner,
      ]),
  );
}

async function deploymentRows(hub: Hub, actor: Actor): Promise<Part[][]> {
  const rows: Part[][] = [];
  let after: string | undefined;
  do {
    const page: Awaited<ReturnType<typeof hub.systems.deployments.list>> =
      await hub.systems.deployments.list(actor, { limit: 200, ...(after ? { after } : {}) });
    for (const { value: one } of page.items)
      if (one.state === 'requested' || one.waiting)
        rows.push([
          html`<a href="${deploymentPath(one.id)}">${hub.catalogue.app(one.app)?.name ?? one.app}</a>`,
          environmentName(one.environment),
          one.odsCode,
          time(one.waiting?.at ?? one.requested.at),
        ]);
    after = page.next;
  } while (after !== undefined);
  return rows;
}
