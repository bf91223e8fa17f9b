/**
 * The pages of the simulated sign-in as text. A scripted client finds the form `kc-form-login` with its one field; a
 * person finds below it what can be rehearsed, and the test people, each with a button. Everything works without script.
 */
import type { Reply } from '../../../core/exchange.ts';
import { html, pageReply, type Html } from '../../../core/html.ts';
import type { Role } from './identities.ts';
import type { ProviderKind } from './kinds.ts';
import type { PageFacts } from './page-facts.ts';
import { peopleSection } from './people-list.ts';
import { faultOptions, levelOptions, roleOptions, type Option } from './rehearsal.ts';
import type { Vector } from './vectors.ts';

const loginFormId = 'kc-form-login';

export const banner = 'Simulated sign-in: nobody is authenticated here';

export interface SignInExtras {
  readonly error?: string;
  readonly username?: string;
  readonly search?: string | undefined;
}

/** The page where a person is chosen; status 400 with an error, else 200. */
export function signInPage(facts: PageFacts, extras: SignInExtras = {}): Reply {
  const { error } = extras;
  const title = `Sign in with ${providerName(facts.kind)} (simulated)`;
  return answerable(facts, error === undefined ? 200 : 400, error ? `Error: ${title}` : title, [
    html`<p>
      <strong>${facts.clientName}</strong> sent you here. Give the user name of a test person, or
      choose one below. There is no password.
    </p>`,
    loginForm(facts, extras),
    rehearsal(facts.kind),
    peopleSection(facts, extras.search),
  ]);
}

/** The page where one of several roles is picked. */
export function rolePage(facts: PageFacts, roles: readonly Role[]): Reply {
  const choices = roles.map(
    ({ id, name, orgName, odsCode }, index) =>
      html`<p>
        <input type="radio" id="role-${id}" name="role" value="${id}" required ${checked(index)} />
        <label for="role-${id}">${name} at ${orgName} (${odsCode})</label>
      </p>`,
  );
  return answerable(facts, 200, 'Which role do you act in?', [
    html`<form id="kc-form-role" method="post" action="${facts.action}">
      <fieldset class="choice">
        <legend>Your roles</legend>
        ${choices}
      </fieldset>
      <button type="submit">Continue</button>
      ${cancelButton}
    </form>`,
  ]);
}

/** The page that raises the level. */
export function stepUpPage(
  facts: PageFacts,
  { held, wanted }: { readonly held: Vector; readonly wanted: Vector },
): Reply {
  return answerable(facts, 200, 'Prove more about who you are', [
    html`<p>
        <strong>${facts.clientName}</strong> asks for ${wanted}; this person has ${held}. The real
        service would now ask for documents or another device.
      </p>
      <form id="kc-form-step-up" method="post" action="${facts.action}">
        <button type="submit" name="stepup" value="yes">Raise the level to ${wanted}</button>
        ${cancelButton}
      </form>`,
  ]);
}

/** A page that ends the way. */
export function problemPage(status: number, sentence: string): Reply {
  return pageReply(status, {
    title: 'This cannot go on',
    banner,
    content: html`<p class="error" role="alert">${sentence}</p>
      <p>You have not been sent back to the application. Go back to it and start again.</p>`,
  });
}

export function providerName(kind: ProviderKind): string {
  return kind === 'nhs-cis2' ? 'NHS CIS2' : 'NHS login';
}

const cancelButton = html`<button
  class="secondary"
  type="submit"
  name="cancel"
  value="yes"
  formnovalidate
>
  Cancel
</button>`;

function answerable(
  { redirectUri }: PageFacts,
  status: number,
  title: string,
  content: readonly Html[],
): Reply {
  // Browsers hold redirects against `form-action`; where an application sends the person after us, nobody knows here.
  const formTargets = ['http:', 'https:', new URL(redirectUri).protocol];
  return pageReply(status, {
    title,
    banner,
    content: html`${content}`,
    formTargets: [...new Set(formTargets)],
  });
}

function loginForm({ action }: PageFacts, { error, username }: SignInExtras): Html {
  return html`<form id="${loginFormId}" method="post" action="${action}">
    ${
      error === undefined
        ? undefined
        : html`<p class="error" id="username-error" role="alert">${error}</p>`
    }
    <label for="username">User name</label>
    <input
      type="text"
      id="username"
      name="username"
      value="${username ?? ''}"
      required
      maxlength="100"
      autocomplete="off"
      autocapitalize="none"
      spellcheck="false"
      ${
        error === undefined
          ? undefined
          : html`aria-invalid="true" aria-describedby="username-error"`
      }
    />
    <p><button type="submit">Sign in</button> ${cancelButton}</p>
  </form>`;
}

/**
 * The controls belong to the form by their `form` attribute and stand outside it: the national test library fills in
 * every control inside and gives up at one without a `value`, which a select cannot have.
 */
function rehearsal(kind: ProviderKind): Html {
  const worker = kind === 'nhs-cis2';
  return html`<details>
    <summary>Rehearse a level, a role or a fault</summary>
    <fieldset>
      <legend>For this sign-in only</legend>
      ${select('level', 'Level', 'As the person has it', levelOptions(kind))}
      ${
        worker
          ? html`${select('roles', 'Number of roles', 'As the person has them', roleOptions)}
            <label for="role">Selected role (its id)</label>
            <p class="hint" id="role-hint">Left empty, the person is asked where it matters.</p>
            <input
              type="text"
              id="role"
              name="role"
              form="${loginFormId}"
              inputmode="numeric"
              maxlength="20"
              aria-describedby="role-hint"
            />`
          : select('for', 'On whose behalf', 'As the person is entitled', [
              { value: 'self', text: 'Only on the person’s own' },
            ])
      }
      ${select('fault', 'What goes wrong', 'Nothing', faultOptions(kind))}
    </fieldset>
  </details>`;
}

function select(name: string, label: string, none: string, options: readonly Option[]): Html {
  return html`<label for="${name}">${label}</label>
    <select id="${name}" name="${name}" form="${loginFormId}">
      <option value="">${none}</option>
      ${options.map(({ value, text }) => html`<option value="${value}">${text}</option>`)}
    </select>`;
}

function checked(index: number): Html | undefined {
  return index === 0 ? html`checked` : undefined;
}
