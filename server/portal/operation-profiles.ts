/** The FHIR resources, profiles and extensions that an operation's schemas and examples name, with where each is described. */
import { isObject, resolve, textOf, type OpenApiDocument } from '../catalogue/openapi/document.ts';
import type { Operation } from './operations.ts';

export interface ProfileLink {
  readonly name: string;
  readonly href: string;
}

const mostLooked = 20_000;
const mostLinks = 40;

/** Resources first, then profiles and extensions by name. */
export function profilesOf(
  document: OpenApiDocument,
  { body, responses }: Operation,
  release: 'R4' | 'STU3',
): readonly ProfileLink[] {
  const resources = new Set<string>();
  const profiles = new Set<string>();
  const seen = new Set<unknown>();
  let looked = 0;
  const look = (given: unknown, depth: number): void => {
    const value = resolve(document, given);
    if (typeof value === 'string') {
      if (isProfile(value)) profiles.add(value);
      return;
    }
    if (typeof value !== 'object' || value === null || depth > 40) return;
    if (seen.has(value) || ++looked > mostLooked) return;
    seen.add(value);
    if (isObject(value)) for (const name of resourceNames(value)) resources.add(name);
    for (const one of Object.values(value)) look(one, depth + 1);
  };
  for (const { schema, examples } of [body, ...responses].flatMap((one) => one?.contents ?? [])) {
    look(schema, 0);
    for (const { value } of examples) look(value, 0);
  }
  return [
    ...[...resources].sort().map((name) => ({
      name,
      href: `https://hl7.org/fhir/${release}/${name.toLowerCase()}.html`,
    })),
    ...[...profiles].sort().map((href) => ({ name: href.slice(href.lastIndexOf('/') + 1), href })),
  ].slice(0, mostLinks);
}

/** `resourceType` of an example, or what a schema lets it be. */
function resourceNames({ resourceType }: Readonly<Record<string, unknown>>): readonly string[] {
  const { enum: values, const: only, example } = isObject(resourceType) ? resourceType : {};
  const told = [
    resourceType,
    only,
    example,
    ...(Array.isArray(values) ? (values as unknown[]) : []),
  ];
  return told.map((one) => textOf(one) ?? '').filter((one) => /^[A-Z][A-Za-z]{2,40}$/.test(one));
}

function isProfile(text: string): boolean {
  return /^https:\/\/[a-z0-9.-]{3,100}\/(STU3\/|R4\/)?StructureDefinition\/[A-Za-z0-9-]{2,100}$/.test(
    text,
  );
}
