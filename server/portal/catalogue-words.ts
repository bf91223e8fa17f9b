/** Words and tags by which the catalogue's pages name what an Api is: status, technology, hosting, environments. */
import { html, type Html } from '../../core/html.ts';
import type { ApiStatus, Technology } from '../catalogue/apis.ts';
import type { BackEnd, CatalogueEntry, Network } from './catalogue-entries.ts';
import { tag, type TagColour } from './parts.ts';

export const statusWords: Readonly<Record<ApiStatus, string>> = {
  alpha: 'Alpha: it may change in any way, or go',
  beta: 'Beta: it works, and may still change',
  live: 'Live: settled, and changes only with notice',
  deprecated: 'Deprecated: it works, and will go; use what replaces it',
  retired: 'Retired: it is no longer served',
};

const colours: Readonly<Record<ApiStatus, TagColour>> = {
  alpha: 'grey',
  beta: 'blue',
  live: 'green',
  deprecated: 'yellow',
  retired: 'red',
};

export function statusTag(status: ApiStatus): Html {
  return tag(status, colours[status]);
}

export const technologyWords: Readonly<Record<Technology, string>> = {
  fhir: 'HL7 FHIR over REST',
  rest: 'REST',
  soap: 'SOAP and XML messages',
  oauth: 'OAuth 2.0',
};

export const hostingWords: Readonly<Record<CatalogueEntry['hosting'], string>> = {
  platform: 'On this platform',
  listed: 'Listed only, not deployed here',
};

export const backEndWords: Readonly<Record<BackEnd, string>> = {
  here: 'answered by this platform',
  examples: 'answered from the examples of the document',
  provider: 'passed on to the server of its provider',
  directory: 'passed on to the system that the directory names',
};

/** From where an environment of an Api is reached. */
export const networkWords: Readonly<Record<Network, string>> = {
  both: 'the internet and the private health network',
  internet: 'the internet alone',
  hscn: 'the private health network alone',
};

/** A list of words on one line. */
export function together(words: readonly string[]): Html {
  return html`${words.join(', ')}`;
}
