/**
 * Pages as text: a template that escapes, and the one layout. Owns no content.
 * Served with a policy that allows nothing from elsewhere, no script and no frame (CSP level 3).
 */
import type { Reply } from './exchange.ts';

/** Text that is HTML already. Only `html` makes it, so nothing unescaped gets in. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | undefined | Html | readonly Html[];

/** A template literal whose values are escaped, unless they are made by `html` themselves. Undefined is nothing. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let out = texts[0] ?? '';
  parts.forEach((part, index) => {
    out += toText(part) + (texts[index + 1] ?? '');
  });
  return new Html(out);
}

function toText(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('\n');
  return escapeHtml(String(part));
}

/** Text as it may stand in an element or a quoted attribute. */
function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

export interface PageOptions {
  readonly title: string;
  readonly content: Html;
  /** Stands above everything, such as the warning that a sign-in is simulated. */
  readonly banner?: string;
  /** Origins a form of the page may lead to by redirects (browsers judge those by `form-action` too). */
  readonly formTargets?: readonly string[];
}

/** What is sent with each page: nothing from elsewhere, nothing kept, no frame, no referrer. */
export function pageHeaders(formTargets: readonly string[] = []): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src 'self'; img-src 'self'; form-action ${["'self'", ...formTargets].join(' ')}; base-uri 'none'; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  };
}

/** A whole page as a reply. */
export function pageReply(
  status: number,
  options: PageOptions,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): Reply {
  return {
    status,
    headers: { ...pageHeaders(options.formTargets), ...headers },
    body: page(options),
  };
}

/** The layout of every page: WCAG 2.2 AA, works without script and at 320 px. */
export function page({ title, content, banner }: PageOptions): string {
  const told = title === 'Gatehouse' ? title : `${title} – Gatehouse`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${told}</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to main content</a>
        <header><a href="/">Gatehouse</a></header>
        ${banner === undefined ? undefined : html`<p class="banner" role="note">${banner}</p>`}
        <main id="main" tabindex="-1">
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html> `.text;
}
