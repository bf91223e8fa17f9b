/**
 * What a call says of where it is to go, as a definition tells to read it (catalogue/proxies.ts, `Told`), and the call
 * without it. Owns the reading; which of it is needed the back end says.
 */
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { DirectoryBackend, SpineSecureProxyBackend, Told } from '../../catalogue/proxies.ts';
import { changed } from '../changed-call.ts';

/** What is told; undefined where nothing is. @throws Problem `invalid` for what is told twice. */
export function readTold(told: Told, exchange: Exchange): string | undefined {
  if ('fixed' in told) return told.fixed;
  if ('header' in told) return onlyOne(fieldsOf(exchange, told.header), wordsOf(told));
  if ('query' in told) return onlyOne(exchange.query.getAll(told.query), wordsOf(told));
  const segment = exchange.path.split('/')[told.segment];
  return segment === undefined || segment === '' ? undefined : decoded(segment);
}

/** The place in words: `the header X-Organisation`. */
export function wordsOf(told: Told): string {
  if ('fixed' in told) return 'the definition';
  if ('header' in told) return `the header ${told.header}`;
  if ('query' in told) return `the query parameter ${told.query}`;
  return `segment ${told.segment} of the path`;
}

/** The call without what it has told in path and query; fields are taken out by their names. */
export function withoutTold(exchange: Exchange, all: readonly Told[]): Exchange {
  const cut = new Set(all.flatMap((told) => ('segment' in told ? [told.segment] : [])));
  const names = new Set(all.flatMap((told) => ('query' in told ? [told.query] : [])));
  const parts = exchange.path.split('/');
  const path = parts.filter((_part, i) => !cut.has(i)).join('/');
  const placed = cut.size === 0 ? exchange : exchange.with({ path });
  if (names.size === 0 || exchange.rawQuery === '') return placed;
  const rawQuery = exchange.rawQuery
    .split('&')
    .filter((pair) => !names.has([...new URLSearchParams(pair).keys()][0] ?? ''))
    .join('&');
  return changed(placed, { rawQuery });
}

/** The names of fields that something is told in, lower case. */
export function toldFields(all: readonly Told[]): readonly string[] {
  return all.flatMap((told) => ('header' in told ? [told.header.toLowerCase()] : []));
}

/** All values of a field, by name in any case. */
export function fieldsOf({ rawHeaders }: Exchange, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === wanted) values.push(rawHeaders[i + 1] ?? '');
  return values;
}

/** What is wrong with where a definition reads from, as far as its schema cannot tell. */
export function toldFaults(
  backend: DirectoryBackend | SpineSecureProxyBackend,
): { readonly at: string; readonly message: string }[] {
  if (backend.kind !== 'directory') return [];
  const all = { organisation: backend.organisation, interaction: backend.interaction };
  const places = Object.entries(
    backend.partyKey === undefined ? all : { ...all, partyKey: backend.partyKey },
  ).map(([name, told]) => ({ name, words: wordsOf(told), fixed: 'fixed' in told }));
  return places.flatMap(({ name, words, fixed }, i) => {
    const other = places.slice(0, i).find((place) => !fixed && place.words === words);
    return other === undefined
      ? []
      : [{ at: `/backend/${name}`, message: `${words} tells ${other.name} already` }];
  });
}

function onlyOne(values: readonly string[], words: string): string | undefined {
  if (values.length > 1)
    throw new Problem('invalid', `There must be one value in ${words}, and there are several`, {
      code: 'INVALID_VALUE',
    });
  const value = values[0]?.trim();
  return value === '' ? undefined : value;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
