/** How the Apis are, for everybody: the overview. Owns what it shows; one Api with its history is status-api-page.ts's. */
import { html, type Html } from '../../core/html.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import { may } from '../catalogue/roles.ts';
import { environmentName, environmentShort } from './app-words.ts';
import { button, input } from './fields.ts';
import { blankForm } from './form.ts';
import { incidentRight, openIncidents, type Incident, type Incidents } from './incidents.ts';
import { shortIncident } from './incident-parts.ts';
import { openPage, type Page, type Pages, type Visit } from './page.ts';
import { startLink, table, time } from './parts.ts';
import { apiStatusPage } from './status-api-page.ts';
import { feedPages } from './status-feed.ts';
import type { InstanceStatus } from './status-port.ts';
import { titleOf, type StatusParts } from './status-parts.ts';
import { isTrouble, stateTag, stateWith, worstOf } from './status-words.ts';

export function statusPages(hub: StatusParts): Pages {
  const incidents = openIncidents(hub);
  return {
    '/status': openPage({ show: (visit) => overview(hub, incidents, visit) }),
    '/status/apis/:api': openPage({ show: (visit) => apiStatusPage(hub, incidents, visit) }),
    ...feedPages(hub, incidents),
  };
}

/** One for all: making it takes longer than comparing. */
const inOrder = new Intl.Collator('en');

/** Apis on one page. */
const pageSize = 100;

async function overview(hub: StatusParts, incidents: Incidents, visit: Visit): Promise<Page> {
  const [instances, open] = await Promise.all([hub.status.instances(), incidents.open()]);
  const query = (visit.query.get('q') ?? '').slice(0, 100).trim();
  const number = Math.trunc(Number(visit.query.get('page')));
  const page = number >= 1 && number <= 1_000 ? number : 1;
  const named = [...byApi(instances)]
    .map(([api, all]) => ({ api, title: titleOf(hub, api), all }))
    .filter(({ api, title }) => `${api} ${title}`.toLowerCase().includes(query.toLowerCase()))
    .sort((a, b) => inOrder.compare(a.title, b.title));
  const here = named.slice((page - 1) * pageSize, page * pageSize);
  const rows = here.map(({ api, title, all }) => [
    html`<a href="/status/apis/${api}">${title}</a>`,
    ...environments.map((environment) => cell(all, environment, open, visit.now)),
  ]);
  const form = blankForm({ q: query });
  const none =
    query === ''
      ? 'Nothing has been checked yet. It is within a minute of the start.'
      : 'No API has this in its name.';
  return {
    ...{ title: 'Status of the APIs', here: 'status' },
    content: html`${summary(instances, open, visit.now)}
${open.map((incident) => shortIncident(hub, incident, visit.now))}
<form method="get" action="/status" role="search" aria-label="Find an API">${input(form, { name: 'q', label: 'Find an API', width: 20, type: 'search' })}${button('Show', 'secondary')}</form>
${rows.length === 0 ? html`<p>${none}</p>` : table('Each API in each environment', ['API', ...environments.map(environmentShort)], rows)}
${pageTurner(query, page, named.length)}
${checkedText(instances)}
${visit.me && may(visit.me.actor, incidentRight) ? html`<p>${startLink('/status/incidents/new', 'Report an incident')}</p>` : undefined}
<h2>Follow</h2>
<ul class="nhsuk-list nhsuk-list--bullet hub-list"><li><a href="/status/incidents">Incidents and maintenance of the last year</a></li><li>Incidents <a href="/status/feed.xml">as RSS</a> and <a href="/status/feed.json">as JSON feed</a></li><li><a href="/status/status.json">States as JSON</a></li></ul>
<p>Whoever looks after an app is told of incidents by mail, at each API that the app called in the last seven days: the contact of the app, and the owners and admins of its team.</p>`,
  };
}

function byApi(instances: readonly InstanceStatus[]): Map<string, InstanceStatus[]> {
  const found = new Map<string, InstanceStatus[]>();
  for (const one of instances) {
    const known = found.get(one.api);
    if (known) known.push(one);
    else found.set(one.api, [one]);
  }
  return found;
}

function cell(
  all: readonly InstanceStatus[],
  environment: Environment,
  open: readonly Incident[],
  now: number,
): Html {
  const here = all.filter((one) => one.environment === environment);
  if (here.length === 0) return html`<span class="hub-none">not here</span>`;
  return stateTag(worstOf(here.map((one) => stateWith(one, open, now))));
}

function summary(
  instances: readonly InstanceStatus[],
  open: readonly Incident[],
  now: number,
): Html {
  const troubled = environments.flatMap((environment) => {
    const states = instances
      .filter((one) => one.environment === environment)
      .map((one) => stateWith(one, open, now));
    const count = states.filter(isTrouble).length;
    return count === 0
      ? []
      : [
          html`<li>${environmentName(environment)}: ${count} of ${states.length} ${stateTag(worstOf(states))}</li>`,
        ];
  });
  if (instances.length === 0) return html``;
  const reported = open.some(({ impact, began }) => impact !== 'maintenance' && began <= now);
  if (troubled.length === 0 && reported)
    return html`<p class="nhsuk-lede-text">Every check passes, but there is an incident.</p>`;
  if (troubled.length === 0)
    return html`<p class="nhsuk-lede-text">Everything that is checked works.</p>`;
  return html`<p class="nhsuk-lede-text">There is trouble in ${troubled.length === 1 ? 'one environment' : `${troubled.length} environments`}.</p><ul class="nhsuk-list nhsuk-list--bullet hub-list">${troubled}</ul>`;
}

function checkedText(instances: readonly InstanceStatus[]): Html {
  const checked = Math.max(0, ...instances.map((one) => one.checked));
  return html`<p>${checked === 0 ? undefined : html`Last checked: ${time(checked)}. `}Each API is checked every 15 seconds as a caller would, and its back end every minute. Three failures in a row are an outage, two successes its end. <a href="/environments">What each environment is for</a>.</p>`;
}

function pageTurner(query: string, page: number, count: number): Html | undefined {
  const pages = Math.ceil(count / pageSize);
  if (pages < 2) return undefined;
  const link = (to: number, text: string) =>
    to < 1 || to > pages
      ? undefined
      : html`<li><a href="/status?${new URLSearchParams({ ...(query === '' ? {} : { q: query }), page: String(to) }).toString()}">${text}</a></li>`;
  return html`<nav class="hub-turn" aria-label="Pages"><ul>${link(page - 1, 'Previous page')}<li>Page ${page} of ${pages}</li>${link(page + 1, 'Next page')}</ul></nav>`;
}
