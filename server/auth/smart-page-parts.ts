/** Parts that pages of the SMART face share: fields of a search, choices, what is wrong. Owns no page. */
import type { UserRole } from '../../core/exchange.ts';
import { html, type Html } from '../../core/html.ts';
import type { FoundPatient } from './smart-parts.ts';

/** An app that can be opened. */
export interface LaunchableApp {
  readonly clientId: string;
  readonly name: string;
}

export const cancelButton = html`<button class="secondary" type="submit" name="do" value="cancel">
  Cancel
</button>`;

export const searchFields = html`<label for="number">NHS number</label>
  <input type="text" id="number" name="number" maxlength="20" autocomplete="off" />
  <p>or</p>
  <label for="family">Family name</label>
  <input type="text" id="family" name="family" maxlength="35" autocomplete="off" />
  <label for="birthdate">Date of birth</label>
  <p class="hint" id="birthdate-hint">For example 2010-10-22</p>
  <input
    type="text"
    id="birthdate"
    name="birthdate"
    maxlength="10"
    autocomplete="off"
    aria-describedby="birthdate-hint"
  />`;

export function faultBox(fault: string | undefined): Html | undefined {
  return fault === undefined ? undefined : html`<p class="error" role="alert">${fault}</p>`;
}

export function noneFound(found: readonly FoundPatient[] | undefined): Html | undefined {
  return found === undefined ? undefined : html`<p role="status">Nobody was found.</p>`;
}

export function patientChoice(found: readonly FoundPatient[]): Html {
  const rows = found.map(
    ({ nhsNumber, name, birthDate }) =>
      html`<p>
        <input
          type="radio"
          id="patient-${nhsNumber}"
          name="patient"
          value="${nhsNumber}"
          required
          ${found.length === 1 ? html`checked` : undefined}
        />
        <label for="patient-${nhsNumber}">${name}, born ${birthDate}, ${spaced(nhsNumber)}</label>
      </p>`,
  );
  return html`<fieldset class="choice">
    <legend>Patient</legend>
    ${rows}
  </fieldset>`;
}

export function appChoice(apps: readonly LaunchableApp[]): Html {
  if (apps.length === 0)
    return html`<p>No application of this environment can be opened from here.</p>`;
  const options = apps.map(
    ({ clientId, name }) => html`<option value="${clientId}">${name}</option>`,
  );
  return html`<label for="app">Application</label>
    <select id="app" name="app" required>
      ${options}
    </select>`;
}

export function roleChoice(roles: readonly UserRole[]): Html {
  const rows = roles.map(
    ({ id, name, odsCode }) =>
      html`<p>
        <input type="radio" id="role-${id}" name="role" value="${id}" required />
        <label for="role-${id}">${name} at ${odsCode}</label>
      </p>`,
  );
  return html`<fieldset class="choice">
    <legend>In which role do you act?</legend>
    ${rows}
  </fieldset>`;
}

/** An NHS number as people read it. */
export function spaced(nhsNumber: string): string {
  return `NHS number ${nhsNumber.slice(0, 3)} ${nhsNumber.slice(3, 6)} ${nhsNumber.slice(6)}`;
}

/** Where a form's answer may redirect to: the origin, or the scheme of an app of its own. */
export function targetOf(uri: string): readonly string[] {
  const { origin, protocol } = new URL(uri);
  return [origin === 'null' ? protocol : origin];
}
