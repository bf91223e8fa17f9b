/**
 * The public keys of a registration: added from a file or a text (key-sent.ts), or made by the platform. What else is done about
 * keys is in key-care-pages.ts.
 */
import { html } from '../../core/html.ts';
import type { PublicJwk } from '../catalogue/apps.ts';
import { appPath, backToPlace, beside, placeOf, versionIn } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import { keyAttempts, mustNotExceed } from './attempts.ts';
import { button, formOn, input, radios } from './fields.ts';
import type { Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { fileWord, handOver } from './key-handover.ts';
import { keyFields, publicHalfOnly, sentKeys, shownAgain } from './key-sent.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { inset } from './parts.ts';
import { newSecret } from './secrets.ts';

const here = 'apps';
const base = '/apps/:app/in/:environment/keys';

export function keyPages(hub: Hub): Pages {
  return {
    [`${base}/new`]: accountPage({
      files: true,
      show: (visit, form) => newPage(hub, visit, form),
      act: (visit, form) => addKey(hub, visit, form),
    }),
    [`${base}/make`]: accountPage({
      once: true,
      show: (visit, form) => makePage(hub, visit, form),
      act: (visit, form) => makeKey(hub, visit, form),
    }),
  };
}

async function newPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const placed = await placeOf(hub, visit);
  const shown = shownAgain(form);
  const { keys } = placed.registration;
  return {
    ...{ title: 'Add a public key', form, here, back: backToPlace(placed) },
    content: html`${publicHalfOnly}
${keys?.kind === 'url' ? inset('The keys are read from an address now. A key that is added here takes the place of the address.') : undefined}
${formOn(
  visit,
  html`${keyFields(shown, 'RSA of 2,048 bits or more, or P-256 or P-384.')}
${input(shown, { name: 'kid', label: 'Key id (kid, optional)', hint: 'Your app names it in its assertions. Left empty, a free name is given, or that of the JWK.', width: 20 })}
${button('Add the key')}`,
  { hidden: { version: form.raw('version') || placed.version }, files: true },
)}`,
  };
}

async function addKey(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const placed = await placeOf(hub, visit);
  const { actor, at, registration } = placed;
  const { field, keys: found } = await sentKeys(form, (key) =>
    hub.administration.keys.set(actor, at, { keys: [key] }),
  );
  const before = registration.keys?.kind === 'value' ? registration.keys.keys : [];
  const named = withNames(found, form.get('kid'), before);
  const { keys } = hub.administration;
  await beside(named.length === 1 && form.get('kid') !== '' ? 'kid' : field, () =>
    keys.set(actor, at, { keys: [...before, ...named] }, versionIn(form)),
  );
  const names = named.map(({ kid }) => String(kid)).join(', ');
  return {
    to: appPath(at.app, at.environment),
    told: `The public key is registered: its kid is ${names}. Sign assertions with its private half.`,
  };
}

function withNames(
  found: readonly Readonly<Record<string, unknown>>[],
  wanted: string,
  before: readonly PublicJwk[],
): readonly Readonly<Record<string, unknown>>[] {
  const taken = new Set(before.map(({ kid }) => kid));
  const free = () => {
    let n = 1;
    while (taken.has(`key-${n}`)) n++;
    taken.add(`key-${n}`);
    return `key-${n}`;
  };
  return found.map((key) => {
    if (wanted !== '' && found.length === 1) return { ...key, kid: wanted };
    return typeof key.kid === 'string' && key.kid !== '' ? key : { ...key, kid: free() };
  });
}

async function makePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const placed = await placeOf(hub, visit);
  const bits = [
    { value: '4096', text: '4,096 bits', hint: 'Takes a second or two to make.' },
    { value: '2048', text: '2,048 bits', hint: 'The least that is taken.' },
  ];
  const production = placed.environment === 'production';
  return {
    ...{ title: 'Have a key pair made', form, here, back: backToPlace(placed) },
    content: production
      ? html`<p>No private key is made here for production: make the pair where it will be used, and add its public half.</p>`
      : html`<p>For a quick start in a test environment. The public half is registered beside the keys there are; the private half is shown to you once and kept nowhere.</p>
${formOn(
  visit,
  html`${radios(form, { name: 'bits', label: 'How long?', value: '2048', choices: bits })}
${input(form, { name: 'kid', label: 'Key id (kid, optional)', hint: 'Left empty, a free name is given.', width: 20 })}
${button('Make the key pair')}`,
  { once: form.raw('form_once') || newSecret() },
)}`,
  };
}

async function makeKey(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const placed = await placeOf(hub, visit);
  const { app, environment, actor, at } = placed;
  const kid = form.get('kid');
  await mustNotExceed(hub, keyAttempts(visit.me.account.id));
  const made = await beside('kid', () =>
    hub.administration.keys.generate(actor, at, {
      bits: form.get('bits') === '4096' ? 4096 : 2048,
      ...(kid === '' ? {} : { kid }),
    }),
  );
  return handOver(hub, visit, {
    title: `Private key of ${app.name} in ${environmentName(environment)}`,
    about: `Its kid is ${made.kid}. Sign client assertions with it (RS512), with kid ${made.kid} in their header and the client id ${placed.registration.clientId} as iss and sub.`,
    text: made.privateKey.trim(),
    file: `${fileWord(app.name)}-${environment}-${fileWord(made.kid)}.pem`,
    back: backToPlace(placed),
  });
}
