/**
 * Whether the catalogue covers everything that runs (R174): no deployed Proxy without an entry, no Api without a sandbox, no
 * entry without what its readers need. Pure. Owns the rules; the page is in catalogue-pages.ts.
 */
import type { Api } from '../catalogue/apis.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { CatalogueEntry } from './catalogue-entries.ts';

export interface Gap {
  readonly kind: 'no-entry' | 'no-sandbox' | 'no-documentation';
  /** The id of the Api, or what a Proxy calls it. */
  readonly api: string;
  /** What is missing, in a sentence. */
  readonly text: string;
}

export interface Completeness {
  /** Proxies that serve, and Apis with an entry. */
  readonly deployed: number;
  readonly entries: number;
  readonly gaps: readonly Gap[];
}

export function completenessOf(
  catalogue: Pick<Catalogue, 'proxies' | 'api'>,
  entries: readonly CatalogueEntry[],
): Completeness {
  const deployed = [...catalogue.proxies()].filter(
    ({ state }) => state === 'deployed' || state === 'deprecated',
  );
  const lost = deployed.filter(({ api }) => !catalogue.api(api));
  return {
    deployed: deployed.length,
    entries: entries.length,
    gaps: [
      ...lost.map(({ api, id }) => ({
        ...({ kind: 'no-entry', api } as const),
        text: `${id} serves calls, and its API has no entry in the catalogue.`,
      })),
      ...entries.filter(needsSandbox).map(({ api }) => ({
        ...({ kind: 'no-sandbox', api: api.id } as const),
        text: `${api.title} runs, and nobody can try it: it has no sandbox.`,
      })),
      ...entries.filter(lacksDocumentation).map(({ api }) => ({
        ...({ kind: 'no-documentation', api: api.id } as const),
        text: `${api.title} runs, and has neither an OpenAPI document nor a description of its messages.`,
      })),
    ],
  };
}

function isOver({ status }: Api): boolean {
  return status === 'retired';
}

function needsSandbox({ api, places, environments }: CatalogueEntry): boolean {
  return places.length > 0 && !isOver(api) && !environments.includes('sandbox');
}

function lacksDocumentation({ api, places, documented }: CatalogueEntry): boolean {
  return places.length > 0 && !isOver(api) && documented === 'no';
}
