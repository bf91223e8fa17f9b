/** The pages that explain, as the hub shows them: contents, text, what else there is in the part, when it was edited last. */
import { html, type Html } from '../../core/html.ts';
import type { Audience, Content, ContentPage, Section } from './content.ts';
import type { Hub } from './hub-parts.ts';
import { ownText, type OwnText } from './markdown.ts';
import { openPage, type Page, type PageRoute, type Pages } from './page.ts';

const partNames: Readonly<Record<Section, string>> = {
  start: 'Getting started',
  learn: 'What an API is',
  security: 'Security patterns',
  environments: 'Environments',
  technologies: 'Technologies',
  'case-studies': 'Case studies',
  guides: 'Guides',
  reference: 'Reference',
};

export function contentPages(hub: Pick<Hub, 'content' | 'publicUrl'>): Pages {
  const { content } = hub;
  const texts = new Map<string, OwnText>();
  /** Read at first use: a server that serves APIs alone need not wait for it. */
  const textOf = (page: ContentPage): OwnText => {
    const url = hub.publicUrl();
    const known = texts.get(`${url} ${page.path}`);
    if (known) return known;
    const text = page.text.replaceAll('http://localhost:9000', url);
    const made = ownText(text, (link) => content.address(page, link));
    texts.set(`${url} ${page.path}`, made);
    return made;
  };
  const shown: Record<string, PageRoute> = {};
  for (const page of content.pages)
    shown[page.path] = openPage({ show: () => shownPage(content, page, textOf(page)) });
  return {
    ...shown,
    '/guides': openPage({ show: () => guidesPage(content) }),
    '/case-studies': openPage({ show: () => caseStudiesPage(content) }),
    '/reference': openPage({ show: () => referencePage(content) }),
  };
}

function shownPage(content: Content, page: ContentPage, text: OwnText): Page {
  const { section, path, title } = page;
  const first = path === `/${section}`;
  const others = section === 'reference' ? [] : content.section(section);
  return {
    ...{ title, keep: 'revalidate' },
    here: section === 'guides' || section === 'reference' ? 'guides' : 'start',
    ...(first ? {} : { back: { href: `/${section}`, text: partNames[section] } }),
    content: html`${contents(text)}
${page.text.includes('\n# -> ') ? commandNote : undefined}
<div class="hub-text">${text.content}</div>
${others.length < 2 ? undefined : inThisPart(section, others, path)}
${aboutPage(page)}`,
  };
}

const commandNote = html`<p class="hub-edited">In commands, lines with <code class="hub-code"># -&gt;</code> tell what is printed, and … stands for what differs. A test runs them.</p>`;

/** Where a long page can be gone into. */
function contents({ headings }: OwnText): Html | undefined {
  if (headings.length < 4) return undefined;
  return html`<nav class="hub-contents" aria-label="On this page"><h2>On this page</h2><ul>${headings.map(({ id, text }) => html`<li><a href="#${id}">${text}</a></li>`)}</ul></nav>`;
}

function inThisPart(section: Section, pages: readonly ContentPage[], here: string): Html {
  const items = pages.map(({ path, title }) =>
    path === here
      ? html`<li><span aria-current="page">${title}</span></li>`
      : html`<li><a href="${path}">${title}</a></li>`,
  );
  return html`<nav class="hub-contents" aria-label="${partNames[section]}"><h2>${partNames[section]}</h2><ul>${items}</ul></nav>`;
}

const readers: Readonly<Record<Audience, string>> = {
  everybody: 'For everybody',
  consumer: 'For those who use APIs',
  producer: 'For those who offer APIs',
  tester: 'For testers',
  operator: 'For operators',
};

function aboutPage({ edited, audience }: ContentPage): Html {
  const when =
    edited === undefined
      ? html`Made from the code of this version`
      : html`Last edited: <time datetime="${edited}">${dayText(edited)}</time>`;
  return html`<p class="hub-edited">${readers[audience]}. ${when}.</p>`;
}

/** `27 November 2026`. */
function dayText(day: string): string {
  return dayFormat.format(Date.parse(day));
}
const dayFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

function guidesPage(content: Content): Page {
  return {
    ...{ title: 'Guides', keep: 'revalidate', here: 'guides' },
    content: html`<p class="nhsuk-lede-text">How things are done, with commands that are run by a test at each change of this software.</p>
<h2>Begin here</h2>
<ul class="nhsuk-list nhsuk-list--bullet hub-list"><li><a href="/start">Getting started</a>, and a page for each kind of reader</li><li><a href="/start/how-to-test">How to test an API</a>, step by step</li><li><a href="/security">Security patterns</a>, a tutorial each</li><li><a href="/environments">Environments</a> and <a href="/technologies">technologies</a></li><li><a href="/learn">What an API is</a>, if that is new to you</li></ul>
${byAudience(content.section('guides'))}
<h2>To look things up</h2>${listOf(content.section('reference'))}`,
  };
}

function caseStudiesPage(content: Content): Page {
  return {
    ...{ title: 'Case studies', keep: 'revalidate', here: 'start' },
    content: html`<p class="nhsuk-lede-text">Worked examples, each from the need to the calls that answered it.</p>
<p>The organisations and people in them are invented. What is done in them is not: a script of this software does it, and a test runs the script at each change.</p>
${byAudience(content.section('case-studies'))}`,
  };
}

/** Pages below a heading for each kind of reader. */
function byAudience(pages: readonly ContentPage[]): readonly Html[] {
  const order: readonly Audience[] = ['consumer', 'tester', 'producer', 'operator', 'everybody'];
  return order.flatMap((audience) => {
    const these = pages.filter((page) => page.audience === audience);
    return these.length === 0 ? [] : [html`<h2>${readers[audience]}</h2>${listOf(these)}`];
  });
}

function referencePage(content: Content): Page {
  return {
    ...{ title: 'Reference', keep: 'revalidate', here: 'guides' },
    back: { href: '/guides', text: 'Guides' },
    content: listOf(content.section('reference')),
  };
}

function listOf(pages: readonly ContentPage[]): Html {
  return html`<dl class="hub-pages">${pages.map(
    ({ path, title, summary }) =>
      html`<dt><a href="${path}">${title}</a></dt>${summary === '' ? undefined : html`<dd>${summary}</dd>`}`,
  )}</dl>`;
}
