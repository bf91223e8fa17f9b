/** The public keys of a registration: read from an address, checked, removed. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { PublicJwk } from '../catalogue/apps.ts';
import { appPath, backToPlace, beside, placeOf, versionIn, type Placed } from './app-reach.ts';
import { button, formOn, input } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { keyKind } from './key-table.ts';
import { accountPage, type Move, type Page, type Pages, type SignedIn } from './page.ts';
import { code, inset, table, tag } from './parts.ts';

const here = 'apps';
const base = '/apps/:app/in/:environment/keys';

export function keyCarePages(hub: Hub): Pages {
  return {
    [`${base}/address`]: accountPage({
      show: (visit, form) => addressPage(hub, visit, form),
      act: (visit, form) => setAddress(hub, visit, form),
    }),
    [`${base}/check`]: accountPage({ show: (visit) => checkPage(hub, visit) }),
    [`${base}/remove/:kid`]: accountPage({
      show: (visit, form) => removePage(hub, visit, form),
      act: (visit, form) => removeKey(hub, visit, form),
    }),
  };
}

async function addressPage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const placed = await placeOf(hub, visit);
  const { keys } = placed.registration;
  return {
    ...{ title: 'Address of a key set', form, here, back: backToPlace(placed) },
    content: html`${inset('The key set at this address takes the place of all keys that are registered here.')}
${formOn(
  visit,
  html`${input(form, { name: 'url', label: 'Address of the key set (JWKS URL)', hint: 'https. It is read when an assertion bears a kid that is not known yet.', type: 'url', value: keys?.kind === 'url' ? keys.url : '' })}
${button('Save')}`,
  { hidden: { version: form.raw('version') || placed.version } },
)}`,
  };
}

async function setAddress(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const { actor, at } = await placeOf(hub, visit);
  await beside('url', () =>
    hub.administration.keys.setUrl(actor, at, form.get('url'), versionIn(form)),
  );
  return {
    to: `${appPath(at.app, at.environment)}/keys/check`,
    told: 'The address is saved. Below is what was found there.',
  };
}

async function checkPage(hub: Hub, visit: SignedIn): Promise<Page> {
  const placed = await placeOf(hub, visit);
  const { good, fault, keys } = await hub.administration.keys.check(placed.actor, placed.at);
  const { keys: held } = placed.registration;
  const known = held?.kind === 'value' ? held.keys : [];
  const rows = keys.map(({ kid, kty, crv, alg }) => [
    code(kid),
    keyKind({ kty, ...(crv ? { crv } : {}), ...sizeOf(known, kid) }),
    alg ?? 'Any',
  ]);
  return {
    ...{ title: 'Check of the keys', here, back: backToPlace(placed) },
    content: html`<p>${good ? tag('Good', 'green') : tag('Not usable', 'red')} ${good ? 'The authorisation server can use what is registered.' : fault}</p>
${rows.length === 0 ? undefined : table('Keys that were found', ['Key id (kid)', 'Kind', 'Algorithm'], rows)}`,
  };
}

function sizeOf(known: readonly PublicJwk[], kid: string): { n?: string } {
  const n = known.find((one) => one.kid === kid)?.n;
  return n === undefined ? {} : { n };
}

async function removePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const placed = await placeOf(hub, visit);
  const kid = kidIn(visit);
  const key = keyOf(placed, kid);
  return {
    ...{ title: 'Remove a public key', form, here, back: backToPlace(placed) },
    content: removal(visit, key, kid, form.raw('version') || placed.version, isLast(placed)),
  };
}

function removal(
  visit: SignedIn,
  key: PublicJwk,
  kid: string,
  version: string | number,
  last: boolean,
): Html {
  if (last)
    return html`<p>${code(kid)} is the only key. Add its successor first; then this one can be removed.</p>`;
  return html`<p>Assertions that are signed with ${code(kid)} (${keyKind(key)}) are refused from the next moment on.</p>
${formOn(visit, button('Remove the key', 'warning'), { hidden: { version } })}`;
}

async function removeKey(hub: Hub, visit: SignedIn, form: Form): Promise<Move> {
  const placed = await placeOf(hub, visit);
  const { actor, at, registration } = placed;
  const kid = kidIn(visit);
  keyOf(placed, kid);
  if (isLast(placed)) throw new FormRefused([{ text: 'It is the only key: add another first' }]);
  const left = registration.keys?.kind === 'value' ? registration.keys.keys : [];
  const keys = left.filter((one) => one.kid !== kid);
  await hub.administration.keys.set(actor, at, { keys }, versionIn(form));
  return { to: appPath(at.app, at.environment), told: `The key ${kid} is removed.` };
}

function kidIn({ params }: SignedIn): string {
  return params.kid ?? '';
}

function keyOf({ registration: { keys } }: Placed, kid: string): PublicJwk {
  const key = keys?.kind === 'value' ? keys.keys.find((one) => one.kid === kid) : undefined;
  if (key) return key;
  throw new Problem('not-found', 'There is no such key (any more)');
}

function isLast({ registration: { keys } }: Placed): boolean {
  return keys?.kind === 'value' && keys.keys.length === 1;
}
