/** Kinds, environments and states of Apps, in words. */
import type { Html } from '../../core/html.ts';
import type { AppKind, Registration } from '../catalogue/apps.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import { environmentRoles } from '../catalogue/deployment-environments.ts';
import type { Choice } from './fields.ts';
import { tag, type TagColour } from './parts.ts';

export const kindChoices: readonly (Choice & { readonly value: AppKind })[] = [
  {
    value: 'point-of-care',
    text: 'Used by health and care workers',
    hint: 'They sign in with NHS CIS2 or a smartcard.',
  },
  { value: 'patient-facing', text: 'Used by patients', hint: 'They sign in with NHS login.' },
  {
    value: 'unattended',
    text: 'Works on its own',
    hint: 'Nobody is signed in: the app proves itself with its key.',
  },
];

export function kindWords(kinds: readonly AppKind[]): string {
  return kindChoices
    .filter(({ value }) => kinds.includes(value))
    .map(({ text }) => text)
    .join('; ');
}

const names: Readonly<Record<Environment, string>> = {
  sandbox: 'Sandbox',
  development: 'Development',
  sit: 'SIT (system integration)',
  uat: 'UAT (integration)',
  production: 'Production',
};

/** As every page and message calls it. */
export function environmentName(environment: Environment): string {
  return names[environment];
}

/** Without what stands in brackets, for heads of narrow columns. */
export function environmentShort(environment: Environment): string {
  return names[environment].replace(/ \(.*/, '');
}

/** Each by its name. */
export const environmentOptions: readonly (Choice & { readonly value: Environment })[] =
  environments.map((value) => ({ value, text: names[value] }));

/** Each with what it is for. */
export const environmentChoices: readonly (Choice & { readonly value: Environment })[] =
  environmentRoles.map(({ environment, purpose }) => ({
    value: environment,
    text: names[environment],
    hint: environment === 'production' ? `${purpose} Somebody has to approve it.` : purpose,
  }));

const colours: Readonly<Record<Registration['state'], TagColour>> = {
  approved: 'green',
  pending: 'yellow',
  revoked: 'red',
};

export function stateTag(state: Registration['state']): Html {
  return tag(state === 'pending' ? 'Waits for approval' : state, colours[state]);
}
