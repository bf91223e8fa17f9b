/** The page of an Api, as it is published now and as any of its versions says: what it is, how it is called, what it offers. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { textOf, type OpenApiDocument } from '../catalogue/openapi/document.ts';
import { shippedContact } from '../catalogue/shipped-contact.ts';
import { environments } from '../catalogue/environments.ts';
import { isEmail } from './accounts.ts';
import { looksAfter } from './api-life-pages.ts';
import { interactionTables } from './api-message-parts.ts';
import { environmentName } from './app-words.ts';
import { accessTutorials, accessWords, type AccessPattern } from './catalogue-access.ts';
import type { CatalogueEntry, Place, Version } from './catalogue-entries.ts';
import {
  backEndWords,
  networkWords,
  statusTag,
  statusWords,
  technologyWords,
} from './catalogue-words.ts';
import type { Hub } from './hub-parts.ts';
import { pageTexts, type Texts } from './markdown.ts';
import { operationSummaries, type OperationSummary } from './operations.ts';
import { ownerName } from './owner-words.ts';
import { openPage, type Page, type Pages } from './page.ts';
import { code, inset, list, summaryList, table, tag, warning } from './parts.ts';
import { registerOfStandards } from './standards.ts';

export function apiPages(hub: Hub): Pages {
  return {
    '/catalogue/:api': openPage({
      async show({ params, me }) {
        const entry = await entryOf(hub, params.api);
        const { specification } = entry.api;
        const document =
          specification === undefined ? undefined : await hub.documentation.document(specification);
        const page = await apiPage(hub, entry, document);
        if (!me || !(await looksAfter(hub, { me }, entry.api))) return page;
        const link = html`<h2>You look after it</h2><p><a href="/catalogue/${entry.api.id}/service">Deprecate, withdraw or retire it, or put it back</a></p>`;
        return { ...page, content: html`${page.content}${link}` };
      },
    }),
    '/catalogue/:api/versions/:version': openPage({
      async show({ params }) {
        const { entry, version, document } = await versionOf(hub, params.api, params.version);
        return apiPage(hub, entry, document, version);
      },
    }),
  };
}

/** @throws Problem `not-found` */
export async function entryOf(hub: Hub, api: string | undefined): Promise<CatalogueEntry> {
  const entry = await hub.documentation.one(api ?? '');
  if (entry) return entry;
  throw new Problem('not-found', 'There is no such API in the catalogue');
}

export interface VersionOf {
  readonly entry: CatalogueEntry;
  readonly version: Version;
  readonly document: OpenApiDocument;
}

/** A version by its name. @throws Problem `not-found` */
export async function versionOf(
  hub: Hub,
  api: string | undefined,
  name: string | undefined,
): Promise<VersionOf> {
  const entry = await entryOf(hub, api);
  const version = (await hub.documentation.versions(entry.api)).find((one) => one.name === name);
  const document = version && (await hub.documentation.document(version.id));
  if (version && document) return { entry, version, document };
  throw new Problem('not-found', 'The API has no such version');
}

/** Where the pages of an Api, or of one of its versions, begin. */
export function baseOf(entry: CatalogueEntry, version?: Version): string {
  const base = `/catalogue/${entry.api.id}`;
  return version ? `${base}/versions/${version.name}` : base;
}

async function apiPage(
  hub: Hub,
  entry: CatalogueEntry,
  document: OpenApiDocument | undefined,
  version?: Version,
): Promise<Page> {
  const { api, summary, messages } = entry;
  const texts = pageTexts();
  const base = baseOf(entry, version);
  const owner = await ownerName(hub, api.owner);
  return {
    title: version ? `${api.title}, version ${version.version}` : api.title,
    of: version ? version.name : 'API catalogue',
    here: 'catalogue',
    back: version
      ? { href: `${baseOf(entry)}/versions`, text: 'Versions' }
      : { href: '/catalogue', text: 'API catalogue' },
    keep: 'revalidate',
    content: html`<p class="nhsuk-lede-text">${summary}</p>
<p>${statusTag(api.status)}</p>
${version && !version.current ? inset(html`This page shows one version for ever. <a href="${baseOf(entry)}">The version that is published now</a> may differ.`) : undefined}
${facts(hub, entry, document, owner)}
${document ? about(texts, document, summary) : undefined}
${version ? undefined : access(hub, entry)}
${document ? operationTable(operationSummaries(document), base) : undefined}
${messages && !version ? interactionTables(texts, messages, base) : undefined}
${document || messages ? undefined : warning('Not documented yet', 'Its producer has published no document. Write to its contact.')}
${document ? downloads(entry, base, version) : undefined}`,
  };
}

function facts(
  hub: Hub,
  entry: CatalogueEntry,
  document: OpenApiDocument | undefined,
  owner: string,
): Html {
  const { api, standards, version } = entry;
  const names = new Map(registerOfStandards().map(({ id, name }) => [id, name]));
  const products = [...hub.catalogue.products()].filter(({ apis }) => apis.includes(api.id));
  const stated = document ? textOf(document.info.version) : version;
  return summaryList([
    {
      key: 'Status',
      value: html`${statusWords[api.status]}. <a href="/learn/lifecycle">What the states mean</a>`,
    },
    { key: 'Runs here in', value: runsIn(entry) },
    { key: 'Technology', value: technologyWords[api.technology] },
    ...(stated === undefined ? [] : [{ key: 'Version', value: stated }]),
    { key: 'Owner', value: owner },
    { key: 'Contact', value: contact(api.contact) },
    {
      key: 'Sensitive data',
      value: api.sensitive ? 'Yes: each call is in the audit before it is answered' : 'No',
    },
    {
      key: 'Products',
      value:
        products.length === 0
          ? 'None: no subscription is needed or offered'
          : joined(products.map(({ id, name }) => html`<a href="/products/${id}">${name}</a>`)),
    },
    {
      key: 'Standards',
      value: joined(
        standards.map((id) => html`<a href="/standards#${id}">${names.get(id) ?? id}</a>`),
      ),
    },
  ]);
}

/** The state is of the API's life; where it runs on this platform is another matter. */
function runsIn({ environments: all }: CatalogueEntry): string {
  if (all.length === 0) return 'No environment of this platform';
  const names = all.map(environmentName).join(', ');
  return all.includes('production') ? names : `${names}; not in ${environmentName('production')}`;
}

/** One after the other, with commas. */
function joined(parts: readonly Html[]): Html {
  const [first = html``, ...others] = parts;
  return others.reduce((before, one) => html`${before}, ${one}`, first);
}

function contact(to: string): Html {
  if (to === shippedContact) return html`<a href="${to}">Those who run this installation</a>`;
  // It is what a producer typed: other schemes may run something.
  const address = /^https?:\/\//i.test(to) ? to : isEmail(to) ? `mailto:${to}` : undefined;
  if (address === undefined) return html`${to}`;
  return html`<a href="${address}" rel="nofollow noopener noreferrer">${to}</a>`;
}

/** What the producer says beyond the summary. */
function about(texts: Texts, { info }: OpenApiDocument, summary: string): Html | undefined {
  const told = textOf(info.description) ?? '';
  if (told.trim() === '' || told.trim() === summary) return undefined;
  return html`<h2 id="about">About</h2><div class="hub-prose">${texts.block(told, 3)}</div>`;
}

function access(hub: Hub, { places }: CatalogueEntry): Html {
  if (places.length === 0)
    return html`<h2 id="access">Where and how it is called</h2><p>It is not deployed on this platform.</p>`;
  return html`<h2 id="access">Where and how it is called</h2>
${table(
  'Environments',
  ['Environment', 'Address', 'Reached from', 'Access', 'Answers'],
  [...places]
    .sort(inOrder(places))
    .map((place) => [
      environmentName(place.environment),
      addressesOf(hub, place),
      networkWords[place.network],
      list(place.patterns.map((one) => accessWords[one].title)),
      html`${backEndWords[place.backEnd]}${place.proxy.state === 'deprecated' ? html` ${tag('deprecated', 'yellow')}` : undefined}`,
    ]),
)}
<h3>What each way asks of you</h3>
<dl class="hub-terms">${[...new Set(places.flatMap(({ patterns }) => patterns))].map((one) => html`<div><dt>${accessWords[one].title}</dt><dd>${accessWords[one].needs} ${tutorial(one)}</dd></div>`)}</dl>
<p><a href="/start/how-to-test">How to test an API</a>, step by step. <a href="/start/pre-requisites">What you need before you call</a>. <a href="/status">Status of the APIs</a>.</p>`;
}

function tutorial(pattern: AccessPattern): Html | undefined {
  const path = accessTutorials[pattern];
  if (path === undefined) return undefined;
  const { title } = accessWords[pattern];
  return html`<a href="${path}">How<span class="nhsuk-u-visually-hidden"> to call with ${title}</span></a>`;
}

const order: readonly string[] = environments;

/** By environment; where one has several, that path first which the Api has in most. */
function inOrder(places: readonly Place[]): (a: Place, b: Place) => number {
  const spread = ({ base }: Place) => places.filter((one) => one.base === base).length;
  return (a, b) =>
    order.indexOf(a.environment) - order.indexOf(b.environment) ||
    spread(b) - spread(a) ||
    a.base.localeCompare(b.base);
}

function addressesOf(hub: Hub, { environment, base, patterns }: Place): Html {
  const certified = patterns.includes('certificate')
    ? hub.reach.certified(environment, base)
    : undefined;
  return html`${code(hub.reach(environment, base))}${certified === undefined ? undefined : html`<br />with a certificate: ${code(certified)}`}`;
}

const mostRows = 1000;

function operationTable(operations: readonly OperationSummary[], base: string): Html {
  const rows = operations
    .slice(0, mostRows)
    .map(({ id, method, path, summary, deprecated }) => [
      html`<a href="${base}/operations/${id}">${summary === '' ? id : summary}</a>${deprecated ? html` ${tag('deprecated', 'yellow')}` : undefined}`,
      html`<strong>${method}</strong> ${code(path)}`,
    ]);
  return html`<h2 id="operations">Operations</h2>${table(`${operations.length} ${operations.length === 1 ? 'operation' : 'operations'}`, ['Operation', 'Method and path'], rows)}
${operations.length > mostRows ? html`<p>There are ${operations.length - mostRows} more; <a href="/catalogue">search for them</a> or download the document.</p>` : undefined}`;
}

function downloads(entry: CatalogueEntry, base: string, version: Version | undefined): Html {
  return html`<h2 id="downloads">Versions and downloads</h2>
${list([
  html`<a href="${base}/openapi.json">OpenAPI document as JSON</a>`,
  html`<a href="${base}/openapi.yaml">OpenAPI document as YAML</a>`,
  ...(version ? [] : [html`<a href="${baseOf(entry)}/versions">Versions and what changed</a>`]),
])}`;
}
