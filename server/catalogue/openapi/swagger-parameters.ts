/** Parameters and headers of OpenAPI 2.0 as those of 3.0: their type moves into a schema, their lists get a style. */
import { objectOf, textOf, type JsonObject } from './document.ts';

const schemaNames = new Set(
  `type format items default maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems
   uniqueItems enum multipleOf`.split(/\s+/),
);

/** What a parameter says of its value, as a schema. */
export function schemaParts(old: JsonObject): JsonObject {
  const parts = Object.entries(old).filter(([name]) => schemaNames.has(name));
  const made: Record<string, unknown> = Object.fromEntries(parts);
  if (made.items !== undefined) made.items = schemaParts(objectOf(made.items));
  return made;
}

/** A parameter that is no body. */
export function parameterOf(old: JsonObject): JsonObject {
  const rest = Object.entries(old).filter(
    ([name]) => !schemaNames.has(name) && name !== 'collectionFormat',
  );
  return {
    ...Object.fromEntries(rest),
    ...(old.type === 'array' ? styleOf(textOf(old.collectionFormat), old.in) : {}),
    schema: schemaParts(old),
  };
}

function styleOf(format: string | undefined, place: unknown): JsonObject {
  if (place !== 'query') return { style: 'simple' };
  if (format === 'multi') return { style: 'form', explode: true };
  if (format === 'pipes') return { style: 'pipeDelimited', explode: false };
  if (format === 'ssv') return { style: 'spaceDelimited', explode: false };
  return { style: 'form', explode: false };
}
