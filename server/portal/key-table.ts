/** The credentials of a registration at a glance, with what can be done about each. */
import { html, type Html } from '../../core/html.ts';
import type { PublicJwk, Registration } from '../catalogue/apps.ts';
import { appPath, type Placed } from './app-reach.ts';
import { code, startLink, table, time } from './parts.ts';

export function keyTable(placed: Placed): Html {
  const { app, environment, registration, may } = placed;
  const path = appPath(app.id, environment);
  const change = may('app.credentials');
  const make = change && environment !== 'production' && registration.keys?.kind !== 'url';
  return html`${publicKeys(registration, path, change)}
${registration.keys ? html`<p><a href="${path}/keys/check">Check what is registered</a></p>` : undefined}
${change ? html`<div class="hub-buttons">${startLink(`${path}/keys/new`, 'Add a public key')}${make ? startLink(`${path}/keys/make`, 'Have a key pair made', 'secondary') : undefined}</div><p><a href="${path}/keys/address">Give the address of a key set (JWKS URL) instead</a></p>` : undefined}
${secrets(registration, path, change)}`;
}

function publicKeys({ keys }: Registration, path: string, change: boolean): Html {
  if (!keys) return html`<p>No public key is registered.</p>`;
  if (keys.kind === 'url')
    return html`<p>The keys are read from ${code(keys.url)}. To replace a key, publish the new one there beside the old.</p>`;
  const rows = keys.keys.map((key) => [
    code(key.kid),
    keyKind(key),
    change
      ? html`<a href="${path}/keys/remove/${key.kid}">Remove<span class="nhsuk-u-visually-hidden"> the key ${key.kid}</span></a>`
      : undefined,
  ]);
  return html`${table('Public keys', ['Key id (kid)', 'Kind', 'Actions'], rows)}
<p>All of them work at the same time. To replace a key, add the new one, change your app, then remove the old one.</p>`;
}

/** RSA with its bits, or the curve. */
export function keyKind({ kty, n, crv }: Pick<PublicJwk, 'kty' | 'n' | 'crv'>): string {
  if (kty === 'EC') return `Elliptic curve ${crv ?? ''}`;
  return `RSA, ${Buffer.from(n ?? '', 'base64url').length * 8} bits`;
}

function secrets({ secrets: all }: Registration, path: string, change: boolean): Html {
  const rows = all.map(({ id, created, ends }) => [
    time(created),
    ends === undefined ? 'Until you end it' : html`Until ${time(ends)}`,
    change && ends === undefined
      ? html`<a href="${path}/secrets/end/${id}">End<span class="nhsuk-u-visually-hidden"> the secret made ${time(created)}</span></a>`
      : undefined,
  ]);
  return html`${rows.length === 0 ? html`<p>It has no client secret. Only SMART apps and sign-in by redirect use secrets; a key is safer.</p>` : table('Client secrets', ['Made', 'Works', 'Actions'], rows)}
${change ? html`<p><a href="${path}/secrets/new">Make a client secret</a></p>` : undefined}`;
}
