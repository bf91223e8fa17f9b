/** Apis for tests of the catalogue and its pages: put into the store of a running platform as those that are shipped are. */
import assert from 'node:assert/strict';
import { putBuiltIn, type BuiltInApi } from '../server/catalogue/built-in.ts';
import type { Environment } from '../server/catalogue/environments.ts';
import type { HubClient } from './hub-ground.ts';
import type { TestPlatform } from './start-platform.ts';

/** What differs from an Api with one operation, in the sandbox, open to everybody. */
export interface TestApi extends Partial<Omit<BuiltInApi['api'], 'id'>> {
  readonly id: string;
  readonly document?: object;
  readonly environments?: readonly Environment[];
}

export async function putApis(platform: TestPlatform, apis: readonly TestApi[]): Promise<void> {
  await putBuiltIn(platform.store, apis.map(builtIn), Date.now(), 'test');
}

function builtIn({ id, document, environments = ['sandbox'], ...more }: TestApi): BuiltInApi {
  return {
    api: {
      ...{ id, title: `Test API ${id}`, description: 'A test.', owner: 'X26' },
      ...{ contact: 'api@example.org', technology: 'rest', sensitive: false, status: 'beta' },
      ...more,
    },
    ...(document ? { specification: JSON.stringify(document) } : {}),
    proxies: environments.map((environment) => ({
      name: id,
      environment,
      definition: { base: `/${id}`, backend: { kind: 'mock' }, policies: [{ policy: 'open' }] },
    })),
  };
}

/** An OpenAPI document with one operation, `GET /things/{id}`. */
export function thingDocument(more: object = {}, operation: object = {}): object {
  return {
    openapi: '3.0.3',
    info: { title: 'Things', version: '1.0.0', description: 'Reads things.' },
    paths: {
      '/things/{id}': {
        get: {
          operationId: 'readThing',
          summary: 'Read a thing',
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'string' }, example: '7' },
          ],
          responses: {
            200: {
              description: 'The thing.',
              content: {
                'application/json': { schema: { type: 'object' }, example: { id: '7' } },
              },
            },
          },
          ...operation,
        },
      },
    },
    ...more,
  };
}

/** Waits until a page says something: changes reach the pages by the change feed. */
export async function pageThat(client: HubClient, path: string, says: RegExp) {
  for (let tries = 0; ; tries++) {
    const page = await client.get(path);
    if (says.test(page.html)) return page;
    assert.ok(tries < 400, `${path} does not say ${String(says)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
