import assert from 'node:assert/strict';
import { objectOf } from './document.ts';
import { readOpenApi } from './read.ts';

const { document, warnings } = readOpenApi(`
swagger: '2.0'
info: { title: Old, version: 1.0.0 }
host: old.example
basePath: /v1
schemes: [https]
consumes: [application/json]
produces: [application/json]
parameters:
  page: { name: page, in: query, type: integer, minimum: 1 }
  pet: { name: pet, in: body, required: true, schema: { $ref: '#/definitions/Pet' } }
responses:
  None: { description: None, schema: { $ref: '#/definitions/Pet' } }
securityDefinitions:
  basic: { type: basic }
  oauth: { type: oauth2, flow: accessCode, authorizationUrl: 'https://a.example', tokenUrl: 'https://t.example', scopes: { a: b } }
paths:
  /pets:
    parameters: [{ $ref: '#/parameters/page' }]
    get:
      parameters: [{ name: tags, in: query, type: array, items: { type: string }, collectionFormat: multi }]
      responses:
        200:
          description: Pets
          schema: { type: array, items: { $ref: '#/definitions/Pet' } }
          headers: { X-Total: { type: integer, description: How many } }
          examples: { application/json: [{ name: Rex }] }
        404: { $ref: '#/responses/None' }
    post:
      parameters: [{ $ref: '#/parameters/pet' }]
      responses: { 201: { description: Made } }
  /photo:
    put:
      parameters:
        - { name: file, in: formData, type: file, required: true }
        - { name: note, in: formData, type: string, description: A note }
      responses: { 204: { description: Kept } }
definitions:
  Pet: { type: object, discriminator: kind, properties: { name: { type: string, x-nullable: true } } }
`);

const at = (path: string) => {
  let value: unknown = document;
  for (const name of path.split(' ')) value = objectOf(value)[name];
  return value;
};

describe('OpenAPI 2.0', () => {
  it('becomes 3.0.3, and says so', () => {
    assert.equal(document.openapi, '3.0.3');
    assert.match(warnings[0] ?? '', /2.0 was converted/);
    assert.deepEqual(document.servers, [{ url: 'https://old.example/v1' }]);
    assert.doesNotMatch(JSON.stringify(document), /#\/(definitions|parameters|responses)\//);
  });

  for (const [path, expected] of [
    ['components parameters page schema', { type: 'integer', minimum: 1 }],
    ['components parameters pet', undefined],
    [
      'components schemas Pet',
      {
        type: 'object',
        discriminator: { propertyName: 'kind' },
        properties: { name: { type: 'string', nullable: true } },
      },
    ],
    ['components securitySchemes basic', { type: 'http', scheme: 'basic' }],
    ['components securitySchemes oauth flows authorizationCode tokenUrl', 'https://t.example'],
    [
      'components responses None content application/json schema',
      { $ref: '#/components/schemas/Pet' },
    ],
    [
      'paths /pets get parameters',
      [
        { $ref: '#/components/parameters/page' },
        {
          name: 'tags',
          in: 'query',
          style: 'form',
          explode: true,
          schema: { type: 'array', items: { type: 'string' } },
        },
      ],
    ],
    ['paths /pets get responses 200 content application/json example', [{ name: 'Rex' }]],
    [
      'paths /pets get responses 200 headers X-Total',
      { description: 'How many', schema: { type: 'integer' } },
    ],
    ['paths /pets get responses 404', { $ref: '#/components/responses/None' }],
    [
      'paths /pets post requestBody',
      {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } },
      },
    ],
    ['paths /pets post responses 201', { description: 'Made' }],
    [
      'paths /photo put requestBody content multipart/form-data schema',
      {
        type: 'object',
        required: ['file'],
        properties: {
          file: { type: 'string', format: 'binary' },
          note: { type: 'string', description: 'A note' },
        },
      },
    ],
  ] as const)
    it(`has ${path} where 3.0 has it`, () => {
      assert.deepEqual(at(path), expected);
    });
});
