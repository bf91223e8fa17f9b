/** An App in one environment: what it needs, its credentials at a glance, addresses, approval and revocation. */
import { html, type Html } from '../../core/html.ts';
import { checkRegistration, smartAuthentications } from '../catalogue/app-rules.ts';
import type { Registration } from '../catalogue/apps.ts';
import { readRedirects, redirectField } from './app-fields.ts';
import { needList } from './app-needs.ts';
import {
  appPath,
  backToApp,
  backToPlace,
  beside,
  linesOf,
  placeOf,
  versionIn,
  type Placed,
} from './app-reach.ts';
import { environmentName, stateTag } from './app-words.ts';
import { button, formOn, input, radios, textarea, type Choice } from './fields.ts';
import { blankForm, FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { keyTable } from './key-table.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { code, inset, list, summaryList } from './parts.ts';

const here = 'apps';

export function registrationPages(hub: Hub): Pages {
  return {
    '/apps/:app/in/:environment': accountPage({ show: (visit) => placePage(hub, visit) }),
    '/apps/:app/in/:environment/addresses': accountPage({
      show: (visit, form) => addressPage(hub, visit, form),
      act: (visit, form) => changeAddresses(hub, visit, form),
    }),
    '/apps/:app/in/:environment/state': accountPage({
      show: (visit, form) => statePage(hub, visit, form),
      act: (visit, form) => decide(hub, visit, form),
    }),
  };
}

async function placePage(hub: Hub, visit: SignedIn): Promise<Page> {
  const placed = await placeOf(hub, visit);
  const { app, environment, registration, may } = placed;
  const path = appPath(app.id, environment);
  const { state, clientId, asid, partyKey } = registration;
  return {
    ...{ title: `${app.name} in ${environmentName(environment)}`, here, back: backToApp(app) },
    content: html`${summaryList([
      { key: 'State', value: stateTag(state) },
      {
        key: 'Client id',
        value: html`${code(clientId)}<br />It is the API key, too: an identifier and no secret.`,
      },
      { key: 'ASID', value: asid ?? 'None' },
      ...(partyKey === undefined ? [] : [{ key: 'Party key', value: partyKey }]),
    ])}
<h2>Next steps</h2>
${await needList(hub, placed)}
<h2>Credentials</h2>
${keyTable(placed)}
<h2>Callbacks</h2>
${addresses(registration)}
${may('app.change') ? html`<p><a href="${path}/addresses">Change addresses and sign-in</a></p>` : undefined}
${stateLinks(placed)}`,
  };
}

function addresses({ redirectUris, origins, launchUrl, smartAuthentication }: Registration): Html {
  const listed = (items: readonly string[]) =>
    items.length === 0 ? 'None' : list(items.map((one) => code(one)));
  return summaryList([
    { key: 'Redirect URIs', value: listed(redirectUris) },
    { key: 'Web origins', value: listed(origins) },
    { key: 'Launch address', value: launchUrl === undefined ? 'None' : code(launchUrl) },
    { key: 'SMART sign-in', value: smartWords[smartAuthentication] },
  ]);
}

function stateLinks({ app, environment, registration, may }: Placed): Html | undefined {
  const approve = may('app.approve') && registration.state !== 'approved';
  const revoke = may('app.revoke') && registration.state !== 'revoked';
  if (!approve && !revoke) return undefined;
  const text = approve ? 'Approve or revoke the registration' : 'Revoke the registration';
  return html`<h2>Stop it</h2><p><a href="${appPath(app.id, environment)}/state">${text}</a></p>`;
}

const smartWords: Readonly<Record<Registration['smartAuthentication'], string>> = {
  private_key_jwt: 'Proves itself with its public key',
  client_secret_basic: 'Proves itself with a client secret',
  none: 'A public client: PKCE alone',
};

async function addressPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const placed = await placeOf(hub, visit);
  const { redirectUris, origins, launchUrl = '', smartAuthentication } = placed.registration;
  const shown = form.sent
    ? form
    : blankForm({
        redirect_uris: redirectUris.join('\n'),
        origins: origins.join('\n'),
        ...{ launch_url: launchUrl, smart: smartAuthentication },
      });
  const choices: readonly Choice[] = smartAuthentications.map((value) => ({
    ...{ value, text: smartWords[value] },
  }));
  return {
    ...{ title: 'Addresses and sign-in', form, here, back: backToPlace(placed) },
    content: formOn(
      visit,
      html`${redirectField(shown)}
${textarea(shown, { name: 'origins', label: 'Web origins (optional)', hint: 'One a line, such as https://app.example.org. Those of the redirect URIs count anyway.', rows: 3 })}
${input(shown, { name: 'launch_url', label: 'Launch address (optional)', hint: 'Where an EHR opens a SMART app.', type: 'url' })}
${radios(shown, { name: 'smart', label: 'How it proves itself on the SMART face', choices })}
${button('Save')}`,
      { hidden: { version: form.raw('version') || placed.version } },
    ),
  };
}

async function changeAddresses(hub: Hub, visit: SignedIn, form: Form) {
  const { actor, at } = await placeOf(hub, visit);
  const redirectUris = await readRedirects(form);
  const origins = linesOf(form.raw('origins'));
  await beside('origins', () => {
    checkRegistration({ origins });
  });
  const launchUrl = form.get('launch_url');
  await beside('launch_url', () => {
    checkRegistration({ launchUrl });
  });
  const smart = smartAuthentications.find((one) => one === form.get('smart'));
  if (!smart) throw new FormRefused([{ field: 'smart', text: 'Choose how it proves itself' }]);
  const fields = { redirectUris, origins, launchUrl, smartAuthentication: smart };
  await hub.administration.apps.changeRegistration(actor, at, fields, versionIn(form));
  return { to: appPath(at.app, at.environment), told: 'The addresses are saved.' };
}

async function statePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const placed = await placeOf(hub, visit);
  const { app, environment, registration, version, may } = placed;
  const approve = may('app.approve') && registration.state !== 'approved';
  const revoke = may('app.revoke') && registration.state !== 'revoked';
  const hidden = { version: form.raw('version') || version };
  return {
    ...{ title: 'Approve or revoke', form, here, back: backToPlace(placed) },
    content: html`${summaryList([
      { key: 'App', value: app.name },
      { key: 'Environment', value: environmentName(environment) },
      { key: 'State', value: stateTag(registration.state) },
    ])}
${inset('Revoked, it gets no token and every call of it is refused, from the next moment on. Only those who run the platform can approve it again.')}
${formOn(
  visit,
  html`<div class="hub-buttons">${approve ? button('Approve', undefined, 'approve') : undefined}${revoke ? button('Revoke', 'warning', 'revoke') : undefined}</div>`,
  { hidden },
)}`,
  };
}

async function decide(hub: Hub, visit: SignedIn, form: Form) {
  const { actor, at } = await placeOf(hub, visit);
  const state =
    form.get('approve') === 'yes'
      ? 'approved'
      : form.get('revoke') === 'yes'
        ? 'revoked'
        : undefined;
  if (!state) throw new FormRefused([{ text: 'Choose one of the buttons' }]);
  await hub.administration.apps.decide(actor, at, state, versionIn(form));
  return { to: appPath(at.app, at.environment), told: `The registration is ${state}.` };
}
