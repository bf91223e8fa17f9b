/** Which of its two names for JSON SDS FHIR answers under (RFC 9110 12.5.1). Owns no other negotiation. */
import { fhirJson } from '../../fhir/outcome.ts';
import { otherAccept } from './fhir-errors.ts';

const json = 'application/json';

/**
 * The content type of an answer: `application/json` when that is what is wanted, else `application/fhir+json`. Parameters
 * are read over, of several ranges the first that is taken here with the highest weight counts.
 * @throws Problem 406 where neither is wanted
 */
export function contentTypeFor(accept: string | undefined): string {
  if (accept === undefined || accept === '' || accept === fhirJson || accept === '*/*')
    return fhirJson;
  let found: { readonly type: string; readonly weight: number } | undefined;
  for (const range of accept.slice(0, 1000).toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    const type = taken[name];
    const weight = weightOf(parameters);
    if (type !== undefined && weight > (found?.weight ?? 0)) found = { type, weight };
  }
  if (!found) throw otherAccept();
  return found.type;
}

const taken: Readonly<Record<string, string>> = Object.assign(
  Object.create(null) as Record<string, string>, // without a prototype, so that no inherited name is taken for a type
  { '*/*': fhirJson, 'application/*': fhirJson, [fhirJson]: fhirJson, [json]: json },
);

function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((part) => part.startsWith('q='))?.slice(2);
  return weight === undefined ? 1 : Number(weight) || 0;
}
