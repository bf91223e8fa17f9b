/** The OpenAPI document of MESH beside the routes that are served, and as strictly as for the public. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openClient } from '../scripts/gatehouse/client.ts';
import { meshApi, meshOpen } from '../spine/mesh/api.ts';
import { exchangeFor } from './exchange-for.ts';
import { root, startTestPlatform } from './start-platform.ts';

const file = join(root, 'spine', 'mesh', 'openapi.json');
const text = readFileSync(file, 'utf8');
const { paths } = JSON.parse(text) as { readonly paths: Record<string, Record<string, unknown>> };
const methods = ['get', 'head', 'post', 'put', 'delete', 'patch'];

describe('the document of MESH', () => {
  it('tells the routes that there are, and no other', async () => {
    const ours = Object.entries(paths).flatMap(([path, item]) =>
      methods.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const source = readFileSync(join(root, 'spine', 'mesh', 'api.ts'), 'utf8');
    const served = [...source.matchAll(/'((?:GET|POST|PUT) \/:?[^']*)'/g)].map(
      ([, route = '']) => route,
    );
    // That of the older address is another base.
    const own = served.filter((route) => !route.startsWith('GET /mesh/'));
    const named = (route: string) => route.replace(/[{:](\w+)\}?/g, '*');
    assert.deepEqual(
      ours
        .filter((one) => !one.startsWith('HEAD') && !one.includes('/_'))
        .map(named)
        .sort(),
      own.map(named).sort(),
    );
    for (const one of ours.filter((each) => each.includes('/_'))) {
      const options = { limits: {} } as Parameters<typeof meshOpen>[0]; // nothing else is asked for
      const reply = await meshOpen(options)(exchangeFor({ path: one.split(' ')[1] ?? '' }));
      assert.equal(reply?.status, 200, one);
    }
    assert.equal(typeof meshApi, 'function');
  });

  it('stands the checks of documents that are published', async function () {
    this.timeout(60_000);
    const platform = await startTestPlatform();
    try {
      const client = openClient({ dataDir: platform.dataDir, url: platform.url });
      const document = { text, type: 'application/json' };
      const put = await client.call('PUT', '/apis/mesh/specification?publish=true', { document });
      assert.deepEqual(put.body.warnings ?? [], []);
    } finally {
      await platform.end();
    }
  });
});
