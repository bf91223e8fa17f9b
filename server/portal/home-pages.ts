/** The home page, the first page after a sign-in, and the pages the footer leads to. */
import { html } from '../../core/html.ts';
import { button, input } from './fields.ts';
import { blankForm } from './form.ts';
import type { Hub, Retention } from './hub-parts.ts';
import { openPage, type Pages } from './page.ts';
import { code, list, startLink, warning } from './parts.ts';

export function homePages(hub: Hub): Pages {
  return {
    '/': openPage({
      show: (visit) => ({
        title: 'Build on health and care APIs',
        here: 'home',
        ...(visit.me ? {} : { keep: 'revalidate' as const }),
        content: html`<p class="nhsuk-lede-text">Everything you need to call an API, or to offer one: documentation, accounts, teams, apps, keys and a sandbox that remembers what you did. You need nobody's approval to begin.</p>
<ul class="hub-lanes">
<li><h2>Use an API</h2><p>Find it, try it, register an app and call the sandbox within minutes.</p>${startLink('/start', 'Start using APIs')}<p><a href="/catalogue">API catalogue</a></p></li>
<li><h2>Offer an API</h2><p>Put your API behind the front door: security, limits, a sandbox and documentation come with it.</p>${startLink('/start/producers', 'Start offering APIs', 'secondary')}<p><a href="/guides/producer">Put an API on Gatehouse</a></p></li>
</ul>
<form method="get" action="/catalogue" role="search" aria-label="APIs and guides">${input(blankForm(), { name: 'q', label: 'Search APIs and guides', type: 'search', width: 20 })}${button('Search', 'secondary')}</form>
<h2>Find your way</h2>
${list([
  html`<a href="/learn">What an API is</a>, if that is new to you`,
  html`<a href="/start/how-to-test">How to test an API</a>, step by step`,
  html`<a href="/security">Security patterns</a>: which proof an API asks for, with a tutorial each`,
  html`<a href="/environments">Environments</a> and <a href="/technologies">technologies</a>`,
  html`<a href="/case-studies">Case studies</a>: what others would do with it, run by a script`,
  html`<a href="/backlog">What comes next</a>: vote, comment, suggest`,
  html`<a href="/status">Status of the APIs</a>`,
])}
${warning('Invented people only', 'The sandbox of this server holds invented people only. No data of real people may be put into it.')}
<h2>What runs here</h2>
<ul class="nhsuk-list nhsuk-list--bullet hub-list">${hub.services.map(({ name, path }) => html`<li><a href="${path}">${name}</a><br />${code(hub.publicUrl() + path)}</li>`)}</ul>`,
      }),
    }),
    '/accessibility': openPage({
      show: () => ({
        title: 'Accessibility',
        keep: 'revalidate',
        content: html`<p>These pages are made to meet the Web Content Accessibility Guidelines 2.2 at level AA. They work with the keyboard alone, with a screen reader, without script, enlarged to 400 %, and on a screen 320 pixels wide. They have no time limit but the end of a session, after which a form you send comes back filled in.</p>
<p>Every page is checked by axe-core in a browser at each change.</p>
<p>If you meet a barrier, <a href="/help/ask?about=accessibility">tell us</a>: what you wanted to do, and what you use to read pages. You get a number and, if you leave an address, an answer.</p>
<h2>What we know to be missing</h2>
<ul class="nhsuk-list nhsuk-list--bullet hub-list"><li>Diagrams in downloaded documents are those of their authors; we have not checked them.</li><li>Pages are in English only.</li></ul>
<p>This statement was written on 27 November 2026. Nobody but the makers of this software has tested it.</p>`,
      }),
    }),
    '/cookies': openPage({
      show: () => ({
        title: 'Cookies and privacy',
        keep: 'revalidate',
        content: html`<p>These pages set cookies only to keep you signed in and to protect forms. None follows you, and none is needed to read.</p>
<ul class="nhsuk-list nhsuk-list--bullet"><li>${code('gatehouse-hub-session')}: your session; it ends after an hour without use</li><li>${code('gatehouse-hub-visit')}: protects forms before you sign in</li><li>${code('gatehouse-hub-second')}: holds a sign-in that waits for its code, ten minutes</li><li>${code('gatehouse-hub-told')} and ${code('gatehouse-hub-kept')}: carry a message or a form to the next page, minutes</li><li>${code('gatehouse-hub-known')}: tells that you have signed in with this browser before, so that nobody can lock you out by trying passwords; half a year</li></ul>
<p>Of you are kept: name, e-mail address, a hash of your password, your sessions with address and browser, and who did what when in the audit. Of a request for help: what you wrote and, if you left one, your address. Of feedback on a page: what you wrote, and nothing of you. Your network address stands in the log of calls, and for limits on attempts for as long as these run.</p>
<p>${keptFor(hub.retention)} Messages that were sent are kept for 30 days. You can take <a href="/account/data">what is kept about you</a> as a file, and <a href="/account/delete">delete your account</a>.</p>
<p>Nothing is handed on. Your browser asks nobody else for anything.</p>`,
      }),
    }),
  };
}

function keptFor({ helpDays, feedbackDays }: Retention): string {
  const words = (days: number) => (days === 0 ? 'for ever' : `for ${days} days`);
  return `A request for help is kept ${words(helpDays)} after the last word in it, feedback ${words(feedbackDays)}.`;
}
