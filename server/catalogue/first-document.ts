/** The OpenAPI document of an API that has none yet: one greeting, whole enough to be published. Owns that text only. */
import type { Api } from './apis.ts';
import type { JsonObject, OpenApiDocument } from './openapi/document.ts';

/** A document with one operation, `GET /hello`, examples included; it passes `judgeForPublishing`. */
export function apiFromNothing(
  api: Pick<Api, 'id' | 'title' | 'description' | 'contact'>,
): OpenApiDocument {
  const isMail = !/^https?:/.test(api.contact) && api.contact.includes('@');
  return {
    openapi: '3.0.3',
    info: {
      title: api.title,
      version: '0.1.0',
      description: api.description.trim() || `${api.title}: a first version.`,
      contact: isMail ? { email: api.contact } : { url: api.contact },
    },
    servers: [{ url: `/${api.id}` }],
    tags: [{ name: 'hello', description: 'Shows that the API answers' }],
    security: [{ key: [] }],
    paths: { '/hello': { get: hello } },
    components: {
      schemas: { Greeting: greeting, Refusal: refusal },
      securitySchemes: {
        key: { type: 'apiKey', in: 'header', name: 'apikey', description: 'The key of an app.' },
      },
    },
    'x-gatehouse': { access: [{ mode: 'key' }] },
  };
}

const greeting: JsonObject = {
  type: 'object',
  required: ['message'],
  properties: { message: { type: 'string', description: 'The greeting' } },
};

const refusal: JsonObject = {
  type: 'object',
  required: ['title', 'status'],
  properties: {
    title: { type: 'string', description: 'What went wrong' },
    status: { type: 'integer', description: 'The HTTP status' },
    detail: { type: 'string', description: 'What to do about it' },
  },
};

function refused(description: string, status: number, title: string): JsonObject {
  return {
    description,
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Refusal' },
        examples: { refused: { summary: title, value: { title, status } } },
      },
    },
  };
}

const hello: JsonObject = {
  operationId: 'hello',
  summary: 'Say hello',
  description: 'Answers with a greeting, for the name that is given or for the world.',
  tags: ['hello'],
  parameters: [
    {
      name: 'name',
      in: 'query',
      description: 'Whom to greet',
      schema: { type: 'string', minLength: 1, maxLength: 100 },
      example: 'world',
    },
  ],
  responses: {
    200: {
      description: 'The greeting',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/Greeting' },
          examples: { hello: { summary: 'A greeting', value: { message: 'Hello world!' } } },
        },
      },
    },
    400: refused('The name is too long', 400, 'Bad request'),
    401: refused('No key, or one that is not known', 401, 'Unauthorized'),
    429: refused('Too many calls', 429, 'Too many requests'),
  },
};
