/** The OpenAPI 3.1 document of the management API, made from platform-routes-facts.ts. Owns its form only. */
import { schemaOf } from './api-bodies.ts';
import { managementBase } from './api-call.ts';
import { routeFacts, type RouteFacts } from './platform-routes-facts.ts';

/**
 * @param more routes of other parts of the platform
 * @param version of the platform; `1` where nobody says
 */
export function managementDocument(
  more: Readonly<Record<string, RouteFacts>> = {},
  version = '1',
): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [route, facts] of Object.entries({ ...routeFacts, ...more })) {
    const [method = '', path = ''] = route.split(' ');
    (paths[path] ??= {})[method.toLowerCase()] = operation(method, path, facts);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse management API',
      version,
      description:
        'Apps, products, subscriptions, APIs and what runs where. Every change is in the audit.',
    },
    servers: [{ url: managementBase }],
    security: [{ administrator: [] }],
    paths,
    components: {
      securitySchemes: {
        administrator: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of POST /management/token: client_credentials with a signed client assertion',
        },
      },
      responses: { problem: problemResponse },
    },
  };
}

const problemResponse = {
  description: 'Refused: problem details of RFC 9457',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['type', 'title', 'status', 'detail', 'instance'],
        properties: {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string', description: 'What to do' },
          code: { type: 'string' },
          instance: { type: 'string' },
          errors: {
            type: 'array',
            items: {
              type: 'object',
              properties: { at: { type: 'string' }, message: { type: 'string' } },
            },
          },
        },
      },
    },
  },
};

function operation(method: string, path: string, facts: RouteFacts): object {
  const { summary, rights, status = 200, open } = facts;
  return {
    operationId: operationId(method, path),
    summary,
    tags: [path.split('/')[1] ?? ''],
    ...(rights === undefined ? {} : { description: `Takes ${rights.join(' or ')}.` }),
    ...(open ? { security: [] } : {}),
    parameters: parametersOf(path, facts),
    ...bodyOf(facts),
    responses: {
      [status]: {
        description: status === 204 ? 'Done' : 'As asked',
        ...(status === 204
          ? {}
          : { content: { 'application/json': { schema: { type: 'object' } } } }),
      },
      default: { $ref: '#/components/responses/problem' },
    },
  };
}

/** `PUT /proxies/{id}/state` becomes `putProxiesIdState`. */
function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const capitals = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return method.toLowerCase() + capitals.join('');
}

function parametersOf(path: string, { query = {}, paged, condition }: RouteFacts): object[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string' },
  }));
  const pages = paged
    ? { limit: { type: 'integer', minimum: 1, maximum: 200 }, after: { type: 'string' } }
    : {};
  const inQuery = Object.entries({ ...query, ...pages }).map(([name, schema]) => ({
    ...{ name, in: 'query', schema },
  }));
  const ifMatch = {
    ...{ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' } },
    description: 'The ETag that was read, or *',
  };
  return [...inPath, ...inQuery, ...(condition ? [ifMatch] : [])];
}

function bodyOf({ body, media }: RouteFacts): object {
  if (media)
    return {
      requestBody: {
        required: true,
        content: Object.fromEntries(media.map((type) => [type, { schema: { type: 'object' } }])),
      },
    };
  if (!body) return {};
  const schema = typeof body === 'function' ? schemaOf(body) : { type: 'object', properties: body };
  return { requestBody: { required: true, content: { 'application/json': { schema } } } };
}
