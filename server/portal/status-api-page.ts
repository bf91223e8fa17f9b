/** One Api: how it is in each environment, its last 90 days, its availability by month against the target, its incidents. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { toEnvironment } from '../catalogue/environments.ts';
import { environmentName } from './app-words.ts';
import { incidentList, shortIncident } from './incident-parts.ts';
import { affects, type Incident, type Incidents } from './incidents.ts';
import type { Page, Visit } from './page.ts';
import { table, tag, time } from './parts.ts';
import { dayBars } from './status-chart.ts';
import { titleOf, type StatusParts } from './status-parts.ts';
import type { DayOfChecks, InstanceHistory } from './status-port.ts';
import { monthText, percent, stateTag, stateWith } from './status-words.ts';

const year = 366 * 86_400_000;

/** @throws Problem `not-found` */
export async function apiStatusPage(
  hub: StatusParts,
  incidents: Incidents,
  visit: Visit,
): Promise<Page> {
  const { api = '' } = visit.params;
  const [all, open, past] = await Promise.all([
    hub.status.history(api),
    incidents.open(),
    incidents.since(visit.now - year),
  ]);
  if (all.length === 0) {
    if (hub.catalogue.api(api) === undefined)
      throw new Problem('not-found', 'There is no API of this name');
  }
  const concerns = (incident: Incident) =>
    all.some(({ environment }) => affects(incident, api, environment));
  const over = past.filter((one) => one.state === 'resolved' && concerns(one));
  return {
    ...{ title: `Status: ${titleOf(hub, api)}`, here: 'status' },
    back: { href: '/status', text: 'Status' },
    content: html`${open.filter(concerns).map((one) => shortIncident(hub, one, visit.now))}
${all.length === 0 ? html`<p>It runs nowhere, or has not been checked yet.</p>` : all.map((one) => instancePart(one, open, visit.now))}
<h2>Incidents of the last year</h2>
${over.length === 0 ? html`<p>There were none.</p>` : incidentList(hub, over)}
<p>A check counts as passed if the platform answers for the API and, where its back end can be asked, the back end says that it is well. Days are in UTC.</p>`,
  };
}

function instancePart(instance: InstanceHistory, open: readonly Incident[], now: number): Html {
  const { proxy, environment, since, checked, months, days } = instance;
  const name = proxy.startsWith(`${environment}.`) ? proxy.slice(environment.length + 1) : proxy;
  const known = toEnvironment(environment);
  const title = `${name} in ${known ? environmentName(known) : environment}`;
  const rows = months.map(({ month, value, target, missed }) => [
    monthText(month),
    percent(value),
    percent(target),
    missed ? tag('Below target', 'red') : tag('On target', 'green'),
  ]);
  return html`<section class="hub-instance"><h2>${title}</h2>
<p>${stateTag(stateWith(instance, open, now))} since ${time(since)}; last checked ${time(checked)}</p>
${dayBars(days, `Last 90 days of ${title}: ${daysText(days)}`)}
<p>${daysText(days)}</p>
${troubledDays(days)}
${rows.length === 0 ? undefined : table(`Availability of ${title}`, ['Month', 'Checks passed', 'Target', 'Result'], rows)}</section>`;
}

function daysText(days: readonly DayOfChecks[]): string {
  const checked = days.filter(({ all }) => all > 0);
  const whole = checked.filter(({ passed, all }) => passed === all).length;
  return `${checked.length} of 90 days checked, ${whole} of them without a failure`;
}

/** The days that the chart shows lower, in figures. */
function troubledDays(days: readonly DayOfChecks[]): Html | undefined {
  const some = days.filter(({ passed, all }) => passed < all).reverse();
  if (some.length === 0) return undefined;
  const items = some.map(
    ({ day, passed, all }) =>
      html`<li><time datetime="${day}">${day}</time>: ${percent(passed / all)} of ${all} checks passed</li>`,
  );
  return html`<details class="nhsuk-details"><summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">Days with failures</span></summary><div class="nhsuk-details__text"><ul>${items}</ul></div></details>`;
}
