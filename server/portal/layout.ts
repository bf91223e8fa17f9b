/**
 * The one layout of the hub: skip link, header, navigation, messages, one heading, footer; and the fields of the answer, with
 * a policy that lets in nothing from elsewhere and nothing inline (CSP level 3). Works without script and at 320 px.
 */
import { html, type Html } from '../../core/html.ts';
import type { Assets } from './assets.ts';
import type { Fault } from './form.ts';
import type { Here, Page } from './page.ts';

export interface Surroundings {
  readonly assets: Assets;
  /** The name of who is signed in. */
  readonly name?: string;
  /** Whether there is a local outbox to look into. */
  readonly outbox: boolean;
  readonly told?: string;
  /** What the text may be used under. */
  readonly licence: string;
  /** Whether who is signed in looks after the platform. */
  readonly operates?: boolean;
  /** The page, for who wants to say something about it. */
  readonly about?: string | undefined;
  /** Ends the session; only for who is signed in. */
  readonly signOut?: Html;
}

/** Fields of each answer with a page. */
export function pageFields(page: Page): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; ${page.script ? "script-src 'self'; connect-src 'self'; " : ''}style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    // Not no-referrer: browsers would then send forms with the origin null.
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'cache-control': page.keep === 'revalidate' ? 'private, no-cache' : 'no-store',
  };
}

/** The page whole. */
export function layout(page: Page, around: Surroundings): string {
  const { title, content, back, form, here, script } = page;
  const faults = form?.faults ?? [];
  const inTitle = `${faults.length > 0 ? 'Error: ' : ''}${title} – Gatehouse developer hub`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
<meta name="color-scheme" content="light" />
<title>${inTitle}</title>
<link rel="stylesheet" href="${around.assets.href('styles.css')}" />
<link rel="icon" href="${around.assets.href('mark.svg')}" type="image/svg+xml" />
${script === undefined ? undefined : html`<script src="${around.assets.href(script)}" defer></script>`}
</head>
<body>
<a class="nhsuk-skip-link" href="#main">Skip to main content</a>
<header class="hub-header"><div class="nhsuk-width-container hub-header__in">
<a class="hub-header__name" href="/"><img src="${around.assets.href('mark.svg')}" alt="" width="40" height="40" /><span>Gatehouse <small>developer hub</small></span></a>
${navigation(around, here)}
</div></header>
<div class="nhsuk-width-container">
${back === undefined ? undefined : html`<nav aria-label="Back"><a class="nhsuk-back-link" href="${back.href}">${back.text}</a></nav>`}
<main class="nhsuk-main-wrapper" id="main" tabindex="-1">
${around.told === undefined ? undefined : html`<div class="hub-told" role="status"><p>${around.told}</p></div>`}
${faults.length === 0 ? undefined : errorSummary(faults)}
<h1>${title}</h1>
${content}
${around.about === undefined ? undefined : feedbackOn(around.about)}
</main>
</div>
<footer class="hub-footer"><div class="nhsuk-width-container">
<ul><li><a href="/help">Help</a></li><li><a href="/accessibility">Accessibility</a></li><li><a href="/cookies">Cookies and privacy</a></li><li><a href="/feedback/answers">What became of feedback</a></li></ul>
<p>The text of these pages may be used under the ${around.licence}. Gatehouse is open-source software under the Apache 2.0 licence. It is not a service of the NHS.</p>
</div></footer>
</body>
</html>
`.text;
}

function navigation(
  { name, outbox, operates, signOut }: Surroundings,
  here: Here | undefined,
): Html {
  const entries: readonly (readonly [Here, string, string])[] = [
    ['home', '/', 'Home'],
    ['start', '/start', 'Start'],
    ['catalogue', '/catalogue', 'API catalogue'],
    ['try', '/try', 'Try it'],
    ['explain', '/explain', 'Explain'],
    ['products', '/products', 'Products'],
    ...(name === undefined
      ? []
      : ([
          ['apps', '/apps', 'Apps'],
          ['teams', '/teams', 'Teams'],
          ['requests', '/requests', 'Requests'],
        ] as const)),
    ['guides', '/guides', 'Guides'],
    ['status', '/status', 'Status'],
    ...(operates ? ([['operations', '/operations', 'Operations']] as const) : []),
    ...(outbox ? ([['outbox', '/outbox', 'Outbox']] as const) : []),
  ];
  const link = ([key, href, text]: readonly [Here, string, string]) =>
    html`<li><a href="${href}"${key === here ? html` aria-current="page"` : undefined}>${text}</a></li>`;
  const account =
    name === undefined
      ? html`<li><a href="/sign-in">Sign in</a></li><li><a href="/sign-up">Create an account</a></li>`
      : html`${link(['account', '/account', name])}<li>${signOut}</li>`;
  return html`<nav class="hub-nav" aria-label="Main"><ul>${entries.map(link)}</ul></nav>
<nav class="hub-nav hub-nav--account" aria-label="Account"><ul>${account}</ul></nav>`;
}

/** Two ways to one form: saying what one thinks of this page. */
function feedbackOn(page: string): Html {
  const link = (useful: string, text: string) =>
    html`<a href="/feedback?${new URLSearchParams({ page, useful }).toString()}">${text}</a>`;
  return html`<div class="hub-feedback"><p>Is this page useful? ${link('yes', 'Yes, it is')} ${link('no', 'No, it is not')}</p></div>`;
}

function errorSummary(faults: readonly Fault[]): Html {
  const items = faults.map(({ field, text }) =>
    field === undefined ? html`<li>${text}</li>` : html`<li><a href="#${field}">${text}</a></li>`,
  );
  return html`<div class="nhsuk-error-summary" tabindex="-1"><div role="alert"><h2 class="nhsuk-error-summary__title">There is a problem</h2>
<div class="nhsuk-error-summary__body"><ul class="nhsuk-list nhsuk-error-summary__list">${items}</ul></div></div></div>`;
}
