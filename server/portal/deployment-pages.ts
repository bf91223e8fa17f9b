/** Deployments: shown with what is missing, and moved from step to step. Asking for one, and certificates, have their own files. */
import { html, type Html } from '../../core/html.ts';
import type { Deployment } from '../catalogue/systems/deployments.ts';
import { backToApp, withoutCommands } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { certificateSection } from './deployment-certificate-pages.ts';
import { endpointSection } from './deployment-endpoint-pages.ts';
import {
  deploymentColours,
  deploymentOf,
  deploymentPath,
  type ReachedDeployment,
} from './deployment-reach.ts';
import { deploymentRequestPages } from './deployment-request-pages.ts';
import { button, formOn, input } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { code, list, startLink, summaryList, tag, time } from './parts.ts';

const here = 'apps';

export function deploymentPages(hub: Hub): Pages {
  return {
    ...deploymentRequestPages(hub),
    '/deployments/:deployment': accountPage({
      show: (visit, form) => onePage(hub, visit, form),
      act: (visit, form) => step(hub, visit, form),
    }),
  };
}

async function onePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await deploymentOf(hub, visit);
  const { app, deployment, actor } = reached;
  const { id, odsCode, environment } = deployment;
  const missing = (await hub.systems.deployments.missing(actor, id)).map(withoutCommands);
  return {
    ...{ title: `${app.name} at ${odsCode} in ${environmentName(environment)}`, form, here },
    back: backToApp(app),
    content: html`${facts(deployment)}
<h2>Next step</h2>
${nextStep(reached, missing)}
${steps(visit, reached, missing.length === 0)}
${await certificateSection(hub, reached)}
${endpointSection(reached)}
${suspension(visit, reached, form)}
${ending(visit, reached, form)}`,
  };
}

function facts(one: Deployment): Html {
  const {
    state,
    asid,
    partyKey,
    fqdn,
    product,
    interactions,
    receives = [],
    suspended,
    ended,
  } = one;
  const none = 'Given when it is approved';
  return summaryList([
    { key: 'State', value: tag(state, deploymentColours[state]) },
    { key: 'ASID', value: asid === undefined ? none : code(asid) },
    { key: 'Party key', value: partyKey === undefined ? none : code(partyKey) },
    { key: 'Name of the system (FQDN)', value: fqdn === undefined ? none : code(fqdn) },
    { key: 'Product', value: `${product.name} ${product.version}` },
    { key: 'Interactions', value: list(interactions.map((text) => code(text))) },
    {
      key: 'Receives',
      value: receives.length === 0 ? 'Nothing' : list(receives.map((text) => code(text))),
    },
    { key: 'Requested', value: time(one.requested.at) },
    ...(suspended
      ? [{ key: 'Suspended', value: html`${time(suspended.at)}: ${suspended.reason}` }]
      : []),
    ...(ended ? [{ key: 'Ended', value: html`${time(ended.at)}: ${ended.reason}` }] : []),
  ]);
}

function nextStep({ deployment, may }: ReachedDeployment, missing: readonly string[]): Html {
  const { id, state, waiting } = deployment;
  if (waiting) return html`<p>A change waits for somebody else to approve it.</p>`;
  if (state === 'requested')
    return html`<p>Somebody who runs the platform, and has not asked for it, approves it.</p>`;
  if (state === 'suspended')
    return html`<p>It is suspended. Resume it when the reason is gone.</p>`;
  if (state === 'ended')
    return html`<p>It has ended. Where it is needed again, ask for it anew: it gets another ASID.</p>`;
  if (state === 'live')
    return html`<p>It is live: calls with its certificate and ASID are let in.</p>`;
  const certificate = missing.some((text) => text.startsWith('a certificate'));
  return html`${missing.length === 0 ? html`<p>Nothing is missing: let it go live.</p>` : html`<p>Its ASID counts for calls with a token already. Before it goes live, for calls with a certificate, there is missing:</p>${list(missing)}`}
${certificate && may('app.credentials') ? startLink(`${deploymentPath(id)}/certificate`, 'Request a certificate') : undefined}`;
}

function steps(
  visit: SignedIn,
  { deployment, may }: ReachedDeployment,
  ready: boolean,
): Html | undefined {
  const { state, waiting } = deployment;
  const buttons = [
    ...((state === 'requested' || waiting) && may('app.approve')
      ? [button('Approve', undefined, 'approve')]
      : []),
    ...(state === 'approved' && ready && may('app.change')
      ? [button('Let it go live', undefined, 'live')]
      : []),
    ...(state === 'suspended' && may('app.change') ? [button('Resume', undefined, 'resume')] : []),
  ];
  if (buttons.length === 0) return undefined;
  return formOn(visit, html`<div class="hub-buttons">${buttons}</div>`);
}

function suspension(
  visit: SignedIn,
  { deployment, may }: ReachedDeployment,
  form: Form,
): Html | undefined {
  const { state } = deployment;
  if ((state !== 'live' && state !== 'approved') || !may('app.change')) return undefined;
  return html`<h2>Suspend it</h2>
${formOn(
  visit,
  html`<p>Suspended, it is refused from the next call on.</p>
${input(form, { name: 'reason', label: 'Reason' })}${button('Suspend', 'warning', 'suspend')}`,
)}`;
}

function ending(visit: SignedIn, { deployment, may }: ReachedDeployment, form: Form) {
  if (deployment.state === 'ended' || !may('app.revoke')) return undefined;
  return html`<h2>End it</h2>
${formOn(
  visit,
  html`<p>For good: it is refused from the next call on, its certificates are revoked, and nothing is routed to it. Its ASID is never given again.</p>
${input(form, { name: 'end_reason', label: 'Reason for the end' })}${button('End the deployment', 'warning', 'end')}`,
)}`;
}

async function step(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { deployment, actor } = await deploymentOf(hub, visit);
  const { id } = deployment;
  const { deployments } = hub.systems;
  const asked = (['approve', 'live', 'resume', 'suspend', 'end'] as const).find(
    (one) => form.get(one) === 'yes',
  );
  if (asked === 'suspend') await deployments.suspend(actor, id, reasonIn(form, 'reason'));
  else if (asked === 'end') await deployments.end(actor, id, reasonIn(form, 'end_reason'));
  else if (asked) await deployments[asked](actor, id);
  else throw new FormRefused([{ text: 'Choose one of the buttons' }]);
  const words = { approve: 'approved', live: 'live', resume: 'resumed', suspend: 'suspended' };
  const told = asked === 'end' ? 'has ended' : `is ${words[asked]}`;
  return { to: deploymentPath(id), told: `The deployment ${told}.` };
}

function reasonIn(form: Form, field: string): string {
  const reason = form.get(field);
  if (reason.length >= 3 && reason.length <= 500) return reason;
  throw new FormRefused([{ field, text: 'Enter a reason of 3 to 500 characters' }]);
}
