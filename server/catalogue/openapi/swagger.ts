/**
 * OpenAPI 2.0 to 3.0, as pure data. What 3.0 has no place for is left out and told. Schemas are the same in both but for
 * references, `x-nullable`, `type: file` and the discriminator. Owns no check.
 */
import { isObject, listOf, methods, objectOf, textOf, type JsonObject } from './document.ts';
import { parameterOf, schemaParts } from './swagger-parameters.ts';

export interface Converted {
  readonly value: JsonObject;
  readonly warnings: readonly string[];
}

export function fromSwagger2(old: JsonObject): Converted {
  const media = { consumes: textsOf(old.consumes), produces: textsOf(old.produces) };
  const shared = objectOf(old.parameters);
  const value: JsonObject = {
    ...extensionsOf(old),
    openapi: '3.0.3',
    info: old.info,
    servers: serversOf(old),
    ...kept(old, ['tags', 'externalDocs', 'security']),
    paths: mapped(objectOf(old.paths), (item) => pathItem(objectOf(item), shared, media)),
    components: {
      schemas: objectOf(old.definitions),
      parameters: mapped(
        Object.fromEntries(Object.entries(shared).filter(([, one]) => !isBody(objectOf(one)))),
        (one) => parameterOf(objectOf(one)),
      ),
      responses: mapped(objectOf(old.responses), (one) =>
        responseOf(objectOf(one), media.produces),
      ),
      securitySchemes: mapped(objectOf(old.securityDefinitions), (one) => schemeOf(objectOf(one))),
    },
  };
  const warnings = ['swagger: OpenAPI 2.0 was converted to 3.0.3'];
  return { value: rewritten(value) as JsonObject, warnings }; // an object stays one
}

interface Media {
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((one): one is string => typeof one === 'string');
}

function mapped(object: JsonObject, each: (value: unknown) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, each(value)]));
}

function kept(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.filter((name) => object[name] !== undefined).map((name) => [name, object[name]]),
  );
}

function extensionsOf(object: JsonObject): JsonObject {
  return kept(
    object,
    Object.keys(object).filter((name) => name.startsWith('x-')),
  );
}

function serversOf(old: JsonObject): readonly JsonObject[] {
  const base = textOf(old.basePath) ?? '';
  const host = textOf(old.host);
  if (host === undefined) return base === '' ? [] : [{ url: base }];
  const schemes = textsOf(old.schemes);
  return (schemes.length > 0 ? schemes : ['https']).map((scheme) => ({
    url: `${scheme}://${host}${base === '/' ? '' : base}`,
  }));
}

function isBody({ in: place }: JsonObject): boolean {
  return place === 'body' || place === 'formData';
}

function pathItem(item: JsonObject, shared: JsonObject, media: Media): JsonObject {
  const everywhere = listOf(item.parameters);
  const made: Record<string, unknown> = { ...extensionsOf(item), ...kept(item, ['$ref']) };
  for (const method of methods)
    if (isObject(item[method])) made[method] = operation(item[method], everywhere, shared, media);
  return made;
}

function operation(
  old: JsonObject,
  everywhere: readonly unknown[],
  shared: JsonObject,
  media: Media,
): JsonObject {
  const own = { consumes: textsOf(old.consumes), produces: textsOf(old.produces) };
  const consumes = own.consumes.length > 0 ? own.consumes : media.consumes;
  const produces = own.produces.length > 0 ? own.produces : media.produces;
  const inherited = everywhere.filter((one) => !overridden(one, listOf(old.parameters), shared));
  const parameters = [...inherited, ...listOf(old.parameters)];
  const bodies = parameters.map((one) => followed(one, shared)).filter(isBody);
  return {
    ...old,
    consumes: undefined,
    produces: undefined,
    schemes: undefined,
    parameters: parameters
      .filter((one) => !isBody(followed(one, shared)))
      .map((one) => (typeof objectOf(one).$ref === 'string' ? one : parameterOf(objectOf(one)))),
    ...(bodies.length > 0 ? { requestBody: bodyOf(bodies, consumes) } : {}),
    responses: mapped(objectOf(old.responses), (one) => responseOf(objectOf(one), produces)),
  };
}

/** A parameter, or what its reference into the shared ones means. */
function followed(one: unknown, shared: JsonObject): JsonObject {
  const parameter = objectOf(one);
  const name = /^#\/parameters\/(.+)$/.exec(textOf(parameter.$ref) ?? '')?.[1];
  return name !== undefined && Object.hasOwn(shared, name) ? objectOf(shared[name]) : parameter;
}

function overridden(one: unknown, others: readonly unknown[], shared: JsonObject): boolean {
  const { name, in: place } = followed(one, shared);
  return others.some((other) => {
    const found = followed(other, shared);
    return found.name === name && found.in === place;
  });
}

function bodyOf(bodies: readonly JsonObject[], consumes: readonly string[]): JsonObject {
  const body = bodies.find((one) => one.in === 'body');
  if (body) {
    const types = consumes.length > 0 ? consumes : ['application/json'];
    return {
      ...kept(body, ['description']),
      required: body.required === true,
      content: Object.fromEntries(types.map((type) => [type, { schema: body.schema }])),
    };
  }
  const form = bodies.some((one) => one.type === 'file')
    ? 'multipart/form-data'
    : 'application/x-www-form-urlencoded';
  return {
    required: bodies.some((one) => one.required === true),
    content: { [form]: { schema: formOf(bodies) } },
  };
}

function formOf(fields: readonly JsonObject[]): JsonObject {
  return {
    type: 'object',
    required: fields.filter((one) => one.required === true).map((one) => one.name),
    properties: Object.fromEntries(
      fields.map((one) => [
        String(one.name),
        { ...schemaParts(one), ...kept(one, ['description']) },
      ]),
    ),
  };
}

function responseOf(old: JsonObject, produces: readonly string[]): JsonObject {
  if (typeof old.$ref === 'string') return old;
  const examples = objectOf(old.examples);
  const types = new Set([...produces, ...Object.keys(examples)]);
  if (types.size === 0 && old.schema !== undefined) types.add('application/json');
  const content = [...types].map((type) => [
    type,
    { schema: old.schema, ...(type in examples ? { example: examples[type] } : {}) },
  ]);
  const described = old.schema !== undefined || Object.keys(examples).length > 0;
  return {
    ...extensionsOf(old),
    description: textOf(old.description) ?? '',
    ...(isObject(old.headers)
      ? { headers: mapped(old.headers, (one) => headerOf(objectOf(one))) }
      : {}),
    ...(described ? { content: Object.fromEntries(content) as JsonObject } : {}),
  };
}

function headerOf(old: JsonObject): JsonObject {
  return { ...kept(old, ['description']), schema: schemaParts(old) };
}

const flows: Readonly<Record<string, string>> = {
  implicit: 'implicit',
  password: 'password',
  application: 'clientCredentials',
  accessCode: 'authorizationCode',
};

function schemeOf(old: JsonObject): JsonObject {
  if (old.type === 'basic') return { ...kept(old, ['description']), type: 'http', scheme: 'basic' };
  if (old.type !== 'oauth2') return old;
  const flow = {
    ...kept(old, ['authorizationUrl', 'tokenUrl']),
    scopes: objectOf(old.scopes),
  };
  return {
    ...kept(old, ['description']),
    type: 'oauth2',
    flows: { [flows[textOf(old.flow) ?? ''] ?? 'clientCredentials']: flow },
  };
}

const homes: readonly (readonly [RegExp, string])[] = [
  [/^#\/definitions\//, '#/components/schemas/'],
  [/^#\/parameters\//, '#/components/parameters/'],
  [/^#\/responses\//, '#/components/responses/'],
];

/** References to their new homes, everywhere; and what schemas say differently. */
function rewritten(value: unknown): unknown {
  if (Array.isArray(value)) return (value as unknown[]).map(rewritten);
  if (!isObject(value)) return value;
  const made: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(value)) {
    if (one === undefined) continue;
    if (name === '$ref' && typeof one === 'string') made[name] = moved(one);
    else if (name === 'x-nullable') made.nullable = one;
    else if (name === 'discriminator' && typeof one === 'string')
      made[name] = { propertyName: one };
    else made[name] = rewritten(one);
  }
  return made.type === 'file' ? { ...made, type: 'string', format: 'binary' } : made;
}

function moved(reference: string): string {
  const [from, to] = homes.find(([start]) => start.test(reference)) ?? [/^/, ''];
  return reference.replace(from, to);
}
