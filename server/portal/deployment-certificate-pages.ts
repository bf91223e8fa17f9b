/** The certificates of a Deployment: listed, fetched, revoked, and decided on where that takes a second person. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import {
  revocationReasons,
  type KnownCertificate,
  type RevocationReason,
} from '../catalogue/systems/system-hooks.ts';
import { beside, proxiesOf } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import {
  backToDeployment,
  deploymentOf,
  deploymentPath,
  type ReachedDeployment,
} from './deployment-reach.ts';
import { button, formOn, input, select } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import {
  accountPage,
  type Download,
  type Move,
  type Page,
  type Pages,
  type SignedIn,
} from './page.ts';
import { code, startLink, summaryList, table, tag, time } from './parts.ts';

const here = 'apps';
const base = '/deployments/:deployment';

export function certificatePages(hub: Hub): Pages {
  return {
    [`${base}/certificates/:thumbprint`]: accountPage({
      show: (visit, form) => onePage(hub, visit, form),
      act: (visit, form) => revoke(hub, visit, form),
    }),
    [`${base}/certificates/:thumbprint/file`]: accountPage({ show: (visit) => file(hub, visit) }),
    [`${base}/certificates/:thumbprint/authorities`]: accountPage({
      show: (visit) => authorities(hub, visit),
    }),
    [`${base}/requests/:request`]: accountPage({
      show: (visit, form) => decisionPage(hub, visit, form),
      act: (visit, form) => decide(hub, visit, form),
    }),
  };
}

const colours = { active: 'green', superseded: 'grey', revoked: 'red' } as const;

/** All certificates, and what waits. */
export async function certificateSection(hub: Hub, reached: ReachedDeployment): Promise<Html> {
  const { deployment, actor, may } = reached;
  const { certificates } = hub.systems;
  const path = deploymentPath(deployment.id);
  const known = await certificates.list(actor, deployment.id);
  const waiting = await certificates.requests.list(actor, deployment.id);
  const rows = known.map((one) => [
    html`<a href="${path}/certificates/${one.thumbprint}">${one.serial.slice(0, 16)}<span class="nhsuk-u-visually-hidden">, the certificate of ${one.fqdn}</span></a>`,
    tag(one.state, colours[one.state]),
    time(one.notBefore),
    time(one.notAfter),
  ]);
  const left = waiting.map(
    ({ id, requested }) =>
      html`<p>A request from ${time(requested)} waits for a second person. ${may('app.approve') ? html`<a href="${path}/requests/${id}">Decide on it</a>` : undefined}</p>`,
  );
  const usable = deployment.state === 'approved' || deployment.state === 'live';
  return html`<h2>Certificates</h2>
${rows.length === 0 ? html`<p>It has none yet.</p>` : table('Its certificates', ['Serial number', 'State', 'From', 'Until'], rows)}${left}
${usable && may('app.credentials') ? html`<p><a href="${path}/certificate">Request a certificate, or renew one</a></p>` : undefined}`;
}

/** A certificate of another Deployment is not there. */
async function certificateOf(hub: Hub, visit: SignedIn) {
  const reached = await deploymentOf(hub, visit);
  const one = await hub.systems.certificates.read(reached.actor, visit.params.thumbprint ?? '');
  if (one.deployment === reached.deployment.id) return { reached, one };
  throw new Problem('not-found', 'There is no such certificate');
}

async function onePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { reached, one } = await certificateOf(hub, visit);
  const { deployment, may } = reached;
  const live = deployment.state === 'live';
  return {
    ...{ title: `Certificate of ${one.fqdn}`, form, here, back: backToDeployment(reached) },
    content: html`${certificateFacts(one)}
${startLink(`${visit.path}/file`, 'Save the certificate', 'secondary')}
<h2>Next step</h2>
<p>${live ? 'The deployment is live: call with this certificate and its key.' : 'Go back to the deployment and let it go live.'}</p>
${testCall(hub, reached, visit.path)}
${
  one.state === 'active' && may('app.revoke')
    ? html`<h2>Revoke it</h2><p>It is refused from the next connection on. Except for a hold, this cannot be taken back.</p>${formOn(
        visit,
        html`${select(form, { name: 'reason', label: 'Reason', choices: revocationReasons.map((value) => ({ value, text: reasonWords[value] })) })}${button('Revoke the certificate', 'warning')}`,
      )}`
    : undefined
}`,
  };
}

const reasonWords: Readonly<Record<RevocationReason, string>> = {
  unspecified: 'No special reason',
  keyCompromise: 'Its private key may be known to others',
  affiliationChanged: 'The organisation has changed',
  superseded: 'Another has taken its place',
  cessationOfOperation: 'The system is no longer used',
  certificateHold: 'On hold: it may come back',
};

function certificateFacts(one: KnownCertificate): Html {
  return summaryList([
    { key: 'State', value: tag(one.state, colours[one.state]) },
    { key: 'Names', value: one.dnsNames.join(', ') },
    { key: 'Serial number', value: code(one.serial) },
    { key: 'SHA-256 thumbprint', value: code(one.thumbprint) },
    { key: 'From', value: time(one.notBefore) },
    { key: 'Until', value: time(one.notAfter) },
    { key: 'Issuer', value: one.issuer },
    ...(one.revoked
      ? [
          {
            key: 'Revoked',
            value: html`${time(one.revoked.at)}: ${reasonWords[one.revoked.reason]}`,
          },
        ]
      : []),
  ]);
}

function testCall(hub: Hub, { deployment }: ReachedDeployment, path: string): Html | undefined {
  const { environment, fqdn = '', asid = '' } = deployment;
  const root = hub.systems.hooks.listener?.(environment);
  if (root === undefined) return undefined;
  if (proxiesOf(hub, 'personal-demographics', environment).length === 0)
    return html`<p>The Personal Demographics Service, good for a first call, does not run in ${environmentName(environment)}. <a href="/catalogue?environment=${environment}">What runs there</a>.</p>`;
  const known = hub.systems.hooks.listenerAuthorities?.(environment) === undefined;
  const call = `curl --cert ${fqdn}.crt --key ${fqdn}.key${known ? '' : ` --cacert ${fqdn}.ca`} -H 'NHSD-ASID: ${asid}' -H 'X-Request-ID: 60e0b220-8136-4ca5-ae46-1d97ef59d068' ${root}/personal-demographics/FHIR/R4/Patient/9000000009`;
  return html`<p>A first call, once it is live:</p>
<pre class="hub-secret" tabindex="0" role="region" aria-label="A first call"><code>${call}</code></pre>
${known ? undefined : html`<p><a href="${path}/authorities">Save the authorities to trust</a> (${fqdn}.ca)</p>`}`;
}

async function authorities(hub: Hub, visit: SignedIn): Promise<Download> {
  const { reached, one } = await certificateOf(hub, visit);
  const content = hub.systems.hooks.listenerAuthorities?.(reached.deployment.environment);
  if (content === undefined)
    throw new Problem('not-found', 'The listener shows a certificate that everybody trusts');
  return { file: `${one.fqdn}.ca`, type: 'application/x-pem-file', content };
}

async function file(hub: Hub, visit: SignedIn): Promise<Download> {
  const { one } = await certificateOf(hub, visit);
  return { file: `${one.fqdn}.crt`, type: 'application/x-pem-file', content: one.pem };
}

async function revoke(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { reached, one } = await certificateOf(hub, visit);
  const reason = revocationReasons.find((each) => each === form.get('reason'));
  if (!reason) throw new FormRefused([{ field: 'reason', text: 'Choose a reason' }]);
  await hub.systems.certificates.revoke(reached.actor, one.thumbprint, reason);
  return { to: deploymentPath(reached.deployment.id), told: 'The certificate is revoked.' };
}

async function decisionPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await deploymentOf(hub, visit);
  const waiting = await hub.systems.certificates.requests.list(
    reached.actor,
    reached.deployment.id,
  );
  const found = waiting.find(({ id }) => id === visit.params.request);
  if (!found) throw new Problem('not-found', 'There is no such request (any more)');
  return {
    ...{ title: 'Decide on a certificate', form, here, back: backToDeployment(reached) },
    content: html`${summaryList([
      { key: 'For', value: reached.deployment.fqdn ?? '' },
      { key: 'Asked for', value: time(found.requested) },
      {
        key: 'Use',
        value: found.profile === 'client' ? 'Calls only' : 'Calls, and its own endpoints',
      },
    ])}
${formOn(
  visit,
  html`${input(form, { name: 'reason', label: 'Reason (needed to reject)' })}<div class="hub-buttons">${button('Issue the certificate', undefined, 'approve')}${button('Reject', 'warning', 'reject')}</div>`,
)}`,
  };
}

async function decide(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { deployment, actor } = await deploymentOf(hub, visit);
  const { requests } = hub.systems.certificates;
  const id = visit.params.request ?? '';
  const to = deploymentPath(deployment.id);
  if (form.get('reject') === 'yes') {
    await beside('reason', () => requests.reject(actor, deployment.id, id, form.get('reason')));
    return { to, told: 'The request is rejected.' };
  }
  await requests.approve(actor, deployment.id, id);
  return { to, told: 'The certificate is issued.' };
}
