/** Incidents as several pages show them. */
import { html, type Html } from '../../core/html.ts';
import {
  affectedText,
  isRunningMaintenance,
  type Incident,
  type IncidentState,
} from './incidents.ts';
import { tag, time } from './parts.ts';
import { titleOf } from './status-parts.ts';
import { stateTag } from './status-words.ts';

const stateWords: Readonly<Record<IncidentState, string>> = {
  planned: 'Planned',
  investigating: 'Investigating',
  identified: 'Cause found',
  monitoring: 'Watching',
  resolved: 'Resolved',
};

export function incidentTag(state: IncidentState): Html {
  return tag(
    stateWords[state],
    state === 'resolved' ? 'green' : state === 'planned' ? 'blue' : 'yellow',
  );
}

type Named = Parameters<typeof titleOf>[0];

/** What an incident affects: APIs by their names, environments by theirs. */
export function affectedIn(hub: Named, incident: Incident): string {
  return affectedText(incident, (api) => titleOf(hub, api));
}

/** One that is open, on pages of status. */
export function shortIncident(hub: Named, incident: Incident, now: number): Html {
  const { id, title, state, impact, updates } = incident;
  const last = updates.at(-1);
  const heading =
    incident.impact === 'maintenance'
      ? isRunningMaintenance(incident, now)
        ? 'Maintenance'
        : 'Planned maintenance'
      : 'Incident';
  return html`<div class="nhsuk-inset-text"><h2>${heading}: <a href="/status/incidents/${id}">${title}</a></h2>
<p>${incidentTag(state)} ${impact === 'maintenance' ? undefined : stateTag(impact)} ${affectedIn(hub, incident)}</p>
${last && html`<p>${last.text}</p><p>${time(last.at)}</p>`}</div>`;
}

/** When it was, in words. */
export function durationText({ began, ended }: Incident): Html {
  return ended === undefined
    ? html`since ${time(began)}`
    : html`from ${time(began)} to ${time(ended)}`;
}

/** A list of incidents with what became of them. */
export function incidentList(hub: Named, all: readonly Incident[]): Html {
  return html`<ul class="nhsuk-list hub-incidents">${all.map(
    (one) =>
      html`<li><h2><a href="/status/incidents/${one.id}">${one.title}</a></h2><p>${incidentTag(one.state)} ${affectedIn(hub, one)}, ${durationText(one)}</p></li>`,
  )}</ul>`;
}

export { stateWords };
