/** Deleting an app: what goes with it, and what has to be ended before. The order of its end is the catalogue's. */
import { html, type Html } from '../../core/html.ts';
import { environments } from '../catalogue/environments.ts';
import { appOf, appPath, backToApp, versionIn, type Reached } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { deploymentPath } from './deployment-reach.ts';
import { button, formOn, input } from './fields.ts';
import { FormRefused } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Pages } from './page.ts';
import { code, list, warning } from './parts.ts';
import { subscriptionPath } from './subscription-reach.ts';

export function appEndPages(hub: Hub): Pages {
  return {
    '/apps/:app/delete': accountPage({
      async show(visit, form) {
        const reached = await appOf(hub, visit);
        const { app, version } = reached;
        const held = await holdings(hub, reached);
        return {
          ...{ title: 'Delete the app', form, here: 'apps', back: backToApp(app) },
          content:
            held.length > 0
              ? html`<h2>Before you can do this</h2><p>End what hangs on ${app.name}:</p>${list(held)}`
              : html`${whatGoes(hub, reached)}
${formOn(
  visit,
  html`${warning('This cannot be undone', 'The app calls nothing any more from the next call on. Its client ids are never given again.')}
${input(form, { name: 'name', label: `Type the name of the app (${app.name}) to delete it` })}${button('Delete the app', 'warning')}`,
  { hidden: { version: form.raw('version') || version } },
)}`,
        };
      },
      async act(visit, form) {
        const { app, actor } = await appOf(hub, visit);
        if (form.get('name') !== app.name)
          throw new FormRefused([{ field: 'name', text: 'This is not the name of the app' }]);
        await hub.administration.apps.end(actor, app.id, versionIn(form));
        return { to: '/apps', told: `${app.name} is deleted.` };
      },
    }),
  };
}

/** What has to be ended first. */
async function holdings(hub: Hub, { app, actor }: Reached): Promise<readonly Html[]> {
  const { items } = await hub.systems.deployments.list(actor, { app: app.id, limit: 200 });
  const deployments = items
    .filter(({ value }) => value.state !== 'ended')
    .map(
      ({ value: { id, odsCode, environment } }) =>
        html`<a href="${deploymentPath(id)}">the deployment at ${odsCode} in ${environmentName(environment)}</a>: end it on its page`,
    );
  const others = (await hub.administration.hooks.holds?.(app.id)) ?? [];
  return [
    ...deployments,
    ...others.map((one) => html`${one}: close it, or give it to another app`),
  ];
}

function whatGoes({ catalogue }: Hub, { app }: Reached): Html {
  const ids = environments.flatMap((environment) => {
    const one = app.registrations[environment];
    return one ? [html`${environmentName(environment)}: client id ${code(one.clientId)}`] : [];
  });
  const subscriptions = [...catalogue.subscriptions()].filter(
    ({ appId, state }) => appId === app.id && ['requested', 'active', 'suspended'].includes(state),
  );
  return html`<p>With the app end, in each environment, its client id, secrets, public keys and tokens:</p>
${ids.length === 0 ? html`<p>It is registered nowhere.</p>` : list(ids)}
<p>Its subscriptions are cancelled, and their keys with them:</p>
${
  subscriptions.length === 0
    ? html`<p>It has none.</p>`
    : list(
        subscriptions.map(
          ({ id, productId, environment }) =>
            html`<a href="${subscriptionPath(id)}">${catalogue.product(productId)?.name ?? productId}</a> in ${environmentName(environment)}`,
        ),
      )
}
<p>What it did stays in the audit, under its id (${code(app.id)}). <a href="${appPath(app.id)}/owner">Hand it to another team</a> where somebody else still needs it.</p>`;
}
