/** The limits on attempts of the hub: by address, and by account or mail address, known or not, so that they tell nothing. */
import { FormRefused } from './form.ts';
import type { AttemptLimit, Hub } from './hub-parts.ts';
import type { Visit } from './page.ts';
import { digest } from './secrets.ts';

/**
 * A sign-in: ten a quarter of an hour for an account at an address, a hundred for an account and for an address.
 * @param mark changes when the account was signed in to: attempts that came before are forgotten then
 * @param known a browser that was signed in to the account: ten, whatever others tried
 */
export function passwordAttempts(
  visit: Visit,
  email: string,
  mark: number,
  known?: string,
): AttemptLimit[] {
  const who = digest(email.toLowerCase());
  const from = visit.call.address;
  if (known !== undefined)
    return [{ key: `hub-password-known:${known}:${mark}`, limit: 10, minutes: 15 }];
  return [
    { key: `hub-password-from:${who}:${mark}`, from, limit: 10, minutes: 15 },
    { key: `hub-password:${who}:${mark}`, limit: 100, minutes: 15 },
    { key: 'hub-password-from', from, limit: 200, minutes: 15 },
  ];
}

/**
 * A code of the second factor, wherever it is tried from: five in five minutes for an account and sixty in a day, for who gets
 * that far knows the password, and patience would find a code in the end. A new password ends the wait.
 */
export function codeAttempts(account: string, mark: number): AttemptLimit[] {
  return [
    { key: `hub-code:${account}:${mark}`, limit: 5, minutes: 5 },
    { key: `hub-code-day:${account}:${mark}`, limit: 60, minutes: 24 * 60 },
  ];
}

/** A message to an address that a stranger typed: one a minute and five an hour to it, fifty an hour from an address. */
export function messageAttempts(visit: Visit, email: string): AttemptLimit[] {
  const who = digest(email.toLowerCase());
  return [
    { key: `hub-mail-minute:${who}`, limit: 2, minutes: 1 },
    { key: `hub-mail:${who}`, limit: 6, minutes: 60 },
    { key: 'hub-mail-from', from: visit.call.address, limit: 60, minutes: 60 },
  ];
}

/** Keys that are made for somebody, which is dear: twenty an hour for an account. */
export function keyAttempts(account: string): AttemptLimit[] {
  return [{ key: `hub-make-key:${account}`, limit: 20, minutes: 60 }];
}

/** @throws FormRefused 429 that says how long to wait */
export async function mustNotExceed(hub: Hub, limits: readonly AttemptLimit[]): Promise<void> {
  const seconds = await hub.attempt(limits);
  if (seconds === 0) return;
  const wait = seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
  throw new FormRefused([{ text: `Too many attempts. Try again in ${wait}` }], 429);
}
