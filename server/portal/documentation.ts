/**
 * The catalogue and its search as one part of the hub, read at the first question and kept current from then on. Owns their
 * joining.
 */
import {
  openCatalogueEntries,
  type CatalogueEntries,
  type EntriesOptions,
} from './catalogue-entries.ts';
import { createSearch, type Guide, type Hit } from './search.ts';

export interface Documentation extends CatalogueEntries {
  /** Best first, over what there is at this moment. */
  find(text: string): Promise<readonly Hit[]>;
  /** Words that would have found something. */
  suggest(text: string): string | undefined;
  /** Puts pages that explain something into the search, in place of those before. */
  putGuides(guides: readonly Guide[]): Promise<void>;
}

export function openDocumentation(options: EntriesOptions): Documentation {
  const entries = openCatalogueEntries(options);
  const search = createSearch();
  entries.onRead((api, read) => search.put(api, read));
  return {
    ...entries,
    async find(text) {
      await entries.all();
      return search.find(text);
    },
    suggest: (text) => search.suggest(text),
    putGuides: (guides) => search.putGuides(guides),
  };
}
