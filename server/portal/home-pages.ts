/** The home page, the first page after a sign-in, and the pages the footer leads to. */
import { html } from '../../core/html.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, openPage, type Pages } from './page.ts';
import { code, startLink, warning } from './parts.ts';

export function homePages(hub: Hub): Pages {
  return {
    '/': openPage({
      show: (visit) => ({
        title: 'Build on health and care APIs',
        here: 'home',
        ...(visit.me ? {} : { keep: 'revalidate' as const }),
        content: html`<p class="nhsuk-lede-text">Everything you need to call an API, or to offer one: accounts, teams, apps, keys and a sandbox that remembers what you did. You need nobody's approval to begin.</p>
<ul class="hub-lanes">
<li><h2>Use an API</h2><p>Register an app, get a key, and call the sandbox within minutes.</p>${visit.me ? startLink('/teams', 'Go to your teams') : startLink('/sign-up', 'Create an account')}</li>
<li><h2>Offer an API</h2><p>Put your API behind the front door: security, limits and documentation come with it.</p>${visit.me ? startLink('/teams/new', 'Create a team for it', 'secondary') : startLink('/sign-in', 'Sign in', 'secondary')}</li>
</ul>
${warning('Invented people only', 'The sandbox of this server holds invented people only. No data of real people may be put into it.')}
<h2>What runs here</h2>
<ul class="nhsuk-list nhsuk-list--bullet hub-list">${hub.services.map(({ name, path }) => html`<li><a href="${path}">${name}</a><br />${code(hub.publicUrl() + path)}</li>`)}</ul>`,
      }),
    }),
    '/welcome': accountPage({
      show: ({ me }) => ({
        title: `Hello, ${me.person.name}`,
        content: html`<p>What do you want to do?</p>
<ul class="hub-lanes">
<li><h2>Build an app</h2><p>Apps belong to a team. You have one of your own already; invite others to it, or make another.</p>${startLink('/teams', 'Your teams')}</li>
<li><h2>Make your account safer</h2><p>With a second factor your password alone opens nothing.</p>${startLink('/account/second-factor', 'Second factor', 'secondary')}</li>
<li><h2>Look around</h2><p>See what runs on this server.</p>${startLink('/', 'Home', 'secondary')}</li>
</ul>`,
      }),
    }),
    '/help': openPage({
      show: () => ({
        title: 'Help',
        keep: 'revalidate',
        content: html`<h2>I get no message</h2><p>Look among unwanted messages. Messages are sent once a minute at most. On a laptop without a mail server they are in the outbox.</p>
<h2>A link does not work</h2><p>Links work once and for a limited time. Ask for a new one on the page where you asked for the first.</p>
<h2>I am locked out</h2><p>After ten wrong passwords you have to wait a quarter of an hour. A <a href="/forgotten">new password</a> ends the wait.</p>
<h2>I have lost my phone</h2><p>Sign in with one of your recovery codes, and set up another phone in your account.</p>`,
      }),
    }),
    '/accessibility': openPage({
      show: () => ({
        title: 'Accessibility',
        keep: 'revalidate',
        content: html`<p>These pages are made to meet the Web Content Accessibility Guidelines 2.2 at level AA. They work with the keyboard alone, with a screen reader, without script, enlarged to 400 %, and on a screen 320 pixels wide. They have no time limit but the end of a session, after which a form you send comes back filled in.</p>
<p>Every page is checked by axe-core in a browser at each change.</p>
<p>If you meet a barrier, tell the people who run this server.</p>`,
      }),
    }),
    '/cookies': openPage({
      show: () => ({
        title: 'Cookies and privacy',
        keep: 'revalidate',
        content: html`<p>These pages set cookies only to keep you signed in and to protect forms. None follows you, and none is needed to read.</p>
<ul class="nhsuk-list nhsuk-list--bullet"><li>${code('gatehouse-hub-session')}: your session; it ends after an hour without use</li><li>${code('gatehouse-hub-visit')}: protects forms before you sign in</li><li>${code('gatehouse-hub-second')}: holds a sign-in that waits for its code, ten minutes</li><li>${code('gatehouse-hub-told')} and ${code('gatehouse-hub-kept')}: carry a message or a form to the next page, minutes</li></ul>
<p>Of you are kept: name, e-mail address, a hash of your password, your sessions with address and browser, and who did what when in the audit.</p>`,
      }),
    }),
  };
}
