/** A deployment is asked for: the form, what it must hold, and what the catalogue says to it. */
import { html } from '../../core/html.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import { appOf, backToApp, beside, linesOf, type Reached } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { mustBeRight } from './checks.ts';
import { deploymentPath } from './deployment-reach.ts';
import { button, checkboxes, formOn, input, select, textarea } from './fields.ts';
import { blankForm, FormRefused, type Fault, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { newSecret } from './secrets.ts';

const here = 'apps';

export function deploymentRequestPages(hub: Hub): Pages {
  return {
    '/deployments/new': accountPage({
      once: true,
      show: (visit, form) => newPage(hub, visit, form),
      act: (visit, form) => request(hub, visit, form),
    }),
  };
}

/** What systems usually send. */
const usual = [
  { value: 'urn:nhs:names:services:pds:PRPA_IN000203UK03', text: 'PDS: update a record' },
  { value: 'urn:nhs:names:services:pdsquery:QUPA_IN000005UK01', text: 'PDS: trace one person' },
  { value: 'urn:nhs:names:services:pdsquery:QUPA_IN000008UK02', text: 'PDS: retrieve a record' },
  { value: 'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05', text: 'GP2GP: request a record' },
];

/** The App that is named in the query. */
async function wanted(hub: Hub, visit: SignedIn): Promise<Reached> {
  return appOf(hub, visit, visit.query.get('app') ?? '');
}

async function newPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const { app, team } = await wanted(hub, visit);
  const named = visit.query.get('environment') ?? '';
  const there = environments.filter((one) => app.registrations[one]);
  const shown = form.sent
    ? form
    : {
        ...blankForm({
          ...{ environment: named, ods_code: team?.organisation?.odsCode ?? '' },
          ...{ product_name: app.name.slice(0, 100), product_version: '1.0' },
        }),
        all: (name: string) => (name === 'sends' ? [usual[0]?.value ?? ''] : []),
      };
  const example = await exampleFor(hub);
  const choices = there.map((value) => ({ value, text: environmentName(value) }));
  return {
    ...{ title: 'Request a deployment', form, here, back: backToApp(app) },
    content:
      choices.length === 0
        ? html`<p>The app is registered nowhere yet.</p>`
        : html`<p>${app.name} at one organisation in one environment. It gets an ASID, a party key and a name; in test environments at once, in production once a second person approves it.</p>
${formOn(
  visit,
  html`${select(shown, { name: 'environment', label: 'Environment', choices })}
${input(shown, { name: 'ods_code', label: 'ODS code of the organisation that uses the app', hint: example, width: 10 })}
${input(shown, { name: 'product_name', label: 'Name of the product', width: 20 })}
${input(shown, { name: 'product_version', label: 'Version of the product', width: 10 })}
${checkboxes(shown, { name: 'sends', label: 'What does it send?', hint: 'A FHIR app that only needs an ASID can keep what is chosen.', choices: usual })}
${textarea(shown, { name: 'more', label: 'Further interactions (optional)', hint: 'One a line, such as urn:nhs:names:services:psis:REPC_IN150016UK05.', rows: 3 })}
${textarea(shown, { name: 'receives', label: 'Which of them does it receive? (optional)', hint: 'One a line. Each needs an endpoint before it goes live.', rows: 2 })}
${input(shown, { name: 'fqdn', label: 'Name of the system (FQDN, optional)', hint: 'Left empty, one is made.' })}
${button('Request the deployment')}`,
  { once: form.raw('form_once') || newSecret() },
)}`,
  };
}

async function exampleFor(hub: Hub): Promise<string> {
  const invented = await hub.organisation('Y90003');
  return invented === undefined
    ? 'Looked up in the directory of this server.'
    : 'Looked up in the directory of this server. For tests, Y90003 is an invented one.';
}

async function request(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { app, actor } = await wanted(hub, visit);
  const environment = environments.find((one) => one === form.get('environment'));
  const odsCode = form.get('ods_code').toUpperCase();
  const interactions = [...new Set([...form.all('sends'), ...linesOf(form.raw('more'))])];
  mustBeRight(
    environment && app.registrations[environment]
      ? []
      : [{ field: 'environment', text: 'Choose an environment in which the app is registered' }],
    odsFaults(odsCode),
    lengthFaults(form, 'product_name', 100, 'the name of the product'),
    lengthFaults(form, 'product_version', 50, 'the version of the product'),
    interactions.length === 0
      ? [{ field: 'sends', text: 'Choose at least one interaction, or enter one below' }]
      : [],
  );
  const fqdn = form.get('fqdn').toLowerCase();
  const place: Environment = environment ?? 'sandbox'; // seen above
  const { value } = await besideItsField(() =>
    hub.systems.deployments.request(actor, {
      ...{ app: app.id, odsCode, environment: place, interactions },
      receives: linesOf(form.raw('receives')),
      product: { name: form.get('product_name'), version: form.get('product_version') },
      ...(fqdn === '' ? {} : { fqdn }),
    }),
  );
  return {
    to: deploymentPath(value.id),
    told:
      value.state === 'approved'
        ? `The deployment is approved. Its ASID is ${value.asid ?? ''}.`
        : 'The deployment is requested. Somebody else approves it.',
  };
}

/** The message of the catalogue stands beside the field that it names. */
async function besideItsField<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await beside('', act);
  } catch (error) {
    if (!(error instanceof FormRefused)) throw error;
    throw new FormRefused(error.faults.map(({ text }) => ({ field: fieldFor(text), text })));
  }
}

function fieldFor(text: string): string {
  if (text.startsWith('receives')) return 'receives';
  if (/^(an )?interaction/i.test(text)) return 'more';
  return /organisation/i.test(text) ? 'ods_code' : 'fqdn';
}

function odsFaults(code: string): readonly Fault[] {
  if (/^[A-Z0-9]{3,12}$/.test(code)) return [];
  return [{ field: 'ods_code', text: 'Enter an ODS code: 3 to 12 letters and digits' }];
}

function lengthFaults(form: Form, field: string, most: number, what: string): readonly Fault[] {
  const { length } = form.get(field);
  if (length === 0) return [{ field, text: `Enter ${what}` }];
  return length > most ? [{ field, text: `Enter ${what} of at most ${most} characters` }] : [];
}
