/** The Deployments of an App in a table. */
import { html, type Html } from '../../core/html.ts';
import type { Reached } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { deploymentColours, deploymentPath } from './deployment-reach.ts';
import type { Hub } from './hub-parts.ts';
import { code, table, tag } from './parts.ts';

export async function deploymentsOf(hub: Hub, { app, actor, may }: Reached): Promise<Html> {
  const { items } = await hub.systems.deployments.list(actor, { app: app.id, limit: 200 });
  const rows = items.map(({ value: one }) => [
    html`<a href="${deploymentPath(one.id)}">${one.odsCode}<span class="nhsuk-u-visually-hidden"> in ${one.environment}</span></a>`,
    environmentName(one.environment),
    tag(one.state, deploymentColours[one.state]),
    one.asid === undefined ? 'None yet' : code(one.asid),
    one.fqdn ?? 'None yet',
  ]);
  const head = ['Organisation', 'Environment', 'State', 'ASID', 'Name of the system'];
  return html`<p>The app at one organisation in one environment, with ASID and certificate. Needed where an API asks for an ASID.</p>
${rows.length === 0 ? html`<p>It has none yet.</p>` : table('Its deployments', head, rows)}
${may('app.change') ? html`<p><a href="/deployments/new?app=${app.id}">Request a deployment</a></p>` : undefined}`;
}
