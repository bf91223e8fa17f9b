/**
 * A form that was sent when its session had ended: kept sealed in a cookie over the sign-in, and shown again, filled in.
 * Passwords, codes and private keys are not kept.
 */
import { formOf, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { holdsPrivateKey } from './key-text.ts';
import type { Visit } from './page.ts';

/** Cookies have 4,096 bytes, and sealing needs a third more. */
const most = 2_500;
const place = 'hub form';

interface Kept {
  readonly path: string;
  readonly values: readonly (readonly [string, string])[];
}

export function keepForm(hub: Hub, visit: Visit, form: Form): void {
  const values = form.names
    .filter((name) => !/^form_|password|code/.test(name) && !holdsPrivateKey(form.raw(name)))
    .map((name) => [name, form.raw(name)] as const);
  const kept: Kept = { path: visit.path, values };
  const text = JSON.stringify(kept);
  if (Buffer.byteLength(text) <= most) visit.setCookie('kept', hub.sealer.seal(text, place), 900);
}

/** The form that was kept for this page; only once. */
export function takeKeptForm(hub: Hub, visit: Visit): Form | undefined {
  const sealed = visit.me ? visit.cookie('kept') : undefined;
  const text = sealed === undefined ? undefined : hub.sealer.open(sealed, place);
  if (text === undefined) return undefined;
  const { path, values } = JSON.parse(text) as Kept; // sealed by us alone
  if (path !== visit.path) return undefined;
  visit.setCookie('kept', '', 0);
  return formOf(new Map(values.map(([name, value]) => [name, [value]])), [{ text: explained }]);
}

const explained =
  'You were signed out before this form was sent. It is filled in again: check it and send it once more';
