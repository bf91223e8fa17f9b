/**
 * The one layout of the hub: skip link, navigation, messages, one heading, footer; and the fields of the answer, with
 * a policy that lets in nothing from elsewhere and nothing inline (CSP level 3). Works without script and at 320 px.
 */
import { html, type Html } from '../../core/html.ts';
import type { Assets } from './assets.ts';
import type { Fault } from './form.ts';
import { navigation, type NavigationOptions } from './navigation.ts';
import type { Page } from './page.ts';

export interface Surroundings extends Omit<NavigationOptions, 'mark'> {
  readonly assets: Assets;
  readonly told?: string;
  /** What the text may be used under. */
  readonly licence: string;
  /** The page, for who wants to say something about it. */
  readonly about?: string | undefined;
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
  const inTitle = `${faults.length > 0 ? 'Error: ' : ''}${[title, ...belongsTo(page), 'Gatehouse developer hub'].join(' – ')}`;
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
${navigation({ ...around, mark: around.assets.href('mark.svg') }, here)}
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

/** Many pages have one heading (Cancel the subscription): the title of the window says of what. */
function belongsTo({ of, back }: Page): readonly string[] {
  const parent = of ?? back?.text.replace(/^(Back|Go on) to (the |your )?/, '') ?? '';
  return parent === '' ? [] : [parent.charAt(0).toUpperCase() + parent.slice(1)];
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
  return html`<div class="nhsuk-error-summary" tabindex="-1" autofocus><div role="alert"><h2 class="nhsuk-error-summary__title">There is a problem</h2>
<div class="nhsuk-error-summary__body"><ul class="nhsuk-list nhsuk-error-summary__list">${items}</ul></div></div></div>`;
}
