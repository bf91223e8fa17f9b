/** The endpoints of a Deployment: where it receives which interaction. */
import { html, type Html } from '../../core/html.ts';
import { contracts } from '../catalogue/systems/contracts.ts';
import { withoutEndpoint } from '../catalogue/systems/deployments.ts';
import { beside } from './app-reach.ts';
import {
  backToDeployment,
  deploymentOf,
  deploymentPath,
  type ReachedDeployment,
} from './deployment-reach.ts';
import { button, formOn, input, select } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { code, table } from './parts.ts';

export function endpointPages(hub: Hub): Pages {
  return {
    '/deployments/:deployment/endpoint': accountPage({
      show: (visit, form) => endpointPage(hub, visit, form),
      act: (visit, form) => putEndpoint(hub, visit, form),
    }),
  };
}

export function endpointSection({ deployment, may }: ReachedDeployment): Html | undefined {
  const { id, state, receives = [], endpoints = [] } = deployment;
  if (receives.length === 0 && endpoints.length === 0) return undefined;
  const rows = endpoints.map(({ interaction, url, contract }) => [
    code(interaction),
    code(url),
    contract,
  ]);
  const bare = withoutEndpoint(deployment).map((one) => html`<p>None yet for ${code(one)}.</p>`);
  return html`<h2>Endpoints</h2>
${rows.length === 0 ? undefined : table('Where it receives', ['Interaction', 'Address', 'Contract'], rows)}${bare}
${state !== 'requested' && may('app.change') ? html`<p><a href="${deploymentPath(id)}/endpoint">Add or replace an endpoint</a></p>` : undefined}`;
}

async function endpointPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await deploymentOf(hub, visit);
  const { deployment } = reached;
  const choices = deployment.interactions.map((value) => ({ value, text: value }));
  return {
    ...{ title: 'Endpoint', form, here: 'apps', back: backToDeployment(reached) },
    content: formOn(
      visit,
      html`${select(form, { name: 'interaction', label: 'Interaction', choices })}
${input(form, { name: 'url', label: 'Address', hint: `https, at ${deployment.fqdn ?? 'the name of the system'} or an IP number.`, type: 'url' })}
${select(form, { name: 'contract', label: 'How messages are answered and repeated', choices: contracts.map((value) => ({ value, text: value })) })}
${button('Save the endpoint')}`,
    ),
  };
}

async function putEndpoint(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { deployment, actor } = await deploymentOf(hub, visit);
  const interaction = deployment.interactions.find((one) => one === form.get('interaction'));
  const contract = contracts.find((one) => one === form.get('contract'));
  if (interaction === undefined)
    throw new FormRefused([{ field: 'interaction', text: 'Choose an interaction' }]);
  if (!contract) throw new FormRefused([{ field: 'contract', text: 'Choose a contract' }]);
  await beside('url', () =>
    hub.systems.endpoints.put(actor, deployment.id, {
      interaction,
      url: form.get('url'),
      contract,
    }),
  );
  return { to: deploymentPath(deployment.id), told: 'The endpoint is in the directory.' };
}
