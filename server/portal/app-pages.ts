/** Apps: list, register, show, change, hand to another team, and register in further environments. */
import { html, type Html } from '../../core/html.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import type { App } from '../catalogue/apps.ts';
import type { Actor } from '../catalogue/roles.ts';
import {
  appFields,
  environmentField,
  formFor,
  readApp,
  readEnvironments,
  readRedirects,
  redirectField,
} from './app-fields.ts';
import { appOf, appPath, backToApp, versionIn } from './app-reach.ts';
import { environmentName, kindWords, stateTag } from './app-words.ts';
import { deploymentsOf } from './deployment-table.ts';
import { button, formOn, select } from './fields.ts';
import { blankForm, FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { mailboxSection } from './mailbox-table.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { code, inset, startLink, summaryList, table, time } from './parts.ts';
import { newSecret } from './secrets.ts';
import { subscriptionsOf } from './subscription-table.ts';
import { actorIn, manages, type Team } from './teams.ts';

const here = 'apps';
const back = { href: '/apps', text: 'Back to apps' };

export function appPages(hub: Hub): Pages {
  return {
    '/apps': accountPage({ show: (visit) => appList(hub, visit) }),
    '/apps/new': accountPage({
      once: true,
      show: (visit, form) => newPage(hub, visit, form),
      act: (visit, form) => register(hub, visit, form),
    }),
    '/apps/:app': accountPage({ show: (visit) => appPage(hub, visit) }),
    '/apps/:app/change': accountPage({
      async show(visit, form) {
        const { app, version } = await appOf(hub, visit);
        return {
          ...{ title: 'Change the app', form, here, back: backToApp(app) },
          content: formOn(
            visit,
            html`${appFields(form.sent ? form : formFor(app))}${button('Save')}`,
            { hidden: { version: form.raw('version') || version } },
          ),
        };
      },
      async act(visit, form) {
        const { app, actor } = await appOf(hub, visit);
        await hub.administration.apps.change(actor, app.id, readApp(form), versionIn(form));
        return { to: appPath(app.id), told: 'The app is changed.' };
      },
    }),
    '/apps/:app/environments': accountPage({
      async show(visit, form) {
        const { app } = await appOf(hub, visit);
        const left = leftFor(app);
        return {
          ...{ title: 'Register in more environments', form, here, back: backToApp(app) },
          content:
            left.length === 0
              ? html`<p>It is registered in all of them.</p>`
              : formOn(visit, html`${environmentField(form, left)}${button('Register')}`),
        };
      },
      async act(visit, form) {
        const { app, actor } = await appOf(hub, visit);
        const chosen = readEnvironments(form);
        for (const environment of chosen)
          await hub.administration.apps.register(actor, app.id, environment);
        return {
          to: appPath(app.id),
          told: `The app is registered in ${chosen.map(environmentName).join(', ')}.`,
        };
      },
    }),
    '/apps/:app/owner': accountPage({
      show: (visit, form) => ownerPage(hub, visit, form),
      act: (visit, form) => handOver(hub, visit, form),
    }),
  };
}

async function myTeams(hub: Hub, { me }: SignedIn): Promise<readonly Team[]> {
  return (await hub.teams.of(me.account.id)).map(({ value }) => value);
}

async function appList(hub: Hub, visit: SignedIn): Promise<Page> {
  const teams = await myTeams(hub, visit);
  const rows = await Promise.all(
    teams.map(async (team) => {
      const actor = actorIn(team, visit.me.actor);
      const { items } = await hub.administration.apps.list(actor, { owner: team.id, limit: 200 });
      return items.map(({ value }) => rowOf(value, team));
    }),
  );
  const all = rows.flat();
  const head = ['App', 'Team', 'Registered in', 'Since'];
  return {
    ...{ title: 'Apps', here },
    content: html`<p>An app is what calls APIs. It has its own credentials in each environment, and subscribes to products.</p>
${all.length === 0 ? html`<p>Your teams have no app yet.</p>` : table('Apps of your teams', head, all)}
${teams.some((team) => manages(team, visit.me.account.id)) ? startLink('/apps/new', 'Register an app') : undefined}`,
  };
}

function rowOf({ id, name, created, registrations }: App, team: Team) {
  const where = environments.filter((one) => registrations[one]).map(environmentName);
  return [
    html`<a href="${appPath(id)}">${name}</a>`,
    team.name,
    where.length === 0 ? 'Nowhere yet' : where.join(', '),
    time(created),
  ];
}

/** The teams somebody may register apps for. */
async function managed(hub: Hub, visit: SignedIn): Promise<readonly Team[]> {
  return (await myTeams(hub, visit)).filter((team) => manages(team, visit.me.account.id));
}

function teamField(form: Form, teams: readonly Team[], label: string): Html {
  const choices = teams.map(({ id, name }) => ({ value: id, text: name }));
  return select(form, { name: 'team', label, choices });
}

async function newPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const teams = await managed(hub, visit);
  if (teams.length === 0)
    return {
      ...{ title: 'Register an app', here, back },
      content: html`<p>Apps belong to a team, and you are owner or admin of none.</p>${startLink('/teams/new', 'Create a team')}`,
    };
  const shown = form.sent
    ? form
    : withChosen(blankForm({ contact: visit.me.account.value.email }), 'environments', ['sandbox']);
  return {
    ...{ title: 'Register an app', form, here, back },
    content: formOn(
      visit,
      html`${teamField(shown, teams, 'Team that answers for it')}${appFields(shown)}${environmentField(shown)}${redirectField(shown)}${button('Register the app')}`,
      { once: form.raw('form_once') || newSecret() },
    ),
  };
}

function withChosen(form: Form, name: string, values: readonly string[]): Form {
  return { ...form, all: (field) => (field === name ? values : form.all(field)) };
}

async function register(hub: Hub, visit: SignedIn, form: Form) {
  const team = await teamIn(hub, visit, form);
  const fields = readApp(form);
  const chosen = readEnvironments(form);
  const redirectUris = await readRedirects(form);
  const { apps } = hub.administration;
  const actor: Actor = actorIn(team, visit.me.actor);
  const { id } = await apps.create(actor, { ...fields, owner: team.id });
  for (const environment of chosen) {
    await apps.register(actor, id, environment);
    if (redirectUris.length > 0)
      await apps.changeRegistration(actor, { app: id, environment }, { redirectUris });
  }
  return { to: appPath(id), told: `${fields.name} is registered.` };
}

async function teamIn(hub: Hub, visit: SignedIn, form: Form): Promise<Team> {
  const team = (await myTeams(hub, visit)).find(({ id }) => id === form.get('team'));
  if (team) return team;
  throw new FormRefused([{ field: 'team', text: 'Choose a team of yours' }]);
}

function leftFor({ registrations }: App): readonly Environment[] {
  return environments.filter((one) => !registrations[one]);
}

async function appPage(hub: Hub, visit: SignedIn): Promise<Page> {
  const reached = await appOf(hub, visit);
  const { app, team, may } = reached;
  const change = may('app.change');
  return {
    ...{ title: app.name, here, back },
    content: html`${summaryList([
      { key: 'Team', value: team ? html`<a href="/teams/${team.id}">${team.name}</a>` : app.owner },
      { key: 'Description', value: app.description === '' ? 'None' : app.description },
      { key: 'Kind', value: kindWords(app.kinds) },
      ...(change ? [{ key: 'Questions to', value: app.contact }] : []),
      { key: 'App id', value: code(app.id) },
    ])}
${change ? html`<p><a href="${appPath(app.id)}/change">Change the app</a></p><p><a href="${appPath(app.id)}/owner">Hand it to another team</a></p>${may('app.end') ? html`<p><a href="${appPath(app.id)}/delete">Delete the app</a></p>` : undefined}` : undefined}
<h2>Environments</h2>
${environmentTable(app)}
${change && leftFor(app).length > 0 ? html`<p><a href="${appPath(app.id)}/environments">Register in more environments</a></p>` : undefined}
<h2>Subscriptions</h2>
${await subscriptionsOf(hub, reached)}
${may('subscription.request') ? html`<p><a href="/subscriptions/new?app=${app.id}">Subscribe to a product</a></p>` : undefined}
<h2>Deployments</h2>
${await deploymentsOf(hub, reached)}
${may('mailbox.read') ? await mailboxSection(hub, reached) : undefined}`,
  };
}

function environmentTable(app: App): Html {
  const rows = environments.flatMap((environment) => {
    const one = app.registrations[environment];
    if (!one) return [];
    return [
      [
        html`<a href="${appPath(app.id, environment)}">${environmentName(environment)}</a>`,
        stateTag(one.state),
        code(one.clientId),
        nextFor(app, environment, one),
      ],
    ];
  });
  if (rows.length === 0) return html`<p>It is registered nowhere yet, so it cannot call.</p>`;
  return table('Where it is registered', ['Environment', 'State', 'Client id', 'Next step'], rows);
}

function nextFor(
  app: App,
  environment: Environment,
  one: NonNullable<App['registrations'][Environment]>,
): string | Html {
  if (one.state === 'pending') return 'Wait: somebody who runs the platform has to approve it';
  if (one.state === 'revoked') return 'Ask those who run the platform: it may not call';
  if (!one.keys && one.secrets.length === 0)
    return environment === 'production' ? 'Register a public key' : 'Register or make a key';
  return html`<a href="${appPath(app.id, environment)}">See what it needs to call<span class="nhsuk-u-visually-hidden"> in ${environmentName(environment)}</span></a>`;
}

async function ownerPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { app, version } = await appOf(hub, visit);
  const others = (await managed(hub, visit)).filter(({ id }) => id !== app.owner);
  return {
    ...{ title: 'Hand the app to another team', form, here, back: backToApp(app) },
    content: html`${inset('The new team takes over everything: credentials, subscriptions, deployments. Who is only in the old team sees nothing of it any more. Keys go on working.')}
${
  others.length === 0
    ? html`<p>You are owner or admin of no other team. Ask its owner to invite you as an admin first.</p>`
    : formOn(
        visit,
        html`${teamField(form, others, 'New team')}${button('Hand it over', 'warning')}`,
        {
          hidden: { version: form.raw('version') || version },
        },
      )
}`,
  };
}

async function handOver(hub: Hub, visit: SignedIn, form: Form) {
  const { app, actor, may } = await appOf(hub, visit);
  const team = await teamIn(hub, visit, form);
  const { apps } = hub.administration;
  if (may('app.change') && !manages(team, visit.me.account.id))
    throw new FormRefused([
      { field: 'team', text: 'Choose a team of which you are owner or admin' },
    ]);
  // The role table asks for both: who hands over may change it now, and was found to manage the team that takes it.
  const both: Actor = may('app.change') ? { ...actor, organisation: '*' } : actor;
  await apps.change(both, app.id, { owner: team.id }, versionIn(form));
  return { to: appPath(app.id), told: `${app.name} belongs to ${team.name} now.` };
}
