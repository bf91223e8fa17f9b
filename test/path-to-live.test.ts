/** The sample pipeline of docs/guides/pipeline.md, from development to production, over a real back end; and the producers' guides. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNoShell } from './guide-ground.ts';
import { openGuideShell, type GuideShell } from './guide-shell.ts';
import { hostingGround, type HostingGround } from './hosting-ground.ts';
import { hubClient } from './hub-ground.ts';
import { root } from './start-platform.ts';

const document = {
  openapi: '3.0.3',
  info: {
    title: 'Wards',
    version: '1.0.0',
    description: 'Which wards a hospital has, and how many beds are free in each of them.',
    contact: { name: 'The wards team', email: 'wards@example.org' },
  },
  servers: [{ url: 'https://api.example.org/wards' }],
  security: [],
  tags: [{ name: 'wards', description: 'Wards of a hospital' }],
  paths: {
    '/{id}': {
      get: {
        operationId: 'read-ward',
        tags: ['wards'],
        summary: 'Read a ward',
        description: 'One ward by its id, with its free beds.',
        parameters: [
          {
            ...{ name: 'id', in: 'path', required: true, example: '7' },
            ...{ description: 'The id of the ward', schema: { type: 'string', maxLength: 20 } },
          },
        ],
        responses: {
          200: {
            description: 'The ward',
            content: {
              'application/json': {
                schema: { type: 'object', properties: { at: { type: 'string' } } },
                example: { at: '/7' },
              },
            },
          },
          '4XX': {
            description: 'It was refused, and why',
            content: {
              'application/problem+json': {
                schema: { type: 'object' },
                example: { status: 404, title: 'None' },
              },
            },
          },
        },
      },
    },
  },
};

describe('the sample pipeline', function () {
  this.timeout(180_000);
  let ground: HostingGround;
  let shell: GuideShell | undefined;
  let folder: string;
  const why = whyNoShell();
  before(async function () {
    if (why !== undefined) this.skip();
    ground = await hostingGround();
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-pipeline-'));
    mkdirSync(join(folder, 'keys'));
    shell = await openGuideShell(folder, {
      DATA_DIR: ground.platform.dataDir,
      GATEHOUSE: ground.platform.url,
      KEYS: join(folder, 'keys'),
      TEST: '/7',
    });
    await ground.api('wards', { title: 'Wards' });
    writeFileSync(join(folder, 'openapi.json'), JSON.stringify(document));
  });
  after(async () => {
    if (why !== undefined) return;
    await shell?.end();
    await ground.end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs it; what it says, and how it ended. Nobody answers whoever would ask something. */
  const run = async (release: string, definition: object, ...environments: string[]) => {
    writeFileSync(join(folder, 'definition.json'), JSON.stringify(definition));
    const files = [join(folder, 'definition.json'), join(folder, 'openapi.json')];
    const script = join(root, 'scripts', 'walk-through', 'path-to-live.sh');
    const words = ['wards', release, ...files, ...environments].map((one) => `'${one}'`);
    const commands = `bash '${script}' ${words.join(' ')} < /dev/null; echo "ended with $?"`;
    const [told = ''] = (await shell?.run([{ line: 1, commands, expected: [] }])) ?? [];
    return { code: Number(/ended with (\d+)/.exec(told)?.[1]), told };
  };
  const at = async (environment: string) => (await ground.call(`/env/${environment}/wards/7`)).text;
  const all = ['development', 'sit', 'uat', 'production'];
  const definition = (revision: string) => ({
    ...ground.definition('wards'),
    backend: { kind: 'http', url: `${ground.target}/${revision}` },
  });

  it('R124 publishes, deploys, tests and promotes an API as far as production, and takes back what fails', async () => {
    const first = await run('1.0', definition('r1'), ...all);
    assert.equal(first.code, 0, first.told);
    assert.match(first.told, /It can be deployed[^]*production answers 200[^]*live in production/);
    for (const environment of all) assert.equal(await at(environment), '{"at":"/r1/7"}');

    const wrong = { ...definition('r2'), policies: [{ policy: 'none-such' }] };
    const refused = await run('2.0', wrong, ...all);
    assert.notEqual(refused.code, 0);
    assert.match(refused.told, /There is no policy none-such/);
    const shut = { ...definition('r2'), policies: [{ policy: 'api-key' }] };
    const failed = await run('2.0', shut, ...all);
    assert.equal(failed.code, 1, failed.told);
    assert.match(failed.told, /development answers 401: taken back/);
    for (const environment of all) assert.equal(await at(environment), '{"at":"/r1/7"}');

    const second = await run('2.0', definition('r2'), 'development', 'sit');
    assert.equal(second.code, 0, second.told);
    assert.deepEqual([await at('sit'), await at('uat')], ['{"at":"/r2/7"}', '{"at":"/r1/7"}']);
    const { body } = await ground.manage.call('GET', '/proxies/production.wards/revisions/1');
    assert.equal(body.release, '1.0');
  });

  it('R100 R101 stands among guides of set-up, policies, environments and process for producers', async () => {
    const client = hubClient(ground.platform.url);
    const { html } = await client.get('/guides');
    const guides = html.slice(html.indexOf('<h2>For those who offer APIs'));
    for (const [path, words] of [
      ['/guides/producer', /gatehouse api new/],
      ['/guides/policies', /policies/],
      ['/guides/pipeline', /path-to-live\.sh/],
      ['/guides/governance', /Governance[^]*Assurance[^]*Service levels/],
    ] as const) {
      assert.ok(guides.includes(`href="${path}"`), path);
      assert.match((await client.get(path)).html, words, path);
    }
    for (const environment of ['sandbox', ...all])
      assert.match((await client.get(`/environments/${environment}`)).html, /Who deploys/);
    for (const [words, path] of [
      ['deploy from a pipeline', '/guides/pipeline'],
      ['governance assurance', '/guides/governance'],
    ] as const) {
      const found = await client.get(`/catalogue?q=${encodeURIComponent(words)}`);
      assert.ok(found.html.includes(`href="${path}"`), words);
    }
  });
});
