/** The forms of an App: register, change, hand over. Owns reading them; the rules of values are the catalogue's. */
import { html, type Html } from '../../core/html.ts';
import { checkRegistration } from '../catalogue/app-rules.ts';
import type { App, AppKind } from '../catalogue/apps.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import { environmentChoices, kindChoices } from './app-words.ts';
import { beside, linesOf } from './app-reach.ts';
import { emailFaults, mustBeRight, ownNameFaults } from './checks.ts';
import { checkboxes, input, textarea, type Choice } from './fields.ts';
import { blankForm, type Fault, type Form } from './form.ts';

/** Name, description, kinds, contact. */
export function appFields(form: Form): Html {
  return html`${input(form, { name: 'name', label: 'Name of the app' })}
${textarea(form, { name: 'description', label: 'Description (optional)', hint: 'What it does and who uses it. Approvers read this.', rows: 4 })}
${checkboxes(form, { name: 'kinds', label: 'What kind of app is it?', hint: 'This decides by which doors it can call. Choose all that apply.', choices: kindChoices })}
${input(form, { name: 'contact', label: 'E-mail address for questions about it', hint: 'Shown to your team and to those who run the platform, to nobody else.', type: 'email', autocomplete: 'email' })}`;
}

export function formFor({ name, description, kinds, contact }: App): Form {
  const values = blankForm({ name, description, contact });
  return {
    ...values,
    names: [...values.names, 'kinds'],
    all: (field) => (field === 'kinds' ? kinds : values.all(field)),
  };
}

export function readApp(form: Form): Pick<App, 'name' | 'description' | 'kinds' | 'contact'> {
  const kinds = form
    .all('kinds')
    .flatMap((one) => kindChoices.find(({ value }) => value === one)?.value ?? []);
  const long: Fault[] =
    form.get('description').length > 4000
      ? [{ field: 'description', text: 'Enter a description of at most 4,000 characters' }]
      : [];
  const none: Fault[] =
    kinds.length === 0 ? [{ field: 'kinds', text: 'Choose at least one kind' }] : [];
  mustBeRight(
    ownNameFaults(form, 'name', 'a name for the app'),
    long,
    none,
    emailFaults(form, 'contact'),
  );
  return {
    name: form.get('name'),
    description: form.get('description'),
    kinds: [...new Set<AppKind>(kinds)],
    contact: form.get('contact'),
  };
}

export function environmentField(form: Form, left: readonly Environment[] = environments): Html {
  const choices: readonly Choice[] = environmentChoices.filter(({ value }) => left.includes(value));
  return checkboxes(form, {
    ...{ name: 'environments', label: 'In which environments?', choices },
    hint: 'It gets a client id of its own in each. More can be added later.',
  });
}

export function readEnvironments(form: Form): readonly Environment[] {
  const chosen = environments.filter((one) => form.all('environments').includes(one));
  if (chosen.length === 0)
    mustBeRight([{ field: 'environments', text: 'Choose at least one environment' }]);
  return chosen;
}

export function redirectField(form: Form): Html {
  return textarea(form, {
    ...{ name: 'redirect_uris', label: 'Callback addresses (redirect URIs, optional)', rows: 3 },
    hint: 'One a line. Needed where people sign in. https, or http on localhost. Compared byte for byte.',
  });
}

/** Checked as the management API does, each line for itself. */
export async function readRedirects(form: Form): Promise<readonly string[]> {
  const redirectUris = linesOf(form.raw('redirect_uris'));
  await beside('redirect_uris', () => {
    checkRegistration({ redirectUris });
  });
  return redirectUris;
}
