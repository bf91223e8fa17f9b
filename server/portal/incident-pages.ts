/** Incidents: the list, one of them, and for who runs the platform reporting and updating them. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { Stored } from '../../core/store.ts';
import { environments } from '../catalogue/environments.ts';
import { may, must, type Actor } from '../catalogue/roles.ts';
import { mustBeRight, nameFaults } from './checks.ts';
import { button, checkboxes, formOn, input, radios, textarea } from './fields.ts';
import { blankForm, type Fault, type Form } from './form.ts';
import { environmentOptions } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { tellCallers } from './incident-notices.ts';
import {
  affectedIn,
  durationText,
  incidentList,
  incidentTag,
  stateWords,
} from './incident-parts.ts';
import {
  impacts,
  incidentRight,
  incidentStates,
  openIncidents,
  type Incident,
  type IncidentState,
  type Incidents,
  type NewIncident,
} from './incidents.ts';
import { accountPage, openPage, type Page, type Pages, type SignedIn, type Visit } from './page.ts';
import { summaryList, time } from './parts.ts';
import { newSecret } from './secrets.ts';
import { apiChoices } from './status-parts.ts';
import { stateTag } from './status-words.ts';

const year = 366 * 86_400_000;

export function incidentPages(hub: Hub): Pages {
  const incidents = openIncidents(hub);
  return {
    '/status/incidents': openPage({
      async show({ now }) {
        const all = await incidents.since(now - year);
        return {
          ...{ title: 'Incidents and maintenance', here: 'status' },
          back: { href: '/status', text: 'Status' },
          content:
            all.length === 0
              ? html`<p>There were none in the last year.</p>`
              : incidentList(hub, all),
        };
      },
    }),
    '/status/incidents/new': newPage(hub, incidents),
    '/status/incidents/:incident': incidentPage(hub, incidents),
    '/status/incidents/:incident/tell': tellPage(hub, incidents),
  };
}

function newPage(hub: Hub, incidents: Incidents) {
  return accountPage({
    once: true,
    show(visit, form) {
      must(visit.me.actor, incidentRight);
      const asked = form.sent ? form : blankForm({ apis: visit.query.get('api') ?? '' });
      const fields = html`${input(form, { name: 'title', label: 'What is wrong', hint: 'In a few words, as callers notice it' })}
${radios(form, { name: 'impact', label: 'How bad is it', choices: impacts.map((value) => ({ value, text: capital(value) })) })}
${checkboxes(form, { name: 'environment', label: 'Where', choices: environmentOptions })}
${checkboxes(asked, { name: 'apis', label: 'Which APIs', hint: 'None chosen: all', choices: apiChoices(hub) })}
${input(form, { name: 'began', label: 'When it began, or will begin (UTC)', hint: 'For example 2026-11-27 14:05', width: 20, value: minuteText(visit.now) })}
${radios(form, { name: 'state', label: 'Where we are', choices: stateChoices })}
${textarea(form, { name: 'text', label: 'What is known', hint: 'What callers should do, and when you will say more. No names of patients' })}
${input(form, { name: 'reference', label: 'Number at the service desk (optional)', width: 20 })}`;
      return {
        ...{ title: 'Report an incident', here: 'status', form },
        back: { href: '/status', text: 'Status' },
        content: html`<p>It is on the status page and in the feeds at once. Whoever looks after an app that called one of these APIs in the last seven days is sent a message.</p>${formOn(visit, html`${fields}${button('Report it')}`, { once: form.raw('form_once') || newSecret() })}`,
      };
    },
    async act(visit, form) {
      const made = await incidents.create(visit.me.actor, readIncident(hub, form));
      return tell(hub, incidents, visit.me.actor, made, 'The incident is open.');
    },
  });
}

function incidentPage(hub: Hub, incidents: Incidents) {
  return openPage({
    async show(visit, form): Promise<Page> {
      const { value, version } = await incidents.read(visit.params.incident ?? '');
      const writes = visit.me !== undefined && may(visit.me.actor, incidentRight);
      return {
        ...{ title: value.title, here: 'status', form },
        back: { href: '/status', text: 'Status' },
        content: html`${summaryList([
          { key: 'State', value: incidentTag(value.state) },
          { key: 'Impact', value: stateTag(value.impact) },
          { key: 'Affected', value: affectedIn(hub, value) },
          { key: 'When', value: durationText(value) },
          { key: 'Number', value: value.id },
          ...(value.reference === '' ? [] : [{ key: 'Service desk', value: value.reference }]),
        ])}
<h2>Updates</h2>
<ol class="nhsuk-list hub-thread" reversed>${value.updates.map((one, at) => updateShown(one, at, writes)).reverse()}</ol>
${writes && value.updates.some(({ told }) => told === undefined) ? formOn(visit, button('Send the notices that are missing', 'secondary'), { action: `/status/incidents/${value.id}/tell` }) : undefined}
${writes && value.state !== 'resolved' ? updateForm(visit, form, value, version) : undefined}`,
      };
    },
    async act(visit, form) {
      if (!visit.me) throw new Problem('forbidden', 'Sign in to write an update');
      mustBeRight(stateFaults(form), textFaults(form));
      const expected = Number(form.get('version'));
      const changed = await incidents.update(
        visit.me.actor,
        visit.params.incident ?? '',
        { state: stateIn(form), text: form.get('text') },
        Number.isInteger(expected) && expected > 0 ? expected : undefined,
      );
      return tell(hub, incidents, visit.me.actor, changed, 'The update is published.');
    },
  });
}

function updateForm(visit: Visit, form: Form, { state }: Incident, version: number): Html {
  const content = html`${radios(form, { name: 'state', label: 'Where we are', choices: stateChoices, value: state })}
${textarea(form, { name: 'text', label: 'What is known' })}${button('Publish the update')}`;
  return html`<h2>Write an update</h2>${formOn(visit, content, { hidden: { version } })}`;
}

function updateShown(
  { at, state, text, told }: Incident['updates'][number],
  n: number,
  writes: boolean,
): Html {
  const sent = !writes
    ? undefined
    : html`<p>${told === undefined ? 'Not all notices have been sent.' : `Sent to ${told} ${told === 1 ? 'address' : 'addresses'}.`}</p>`;
  return html`<li id="update-${n}"><p>${incidentTag(state)} ${time(at)}</p><p>${text}</p>${sent}</li>`;
}

/** For notices that a failure kept back. */
function tellPage(hub: Hub, incidents: Incidents) {
  return accountPage({
    show: ({ params }) => ({ to: `/status/incidents/${params.incident ?? ''}` }),
    async act(visit: SignedIn) {
      const { actor } = visit.me;
      must(actor, incidentRight);
      const incident = await incidents.read(visit.params.incident ?? '');
      return tell(hub, incidents, actor, incident, 'The notices are sent.');
    },
  });
}

/** Sends what has not been sent to all; who is told twice by a repetition gets it once. */
async function tell(
  hub: Hub,
  incidents: Incidents,
  actor: Actor,
  { value }: Stored<Incident>,
  done: string,
) {
  let addresses = 0;
  for (const [at, { told }] of value.updates.entries()) {
    if (told !== undefined) continue;
    addresses = await tellCallers(hub, value, at);
    await incidents.told(actor, value.id, at, addresses);
  }
  const sent = `${addresses} ${addresses === 1 ? 'address was' : 'addresses were'} told.`;
  return { to: `/status/incidents/${value.id}`, told: `${done} ${sent}` };
}

const stateChoices = incidentStates.map((value) => ({ value, text: stateWords[value] }));

/** @throws FormRefused */
function readIncident(hub: Hub, form: Form): NewIncident {
  const apis = form.all('apis').filter((one) => one !== '');
  const unknown = apis.find((id) => hub.catalogue.api(id) === undefined);
  const impact = impacts.find((one) => one === form.get('impact'));
  const where = environments.filter((one) => form.all('environment').includes(one));
  const began = minuteIn(form.get('began'));
  mustBeRight(
    nameFaults(form, 'title', 'what is wrong'),
    impact ? [] : [{ field: 'impact', text: 'Say how bad it is' }],
    where.length > 0 ? [] : [{ field: 'environment', text: 'Choose one environment or more' }],
    apis.length > 100 ? [{ field: 'apis', text: 'Name 100 APIs or fewer, or none for all' }] : [],
    unknown === undefined
      ? []
      : [{ field: 'apis', text: `There is no API ${unknown.slice(0, 64)}` }],
    began === undefined ? [{ field: 'began', text: 'Enter a time such as 2026-11-27 14:05' }] : [],
    stateFaults(form),
    textFaults(form),
    form.get('reference').length > 100
      ? [{ field: 'reference', text: 'Enter a number of at most 100 characters' }]
      : [],
  );
  return {
    ...{ title: form.get('title'), impact: impact ?? 'degraded', environments: where }, // judged above
    ...{ apis: [...new Set(apis)], began: began ?? hub.clock.now(), state: stateIn(form) },
    ...{ text: form.get('text'), reference: form.get('reference') },
  };
}

function stateFaults(form: Form): readonly Fault[] {
  return incidentStates.some((one) => one === form.get('state'))
    ? []
    : [{ field: 'state', text: 'Say where we are' }];
}

/** After `stateFaults`. */
function stateIn(form: Form): IncidentState {
  return incidentStates.find((one) => one === form.get('state')) ?? 'investigating';
}

function textFaults(form: Form): readonly Fault[] {
  const text = form.get('text');
  if (text === '') return [{ field: 'text', text: 'Say what is known' }];
  return text.length > 5_000
    ? [{ field: 'text', text: 'Say it in 5,000 characters or fewer' }]
    : [];
}

function minuteText(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ');
}

function minuteIn(text: string): number | undefined {
  const [, day = '', minute = ''] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)$/.exec(text) ?? [];
  const time = day === '' ? NaN : Date.parse(`${day}T${minute}:00Z`);
  return Number.isNaN(time) ? undefined : time;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
