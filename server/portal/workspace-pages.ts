/**
 * Workspaces as pages: the views of the sandbox's data that somebody may see, each with its patients, its reset, patients of
 * one's own and scenarios. An app's view is its team's, one that was made here its maker's, the shared one everybody's to
 * look at. Owns these pages; who may is workspace-reach.ts's.
 */
import { html, type Html } from '../../core/html.ts';
import { mustBeRight, nameFaults } from './checks.ts';
import type { PatientList } from './explain-ports.ts';
import { lookUpForm } from './explain-form.ts';
import { button, formOn, input, select, textarea } from './fields.ts';
import { blankForm, FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { code, inset, startLink, summaryList, table, time } from './parts.ts';
import { newSecret } from './secrets.ts';
import { makerOf, reachOf, seenBy, type Reached } from './workspace-reach.ts';

export function workspacePages(hub: Hub): Pages {
  return {
    '/workspaces': accountPage({ show: (visit) => overview(hub, visit) }),
    '/workspaces/new': accountPage({
      once: true,
      show: (visit, form) => ({
        ...{ title: 'Make a workspace', here: 'explain', form },
        back: { href: '/workspaces', text: 'Back to your workspaces' },
        content: html`<p>A view of the sandbox of your own: what is changed in it, others do not see. It ends seven days after it was last reset.</p>
${formOn(visit, html`${input(form, { name: 'name', label: 'Name' })}${button('Make the workspace')}`, { once: form.raw('form_once') || newSecret() })}`,
      }),
      async act({ me }, form) {
        mustBeRight(nameFaults(form, 'name', 'a name for the workspace'));
        const made = await hub.explain.workspaces.make(form.get('name'), makerOf(me));
        return { to: `/workspaces/${made.id}`, told: 'The workspace is made.' };
      },
    }),
    '/workspaces/:workspace': accountPage({
      show: (visit, form) => workspacePage(hub, visit, form),
      act: (visit, form) => act(hub, visit, form),
    }),
  };
}

async function overview(hub: Hub, visit: SignedIn): Promise<Page> {
  const reached = await reachOf(hub, visit.me);
  const rows = reached.map(({ told, whose }) => [
    html`<a href="/workspaces/${told.id}">${whose}</a>`,
    code(told.id),
    told.changed,
    told.expires === undefined ? 'Stays' : time(told.expires),
  ]);
  return {
    ...{
      title: 'Workspaces',
      here: 'explain',
      back: { href: '/explain', text: 'Back to Explain' },
    },
    content: html`<p>The sandbox shows each app its own view of the same invented patients. A call can name another view in the header ${code('X-Gatehouse-Workspace')}.</p>
${table('Views you may see', ['Whose', 'Name in calls', 'Records changed', 'Ends'], rows)}
${startLink('/workspaces/new', 'Make a workspace')}`,
  };
}

async function workspacePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await seenBy(hub, visit.me, visit.params.workspace ?? '');
  const { told, whose, may, actor } = reached;
  const born = (visit.query.get('born') ?? '').trim();
  const wrong = born !== '' && !/^\d{4}(-\d{2}){0,2}$/.test(born);
  const after = visit.query.get('after');
  const people = await hub.explain.workspaces.patients(
    told.id,
    {
      ...(born === '' || wrong ? {} : { born }),
      ...(after === null || after.length > 500 ? {} : { after }),
    },
    actor,
  );
  const asked = wrong
    ? {
        ...blankForm({ born }),
        faults: [{ field: 'born', text: 'Enter a year, or a date as 1985-04-26' }],
      }
    : blankForm({ born });
  return {
    ...{
      title: whose,
      here: 'explain',
      back: { href: '/workspaces', text: 'Back to your workspaces' },
    },
    form: wrong ? asked : form,
    content: html`${summaryList([
      { key: 'Name in calls', value: code(told.id) },
      { key: 'Records changed', value: told.changed },
      ...(told.expires === undefined ? [] : [{ key: 'Ends', value: time(told.expires) }]),
      ...(told.armed
        ? [
            {
              key: 'Scenario',
              value: html`${code(told.armed.scenario)} for the next ${told.armed.calls} calls`,
            },
          ]
        : []),
    ])}
<h2>Patients</h2>
${lookUpForm(input(asked, { name: 'born', label: 'Born from (optional)', width: 10, hint: 'A year, or a date as 1985-04-26' }), 'Show from there')}
${patientTable(people)}
${people.next === undefined ? undefined : html`<p><a href="/workspaces/${told.id}?${new URLSearchParams({ ...(born === '' ? {} : { born }), after: people.next }).toString()}">Next patients</a></p>`}
${may === 'change' ? deeds(hub, visit, form, reached) : inset('You may look at this view. Its owners may change it.')}`,
  };
}

function patientTable({ patients }: PatientList): Html {
  if (patients.length === 0) return html`<p>There are none from there on.</p>`;
  const rows = patients.map(({ nhsNumber, name, birthDate, gender, version }) => [
    html`<span class="hub-nowrap">${nhsNumber}</span>`,
    name,
    html`<span class="hub-nowrap">${birthDate}</span>`,
    gender,
    version,
  ]);
  return table('By birth date', ['NHS number', 'Name', 'Born', 'Gender', 'Version'], rows);
}

function deeds(hub: Hub, visit: SignedIn, form: Form, { told, removable }: Reached): Html {
  const scenarios = hub.explain.workspaces.scenarios.map(({ name, description }) => ({
    value: name,
    text: `${name}: ${description.slice(0, 80)}`,
  }));
  return html`<h2>Scenario for the next calls</h2>
<p>The next calls in this view are answered as on a bad day.</p>
${formOn(
  visit,
  html`${select(form, { name: 'scenario', label: 'Scenario', choices: scenarios })}${input(form, { name: 'calls', label: 'For how many calls', numeric: true, width: 5, value: '1' })}${button('Set the scenario', 'secondary')}`,
  { hidden: { deed: 'arm' } },
)}
${told.armed ? formOn(visit, button('End the scenario', 'secondary'), { hidden: { deed: 'disarm' } }) : undefined}
<h2>Patients of your own</h2>
<p>FHIR Patients as JSON: one, a list, a Bundle, or a line for each. Use invented people, with NHS numbers that begin with 999. What is there under the same number is replaced in this view.</p>
${formOn(visit, html`${textarea(form, { name: 'patients', label: 'Patients', rows: 8 })}${button('Put them in', 'secondary')}`, { hidden: { deed: 'seed' } })}
<h2>Reset</h2>
<p>Everything that was changed in this view is dropped: the default data show again.</p>
${formOn(visit, button('Reset the view', 'warning'), { hidden: { deed: 'reset' } })}
${removable ? html`<h2>Remove</h2>${formOn(visit, button('Remove the workspace', 'warning'), { hidden: { deed: 'remove' } })}` : undefined}`;
}

async function act(hub: Hub, visit: SignedIn, form: Form): Promise<Page | Move> {
  const { told, may, actor, removable } = await seenBy(hub, visit.me, visit.params.workspace ?? '');
  const { workspaces } = hub.explain;
  const to = `/workspaces/${told.id}`;
  if (may !== 'change')
    throw new FormRefused([{ text: 'Only its owners may change this view' }], 403);
  switch (form.get('deed')) {
    case 'reset': {
      const dropped = await workspaces.reset(told.id);
      return {
        to,
        told: `The view is as it was at first: ${dropped} changed records are dropped.`,
      };
    }
    case 'seed': {
      const text = form.raw('patients');
      if (text.trim() === '')
        throw new FormRefused([{ field: 'patients', text: 'Enter at least one Patient' }]);
      const kept = await workspaces.seed(told.id, text, actor);
      return { to, told: `${kept} patients are put in.` };
    }
    case 'arm': {
      await workspaces.arm(told.id, form.get('scenario'), callsIn(form));
      return { to, told: 'The scenario is set.' };
    }
    case 'disarm':
      await workspaces.disarm(told.id);
      return { to, told: 'The scenario is ended.' };
    case 'remove':
      if (!removable) throw new FormRefused([{ text: 'The view of an app cannot be removed' }]);
      await workspaces.remove(told.id);
      return { to: '/workspaces', told: 'The workspace is removed.' };
    default:
      throw new FormRefused([{ text: 'Choose what is to be done' }]);
  }
}

function callsIn(form: Form): number {
  const text = form.get('calls');
  const calls = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (calls < 1 || calls > 100_000)
    throw new FormRefused([{ field: 'calls', text: 'Enter a number from 1 to 100000' }]);
  return calls;
}
