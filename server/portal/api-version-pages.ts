/** The versions of an Api's document, its change log, and what differs between any two of them. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { baseOf, entryOf, versionOf, type VersionOf } from './api-pages.ts';
import type { CatalogueEntry, Version } from './catalogue-entries.ts';
import { differenceOf, type Difference } from './difference.ts';
import type { Hub } from './hub-parts.ts';
import { openPage, type Pages } from './page.ts';
import { code, inset, table, tag, time } from './parts.ts';

export function versionPages(hub: Hub): Pages {
  const difference = keptDifferences();
  return {
    '/catalogue/:api/versions': openPage({
      async show({ params }) {
        const entry = await entryOf(hub, params.api);
        const versions = await hub.documentation.versions(entry.api);
        if (versions.length === 0)
          throw new Problem('not-found', 'The API has no OpenAPI document, so it has no versions');
        return {
          title: `Versions of ${entry.api.title}`,
          here: 'catalogue',
          back: { href: baseOf(entry), text: entry.api.title },
          keep: 'revalidate',
          content: html`<p>Each document that the API was published or deployed with keeps its address for ever.</p>
${versionTable(entry, versions)}${compare(entry, versions)}`,
        };
      },
    }),
    '/catalogue/:api/difference': openPage({
      async show({ params, query }) {
        const from = await versionOf(hub, params.api, query.get('from') ?? '');
        const to = await versionOf(hub, params.api, query.get('to') ?? '');
        const base = baseOf(from.entry);
        return {
          title: `${from.entry.api.title}: what changed`,
          here: 'catalogue',
          back: { href: `${base}/versions`, text: 'Versions' },
          keep: 'revalidate',
          content: html`<p>From ${link(from.entry, from.version)} to ${link(to.entry, to.version)}.</p>
${changes(await difference(from, to))}`,
        };
      },
    }),
  };
}

const mostKept = 20;

/** Documents never change, so what differs between two is found once. */
function keptDifferences() {
  const kept = new Map<string, Promise<Difference>>();
  return (from: VersionOf, to: VersionOf): Promise<Difference> => {
    const key = `${from.version.id} ${to.version.id}`;
    const known = kept.get(key) ?? differenceOf(from.document, to.document);
    kept.set(key, known);
    const [oldest] = kept.keys();
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
    return known;
  };
}

function link(entry: CatalogueEntry, version: Version): Html {
  return html`<a href="${baseOf(entry, version)}">${version.name}</a>`;
}

function versionTable(entry: CatalogueEntry, versions: readonly Version[]): Html {
  const rows = versions.map((one, at) => {
    const before = versions[at + 1];
    const query = before && new URLSearchParams({ from: before.name, to: one.name });
    return [
      html`${link(entry, one)}${one.current ? html` ${tag('published now', 'green')}` : undefined}`,
      one.version,
      time(one.created),
      query
        ? html`<a href="${baseOf(entry)}/difference?${query.toString()}">What changed<span class="nhsuk-u-visually-hidden"> in ${one.name}</span></a>`
        : 'the first',
      html`<a href="${baseOf(entry, one)}/openapi.json">JSON<span class="nhsuk-u-visually-hidden"> of ${one.name}</span></a> <a href="${baseOf(entry, one)}/openapi.yaml">YAML<span class="nhsuk-u-visually-hidden"> of ${one.name}</span></a>`,
    ];
  });
  return table('Versions', ['Address', 'Version', 'Since', 'Changes', 'Download'], rows);
}

function compare(entry: CatalogueEntry, versions: readonly Version[]): Html | undefined {
  if (versions.length < 2) return undefined;
  const choose = (name: string, label: string, at: number) =>
    html`<div class="nhsuk-form-group"><label class="nhsuk-label" for="${name}">${label}</label><select class="nhsuk-select" id="${name}" name="${name}">${versions.map((one, index) => html`<option value="${one.name}"${index === at ? html` selected` : undefined}>${one.name}</option>`)}</select></div>`;
  return html`<h2>Compare two versions</h2>
<form method="get" action="${baseOf(entry)}/difference">${choose('from', 'From', 1)}${choose('to', 'To', 0)}<button class="nhsuk-button nhsuk-button--secondary" type="submit">Compare</button></form>`;
}

function changes({ changes: all, cut }: Difference): Html {
  if (all.length === 0) return inset('Nothing that a caller would notice.');
  const breaking = all.filter((one) => one.breaking).length;
  return html`<p>${all.length} ${all.length === 1 ? 'change' : 'changes'}, ${breaking} of them may break callers.</p>
${table(
  'Changes',
  ['Operation', 'Change', 'Effect'],
  all.map(({ where, what, breaking: hard }) => [
    code(where),
    what,
    hard ? tag('may break', 'red') : tag('safe', 'green'),
  ]),
)}${cut ? html`<p>There are more changes than are listed.</p>` : undefined}`;
}
