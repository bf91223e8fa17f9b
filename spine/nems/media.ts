/**
 * The media types of the national events service: FHIR in XML or JSON, in the spelling of FHIR and in the older one. Owns
 * which form a body is in and which one an answer takes; where nothing is said it is the older spelling of XML.
 */
import type { Exchange } from '../../core/exchange.ts';
import { nemsError } from './errors.ts';

export interface Media {
  readonly form: 'xml' | 'json';
  /** For Content-Type. */
  readonly type: string;
  /** Of a body, where it names one. */
  readonly charset?: string;
}

const forms: Readonly<Record<string, Media['form']>> = {
  ...{ 'application/fhir+xml': 'xml', 'application/xml+fhir': 'xml' },
  ...{ 'application/fhir+json': 'json', 'application/json+fhir': 'json' },
};
const standard: Media = { form: 'xml', type: 'application/xml+fhir;charset=utf-8' };

/** What a body is in. @param allowed forms that are taken here. @throws Problem UNSUPPORTED_MEDIA_TYPE */
export function bodyMedia(
  { headers }: Pick<Exchange, 'headers'>,
  allowed: readonly Media['form'][],
): Media {
  const sent = headers['content-type']?.trim() ?? '';
  if (sent === '') return standard;
  const [type, charset] = partsOf(sent);
  const form = formOf(type);
  if (form && allowed.includes(form) && (charset ?? 'utf-8') === 'utf-8')
    // What else a caller says there is not handed on: a long field would make the message one that nobody can fetch.
    return { form, type: charset === undefined ? type : `${type};charset=utf-8`, charset: 'utf-8' };
  throw nemsError(
    'UNSUPPORTED_MEDIA_TYPE',
    `Content-Type: expected ${typesOf(allowed).join(', ')} in utf-8, found another`,
  );
}

/** What an answer is in: the first of Accept that is known, with its weight; else the standard. */
export function answerMedia({ headers }: Pick<Exchange, 'headers'>): Media {
  let found: { readonly media: Media; readonly weight: number } | undefined;
  for (const range of (headers.accept ?? '').slice(0, 1000).split(',')) {
    const [type, , weight] = partsOf(range);
    const form = formOf(type);
    if (form && weight > (found?.weight ?? 0))
      found = { media: { form, type: `${type};charset=utf-8` }, weight };
  }
  return found?.media ?? standard;
}

function formOf(type: string): Media['form'] | undefined {
  return Object.hasOwn(forms, type) ? forms[type] : undefined;
}

function typesOf(allowed: readonly Media['form'][]): string[] {
  return Object.entries(forms).flatMap(([type, form]) => (allowed.includes(form) ? [type] : []));
}

function partsOf(
  text: string,
): readonly [type: string, charset: string | undefined, weight: number] {
  const [type = '', ...parameters] = text
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const valueOf = (name: string) =>
    parameters
      .find((part) => part.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replaceAll('"', '');
  const weight = Number(valueOf('q') ?? 1);
  return [type, valueOf('charset'), Number.isNaN(weight) ? 0 : weight];
}
