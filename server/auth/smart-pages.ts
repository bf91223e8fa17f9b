/**
 * The pages of the SMART face as text: choosing how to sign in, finding a patient, consent, the launch page, and errors.
 * They work without script and hold no rule; what an answer means is with the step it belongs to.
 */
import { problemsAs, type Policy, type Reply } from '../../core/exchange.ts';
import { html, pageReply } from '../../core/html.ts';
import type { UserRole } from '../../core/exchange.ts';
import { noStore, toRow, type EdgeOptions } from './oauth-error.ts';
import type { ProviderKind } from './providers.ts';
import {
  appChoice,
  cancelButton,
  faultBox,
  noneFound,
  patientChoice,
  roleChoice,
  searchFields,
  targetOf,
  type LaunchableApp,
} from './smart-page-parts.ts';
import type { FoundPatient } from './smart-parts.ts';
import { scopeWords } from './smart-scope-words.ts';

/** Browsers send the Origin of a form only where the page lets its address be known to itself. */
const headers = { ...noStore, 'referrer-policy': 'same-origin' };

/** The error edge of pages: whatever is thrown behind it becomes a page with a reference, and is kept for look-up. */
export function pageErrors(options: EdgeOptions): Policy {
  return problemsAs((problem, exchange) => {
    const { status, error, description, reason } = toRow(problem);
    const messageId = options.newId();
    options.record({
      ...{ messageId, at: options.now(), environment: exchange.environment },
      where: `${exchange.facts.route ?? exchange.method} of ${options.face}`,
      ...{ status, error, description, reason },
      clientId: exchange.facts.caller?.appId ?? '',
    });
    const content = html`<p class="error" role="alert">${sentence(description)}</p>
      <p>You have not been sent back to the application. Go back to it and start again.</p>
      <p>If that does not help, tell the application’s support this reference:</p>
      <p><code>${messageId}</code></p>`;
    const more = { 'x-message-id': messageId, ...problem.headers };
    return pageReply(status, { title: 'This cannot go on', content }, { ...headers, ...more });
  });
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

export interface ChoiceFacts {
  readonly appName: string;
  /** Each with the address that leads on. */
  readonly ways: readonly { readonly kind: ProviderKind; readonly href: string }[];
}

const wayWords: Readonly<Record<ProviderKind, string>> = {
  'nhs-cis2': 'I am a healthcare worker (NHS CIS2)',
  'nhs-login': 'I am a patient (NHS login)',
};

export function choicePage({ appName, ways }: ChoiceFacts): Reply {
  const links = ways.map(
    ({ kind, href }) => html`<li><a href="${href}" rel="nofollow">${wayWords[kind]}</a></li>`,
  );
  const content = html`<p><strong>${appName}</strong> asks you to sign in.</p>
    <ul>
      ${links}
    </ul>`;
  return pageReply(200, { title: 'How do you want to sign in?', content }, headers);
}

export interface PatientFacts {
  readonly appName: string;
  readonly action: string;
  /** What the form must bring back. */
  readonly step: string;
  readonly fault?: string;
  /** Absent before the first search. */
  readonly found?: readonly FoundPatient[];
  readonly redirectUri: string;
}

export function patientPage(facts: PatientFacts): Reply {
  const hidden = html`<input type="hidden" name="step" value="${facts.step}" />`;
  const content = html`<p><strong>${facts.appName}</strong> will work with one patient’s record.</p>
    ${faultBox(facts.fault)}
    ${
      facts.found === undefined || facts.found.length === 0
        ? noneFound(facts.found)
        : html`<form method="post" action="${facts.action}">
            ${hidden} ${patientChoice(facts.found)}
            <p><button type="submit" name="do" value="choose">Choose this patient</button></p>
          </form>`
    }
    <form method="post" action="${facts.action}">
      ${hidden} ${searchFields}
      <p>
        <button type="submit" name="do" value="find">Find</button>
        ${cancelButton}
      </p>
    </form>`;
  // Cancelling leads to the app, and browsers hold redirects against `form-action`.
  const formTargets = targetOf(facts.redirectUri);
  return pageReply(200, { title: 'Find a patient', content, formTargets }, headers);
}

export interface ConsentFacts {
  readonly appName: string;
  readonly action: string;
  readonly step: string;
  readonly scopes: readonly string[];
  /** Whose record, in words; absent when none is in context. */
  readonly patient: string | undefined;
  /** Who is signed in, in words. */
  readonly user: string;
  /** Roles of which one must be picked; empty when there is nothing to pick. */
  readonly roles: readonly UserRole[];
  readonly redirectUri: string;
}

export function consentPage(facts: ConsentFacts): Reply {
  const rows = [...new Set(facts.scopes.map(scopeWords))].map((words) => html`<li>${words}</li>`);
  const content = html`<p>You are signed in as ${facts.user}.</p>
    ${
      facts.patient === undefined
        ? undefined
        : html`<p>The patient is <strong>${facts.patient}</strong>.</p>`
    }
    <h2>The application may</h2>
    <ul>
      ${rows}
    </ul>
    <form method="post" action="${facts.action}">
      <input type="hidden" name="step" value="${facts.step}" />
      ${facts.roles.length === 0 ? undefined : roleChoice(facts.roles)}
      <p>
        <button type="submit" name="decision" value="allow">Allow</button>
        <button class="secondary" type="submit" name="decision" value="deny" formnovalidate>
          Deny
        </button>
      </p>
    </form>`;
  const title = `${facts.appName} asks for access`;
  return pageReply(200, { title, content, formTargets: targetOf(facts.redirectUri) }, headers);
}

export interface LaunchFacts {
  readonly action: string;
  /** What shows that the form is this session's. */
  readonly token: string;
  readonly user: string;
  readonly apps: readonly LaunchableApp[];
  readonly found?: readonly FoundPatient[];
  readonly fault?: string;
}

export function launchPage(facts: LaunchFacts): Reply {
  const hidden = html`<input type="hidden" name="token" value="${facts.token}" />`;
  const { found } = facts;
  const content = html`<p>You are signed in as ${facts.user}.</p>
    ${faultBox(facts.fault)}
    ${
      found === undefined || found.length === 0
        ? noneFound(found)
        : html`<form method="post" action="${facts.action}">
            ${hidden} ${patientChoice(found)} ${appChoice(facts.apps)}
            <p><button type="submit" name="do" value="launch">Open the application</button></p>
          </form>`
    }
    <h2>Find a patient</h2>
    <form method="post" action="${facts.action}">
      ${hidden} ${searchFields}
      <p>
        <button type="submit" name="do" value="find">Find</button>
        <button class="secondary" type="submit" name="do" value="sign-out">Sign out</button>
      </p>
    </form>`;
  const formTargets = ['http:', 'https:'];
  return pageReply(
    200,
    { title: 'Open an application for a patient', content, formTargets },
    headers,
  );
}
