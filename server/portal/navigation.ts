/**
 * The head of each page: the name, who is signed in, and the way to everything. Owns which entries there are and how they are
 * grouped: what is for everybody, and below it what one works on. Narrow screens have them behind one button, without script.
 */
import { html, type Html } from '../../core/html.ts';
import type { Here } from './page.ts';

export interface NavigationOptions {
  /** The address of the mark. */
  readonly mark: string;
  /** The name of who is signed in. */
  readonly name?: string;
  /** Whether there is a local outbox to look into. */
  readonly outbox: boolean;
  /** Whether who is signed in looks after the platform. */
  readonly operates?: boolean;
  /** Ends the session; only for who is signed in. */
  readonly signOut?: Html;
}

type Entry = readonly [Here, string, string];

const forAll: readonly Entry[] = [
  ['start', '/start', 'Start'],
  ['catalogue', '/catalogue', 'API catalogue'],
  ['products', '/products', 'Products'],
  ['try', '/try', 'Try it'],
  ['explain', '/explain', 'Explain'],
  ['guides', '/guides', 'Guides'],
  ['status', '/status', 'Status'],
];

const own: readonly Entry[] = [
  ['apps', '/apps', 'Apps'],
  ['teams', '/teams', 'Teams'],
  ['requests', '/requests', 'Requests'],
];

const operations: Entry = ['operations', '/operations', 'Operations'];

export function navigation(options: NavigationOptions, here: Here | undefined): Html {
  const { mark, name, operates } = options;
  const mine = name === undefined ? [] : [...own, ...(operates ? [operations] : [])];
  return html`<header class="hub-header"><div class="nhsuk-width-container hub-header__in">
<a class="hub-header__name" href="/"${current(here === 'home')}><img src="${mark}" alt="" width="40" height="40" /><span>Gatehouse <small>developer hub</small></span></a>
<nav class="hub-nav hub-nav--account" aria-label="Account"><ul>${account(options, here)}</ul></nav>
</div>
<details class="hub-menu"><summary class="hub-menu__button"><span class="nhsuk-width-container">Menu</span></summary>
<nav class="hub-nav hub-nav--main" aria-label="Main"><ul class="nhsuk-width-container">${forAll.map((one) => link(one, here))}</ul></nav>
${mine.length === 0 ? undefined : html`<nav class="hub-nav hub-nav--own" aria-label="Your work"><ul class="nhsuk-width-container">${mine.map((one) => link(one, here))}</ul></nav>`}
</details></header>`;
}

function account({ name, outbox, signOut }: NavigationOptions, here: Here | undefined): Html {
  const who =
    name === undefined
      ? html`<li><a href="/sign-in">Sign in</a></li><li><a href="/sign-up">Create an account</a></li>`
      : html`${link(['account', '/account', name], here)}<li>${signOut}</li>`;
  return html`${outbox ? link(['outbox', '/outbox', 'Outbox'], here) : undefined}${who}`;
}

function link([key, href, text]: Entry, here: Here | undefined): Html {
  return html`<li><a href="${href}"${current(key === here)}>${text}</a></li>`;
}

function current(is: boolean): Html | undefined {
  return is ? html` aria-current="page"` : undefined;
}
