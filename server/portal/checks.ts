/** Checks that several forms share: each gives the faults of one field. */
import { isEmail } from './accounts.ts';
import { FormRefused, type Fault, type Form } from './form.ts';
import { passwordFault } from './passwords.ts';

export function nameFaults(form: Form, field: string, what: string): readonly Fault[] {
  const name = form.get(field);
  if (name === '') return [{ field, text: `Enter ${what}` }];
  if (name.length > 100) return [{ field, text: `Enter ${what} of at most 100 characters` }];
  if (/[\n\t]/.test(name)) return [{ field, text: `Enter ${what} on one line` }];
  // They turn round how what stands beside them reads.
  if (/[\u202a-\u202e\u2066-\u2069]/.test(name))
    return [{ field, text: `Enter ${what} without invisible characters` }];
  return [];
}

/** Of a person, team or app: it stands in messages to others, where mail programs make links of addresses. */
export function ownNameFaults(form: Form, field: string, what: string): readonly Fault[] {
  const faults = nameFaults(form, field, what);
  if (faults.length > 0 || !/:\/\/|www\./i.test(form.get(field))) return faults;
  return [{ field, text: `Enter ${what} without a web address` }];
}

export function emailFaults(form: Form, field = 'email'): readonly Fault[] {
  const text = form.get(field);
  if (text === '') return [{ field, text: 'Enter an e-mail address' }];
  return isEmail(text)
    ? []
    : [{ field, text: 'Enter an e-mail address in the form name@example.org' }];
}

export function newPasswordFaults(
  form: Form,
  about: readonly string[],
  field = 'password',
): readonly Fault[] {
  const text = passwordFault(form.raw(field), about);
  return text === undefined ? [] : [{ field, text }];
}

/** @throws FormRefused when there are faults */
export function mustBeRight(...faults: readonly (readonly Fault[])[]): void {
  const all = faults.flat();
  if (all.length > 0) throw new FormRefused(all);
}
