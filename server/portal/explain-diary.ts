/**
 * The diary of refused handshakes for who owns the names: when, from where, and why a certificate of theirs was not let in.
 * Owns the page; whose a name is, the administration of systems judges.
 */
import { html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { RefusedHandshake } from '../catalogue/systems/system-hooks.ts';
import { environmentName } from './app-words.ts';
import { lookUpForm } from './explain-form.ts';
import { ownApps, type OwnApp } from './explain-reach.ts';
import { input } from './fields.ts';
import { blankForm, withFaults, type Fault } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { code, list, table, time } from './parts.ts';

export function diaryPages(hub: Hub): Pages {
  return { '/explain/handshakes': accountPage({ show: (visit) => diary(hub, visit) }) };
}

const most = 100;

async function diary(hub: Hub, visit: SignedIn): Promise<Page> {
  const apps = await ownApps(hub, visit.me);
  const names = await ownNames(hub, apps);
  const asked = (visit.query.get('fqdn') ?? '').trim().toLowerCase().slice(0, 300);
  const own = names.find(({ fqdn }) => fqdn === asked);
  const faults: readonly Fault[] =
    asked !== '' && !own
      ? [{ field: 'fqdn', text: 'Enter a name of one of your own systems' }]
      : [];
  const form = withFaults(blankForm({ fqdn: asked }), faults);
  const found = own ? await handshakes(hub, own) : undefined;
  const linked = names.map(
    ({ fqdn }) => html`<a href="/explain/handshakes?fqdn=${encodeURIComponent(fqdn)}">${fqdn}</a>`,
  );
  return {
    ...{
      title: 'Diary of handshakes',
      here: 'explain',
      back: { href: '/explain', text: 'Back to Explain' },
      form,
    },
    ...(faults.length > 0 ? { status: 422 } : {}),
    content: html`<p>Connections with a certificate that bears one of your names, and why they were refused. A connection that bore no certificate is in nobody's diary.</p>
${names.length === 0 ? html`<p>None of your deployments has a name yet.</p>` : html`<h2>Your names</h2>${list(linked)}`}
${lookUpForm(input(form, { name: 'fqdn', label: 'Name of a system', hint: 'For example ward.int.thirdparty.gatehouse.test' }), 'Show its diary')}
${found === undefined ? undefined : diaryView(asked, found)}`,
  };
}

interface OwnName {
  readonly fqdn: string;
  readonly own: OwnApp;
}

/** The names that were given: one that is only wished for may be another's. */
async function ownNames(hub: Hub, apps: readonly OwnApp[]): Promise<readonly OwnName[]> {
  const found = await Promise.all(
    apps.map(async (own) => {
      const { items } = await hub.systems.deployments.list(own.actor, { app: own.app.id });
      return items.flatMap(({ value: { fqdn, asid } }) =>
        fqdn === undefined || asid === undefined ? [] : [{ fqdn, own }],
      );
    }),
  );
  return found.flat();
}

async function handshakes(
  hub: Hub,
  { fqdn, own }: OwnName,
): Promise<readonly RefusedHandshake[] | undefined> {
  try {
    return await hub.systems.certificates.handshakes(own.actor, { fqdn, limit: most });
  } catch (error) {
    if (Problem.from(error).kind !== 'unavailable') throw error;
    return [];
  }
}

/** By the names of their settings. */
const listenerWords: Readonly<Record<string, string>> = {
  TLS_PORT: `That of all environments but ${environmentName('production')}`,
  TLS_PORT_PRODUCTION: `That of ${environmentName('production')}`,
};

function diaryView(name: string, found: readonly RefusedHandshake[]) {
  if (found.length === 0) return html`<p>No handshake of ${name} was refused lately.</p>`;
  const rows = found.map(({ at, address, listener, reason, serial }) => [
    time(at),
    code(reason),
    address,
    listenerWords[listener] ?? listener,
    serial === undefined ? 'Not seen' : code(serial),
  ]);
  return table(
    `Refused, newest first: ${name}`,
    ['When', 'Why', 'From', 'Listener', 'Serial'],
    rows,
  );
}
