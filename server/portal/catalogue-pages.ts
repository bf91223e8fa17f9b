/** The catalogue of all Apis with its search and facets, the register of standards, and whether the catalogue is complete. */
import { html, type Html } from '../../core/html.ts';
import type { CatalogueEntry } from './catalogue-entries.ts';
import { chosen, choiceOf, countsOf, facets, type Choice, type Facet } from './catalogue-facets.ts';
import { completenessOf } from './catalogue-completeness.ts';
import { environmentName } from './app-words.ts';
import { statusTag, technologyWords, together } from './catalogue-words.ts';
import type { Hub } from './hub-parts.ts';
import { openPage, type Pages, type Visit } from './page.ts';
import { accessWords } from './catalogue-access.ts';
import { ownerNames } from './owner-words.ts';
import { code, inset, list, summaryList, table } from './parts.ts';
import type { Hit } from './search.ts';
import { registerOfStandards, type StandardGroup } from './standards.ts';

export function cataloguePages(hub: Hub): Pages {
  const { documentation } = hub;
  return {
    '/catalogue': openPage({
      async show(visit) {
        const asked = await ask(hub, visit);
        return {
          title: 'API catalogue',
          here: 'catalogue',
          keep: 'revalidate',
          content: html`<p class="nhsuk-lede-text">Every API of this platform: what it does, how it is called, where it runs.</p>
<div class="hub-catalogue">${filters(asked)}<div>${results(asked)}</div></div>
${feeds}`,
        };
      },
    }),
    '/standards': openPage({
      async show() {
        const entries = await documentation.all();
        return {
          title: 'Standards',
          here: 'catalogue',
          keep: 'revalidate',
          content: html`<p class="nhsuk-lede-text">The standards that the APIs of this platform use, and which use them.</p>
${groups.map(([group, heading]) => html`<h2>${heading}</h2>${standardsTable(group, entries)}`)}`,
        };
      },
    }),
    '/catalogue-check': openPage({
      async show() {
        const { deployed, entries, gaps } = completenessOf(
          hub.catalogue,
          await documentation.all(),
        );
        return {
          title: 'Is the catalogue complete?',
          here: 'catalogue',
          back: { href: '/catalogue', text: 'API catalogue' },
          keep: 'revalidate',
          content: html`<p>Each API that runs needs an entry in the catalogue, documentation, and a sandbox to try it in.</p>
${summaryList([
  { key: 'Deployed', value: `${deployed} places where an API is served` },
  { key: 'Entries', value: `${entries} APIs` },
  { key: 'Gaps', value: String(gaps.length) },
])}
${
  gaps.length === 0
    ? inset('Nothing is missing.')
    : table(
        'What is missing',
        ['API', 'Missing'],
        gaps.map(({ api, text }) => [code(api), text]),
      )
}`,
        };
      },
    }),
  };
}

const feeds = html`<h2>For programs</h2>
<ul class="nhsuk-list nhsuk-list--bullet hub-list"><li><a href="/catalogue/feed.json">The catalogue as JSON</a>, with the addresses of all OpenAPI documents</li><li><a href="/standards">Register of standards</a></li><li><a href="/catalogue-check">Is the catalogue complete?</a></li></ul>`;

const groups: readonly (readonly [StandardGroup, string])[] = [
  ['general', 'General'],
  ['global health', 'Health, worldwide'],
  ['UK', 'Health, United Kingdom'],
];

function standardsTable(group: StandardGroup, entries: readonly CatalogueEntry[]): Html {
  const rows = registerOfStandards()
    .filter((one) => one.group === group)
    .map(({ id, name, about, url }) => {
      const users = entries.filter(({ standards }) => standards.includes(id));
      return [
        html`<a href="${url}" rel="noopener noreferrer" id="${id}">${name}</a>`,
        about,
        users.length === 0
          ? 'none'
          : html`<a href="/catalogue?standard=${id}">${users.length} ${users.length === 1 ? 'API' : 'APIs'}<span class="nhsuk-u-visually-hidden"> with ${name}</span></a>`,
      ];
    });
  return table(`Standards: ${group}`, ['Standard', 'What it settles', 'Used by'], rows);
}

interface Asked {
  readonly text: string;
  readonly choice: Choice;
  /** All that the words found, before facets. */
  readonly found: readonly CatalogueEntry[];
  readonly shown: readonly CatalogueEntry[];
  readonly hits: ReadonlyMap<string, readonly Hit[]>;
  readonly guides: readonly Hit[];
  readonly suggestion: string | undefined;
  /** By their codes. */
  readonly owners: ReadonlyMap<string, string>;
  readonly page: number;
  readonly query: URLSearchParams;
}

const perPage = 20;
const longestText = 200;

async function ask(hub: Hub, { query }: Visit): Promise<Asked> {
  const { documentation } = hub;
  const text = (query.get('q') ?? '').trim().slice(0, longestText);
  const all = await documentation.all();
  const hits = text === '' ? [] : await documentation.find(text);
  const byApi = new Map<string, Hit[]>();
  for (const hit of hits) byApi.set(hit.api, [...(byApi.get(hit.api) ?? []), hit]);
  const entries = new Map(all.map((entry) => [entry.api.id, entry]));
  const found = text === '' ? all : [...byApi.keys()].flatMap((api) => entries.get(api) ?? []);
  const choice = choiceOf(query);
  const shown = chosen(found, choice);
  const asked = Number(query.get('page') ?? '1');
  const last = Math.max(1, Math.ceil(shown.length / perPage));
  return {
    ...{ text, choice, found, shown, query },
    hits: byApi,
    guides: byApi.get('') ?? [],
    owners: await ownerNames(
      hub,
      all.map(({ api }) => api.owner),
    ),
    suggestion: text !== '' && hits.length === 0 ? documentation.suggest(text) : undefined,
    page: Number.isSafeInteger(asked) ? Math.min(Math.max(asked, 1), last) : 1,
  };
}

function filters(asked: Asked): Html {
  const active = [...asked.choice.values()].reduce((sum, { size }) => sum + size, 0);
  return html`<form class="hub-filters" method="get" action="/catalogue" role="search" aria-label="API catalogue">
<div class="nhsuk-form-group"><label class="nhsuk-label nhsuk-label--s" for="q">Search</label>
<div class="nhsuk-hint" id="q-hint">Names, operations, parameters, FHIR resources and profiles, interactions, guides</div>
<input class="nhsuk-input" id="q" name="q" type="search" value="${asked.text}" maxlength="${longestText}" aria-describedby="q-hint" /></div>
<button class="nhsuk-button" type="submit">Search</button>
<details class="nhsuk-details"${active > 0 ? html` open` : undefined}><summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">Filters${active > 0 ? ` (${active} chosen)` : ''}</span></summary>
<div class="nhsuk-details__text">${facets.map((facet) => facetField(facet, asked))}
<button class="nhsuk-button nhsuk-button--secondary" type="submit">Apply filters</button>
<p><a href="/catalogue">Clear search and filters</a></p></div></details></form>`;
}

/** Many values are a list to choose one of; few are boxes to tick. */
function facetField(facet: Facet, { found, choice, owners }: Asked): Html {
  const counts = countsOf(found, choice, facet);
  const picked = choice.get(facet.name) ?? new Set<string>();
  const { name, title } = facet;
  const values = (
    facet.values ??
    [...counts.keys()].sort().map((value) => ({ value, text: owners.get(value) ?? value }))
  ).filter(({ value }) => counts.has(value) || picked.has(value));
  if (values.length === 0) return html``;
  const count = (value: string) => counts.get(value) ?? 0;
  if (name === 'standard' || name === 'owner')
    return html`<div class="nhsuk-form-group"><label class="nhsuk-label nhsuk-label--s" for="${name}">${title}</label>
<select class="nhsuk-select" id="${name}" name="${name}"><option value="">Any</option>${values.map(({ value, text }) => html`<option value="${value}"${picked.has(value) ? html` selected` : undefined}>${text} (${count(value)})</option>`)}</select></div>`;
  return html`<div class="nhsuk-form-group"><fieldset class="nhsuk-fieldset"><legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s">${title}</legend>
<div class="nhsuk-checkboxes nhsuk-checkboxes--small">${values.map(
    ({ value, text }) =>
      html`<div class="nhsuk-checkboxes__item"><input class="nhsuk-checkboxes__input" id="${name}-${value}" name="${name}" type="checkbox" value="${value}"${picked.has(value) ? html` checked` : undefined} /><label class="nhsuk-label nhsuk-checkboxes__label" for="${name}-${value}">${text} (${count(value)})</label></div>`,
  )}</div></fieldset></div>`;
}

function results(asked: Asked): Html {
  const { shown, page, text, suggestion, guides } = asked;
  const first = (page - 1) * perPage;
  const count = `${shown.length} ${shown.length === 1 ? 'API' : 'APIs'}`;
  return html`<h2 id="results">Results</h2>
<p role="status">${text === '' ? count : `${count} for “${text}”`}${shown.length > perPage ? `, ${first + 1} to ${Math.min(first + perPage, shown.length)} are shown` : ''}</p>
${suggestion === undefined ? undefined : html`<p>Did you mean <a href="/catalogue?q=${encodeURIComponent(suggestion)}">${suggestion}</a>?</p>`}
${guides.length === 0 ? undefined : html`<h3>Guides</h3>${list(guides.slice(0, 5).map(({ href, title }) => html`<a href="${href}">${title}</a>`))}`}
<ul class="hub-results">${shown.slice(first, first + perPage).map((entry) => result(entry, asked.hits.get(entry.api.id) ?? [], asked.owners))}</ul>
${pagination(asked)}`;
}

const mostHits = 4;

function result(
  { api, summary, environments, access, version }: CatalogueEntry,
  hits: readonly Hit[],
  owners: Asked['owners'],
): Html {
  const parts = hits.filter(({ kind }) => kind !== 'api');
  return html`<li><h3><a href="/catalogue/${api.id}">${api.title}</a> ${statusTag(api.status)}</h3>
<p>${summary}</p>
<dl class="hub-facts"><div><dt>Technology</dt><dd>${technologyWords[api.technology]}</dd></div>
<div><dt>Access</dt><dd>${access.length === 0 ? 'not deployed' : access.map((one) => accessWords[one].title).join('; ')}</dd></div>
<div><dt>Environments</dt><dd>${environments.length === 0 ? 'none' : together(environments.map((one) => environmentName(one)))}</dd></div>
<div><dt>Owner</dt><dd>${owners.get(api.owner) ?? api.owner}</dd></div>
${version === undefined ? undefined : html`<div><dt>Version</dt><dd>${version}</dd></div>`}</dl>
${
  parts.length === 0
    ? undefined
    : html`<ul class="nhsuk-list nhsuk-list--bullet">${parts.slice(0, mostHits).map(({ href, title, name }) => html`<li><a href="${href}">${title}</a>${name === title ? undefined : html` ${code(name)}`}</li>`)}${parts.length > mostHits ? html`<li>and ${parts.length - mostHits} more</li>` : undefined}</ul>`
}</li>`;
}

function pagination({ shown, page, query }: Asked): Html | undefined {
  const pages = Math.ceil(shown.length / perPage);
  if (pages < 2) return undefined;
  const link = (to: number, text: string) => {
    const next = new URLSearchParams(query);
    next.set('page', String(to));
    return html`<li><a href="/catalogue?${next.toString()}"${to === page ? html` aria-current="page"` : undefined}>${text}</a></li>`;
  };
  const numbers = Array.from({ length: pages }, (_, at) => at + 1).filter(
    (one) => one === 1 || one === pages || Math.abs(one - page) < 3,
  );
  return html`<nav class="hub-pages" aria-label="Pages of results"><ul>
${page > 1 ? link(page - 1, 'Previous') : undefined}${numbers.map((one) => link(one, String(one)))}${page < pages ? link(page + 1, 'Next') : undefined}</ul></nav>`;
}
