/** What the page of every API says: where it is reached and from where, what a call needs, its state; and the API that is an example. */
import assert from 'node:assert/strict';
import { apiCollection, specificationCollection } from '../server/catalogue/apis.ts';
import { putBuiltIn } from '../server/catalogue/built-in.ts';
import { proxyCollection } from '../server/catalogue/proxies.ts';
import { helloWorld } from '../server/hello-world.ts';
import { statusWords } from '../server/portal/catalogue-words.ts';
import { putApis, thingDocument } from './documented-apis.ts';
import { hubClient, textOf, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

interface Feed {
  readonly apis: readonly {
    readonly id: string;
    readonly status: string;
    readonly places: readonly { readonly url: string; readonly environment: string }[];
  }[];
}

describe('the page of every API', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let client: HubClient;
  before(async () => {
    platform = await startTestPlatform();
    client = hubClient(platform.url);
  });
  after(() => platform.end());

  const feed = async () =>
    (await (await fetch(`${platform.url}/catalogue/feed.json`)).json()) as Feed; // catalogue-files.ts writes it
  const main = (html: string) => html.slice(html.indexOf('<main'), html.indexOf('</main>'));

  it('R145 shows the addresses at which it is tested, in each environment in which it runs', async () => {
    const { apis } = await feed();
    assert.ok(apis.length > 10);
    for (const { id, places } of apis) {
      const { html } = await client.get(`/catalogue/${id}`);
      const trials = places.filter(({ environment }) => environment !== 'production');
      assert.ok(trials.length > 0, id);
      for (const { url } of trials) assert.ok(main(html).includes(url), `${id}: ${url}`);
    }
    const { items } = await platform.store
      .open(proxyCollection)
      .find({ index: 'all', equals: ['all'], limit: 1000 });
    assert.equal(apis.flatMap(({ places }) => places).length, items.length, 'none is left out');
  });

  it('leads from each API that is shipped to the help of this installation, and nowhere else for questions', async () => {
    const query = { index: 'all', equals: ['all'], limit: 1000 };
    const documents = platform.store.open(specificationCollection);
    for (const { value } of (await platform.store.open(apiCollection).find(query)).items) {
      assert.equal(value.contact, '/help', value.id);
      const { html } = await client.get(`/catalogue/${value.id}`);
      assert.match(html, /<a href="\/help">Those who run this installation<\/a>/, value.id);
      if (value.specification === undefined) continue;
      const document = await documents.get(value.specification);
      assert.doesNotMatch(document?.value.text ?? '', /github\.com\/gatehouse/, value.id);
    }
  });

  it('puts right a contact that was shipped before, and leaves one that was given', async () => {
    const apis = platform.store.open(apiCollection);
    const contacts: string[] = [];
    for (const contact of ['https://github.com/gatehouse', 'mine@example.org']) {
      const stored = await apis.get('hello-world');
      assert.ok(stored);
      await apis.put('hello-world', { ...stored.value, contact }, { expected: stored.version });
      await putBuiltIn(platform.store, [helloWorld('{}')], Date.now(), 'test');
      contacts.push((await apis.get('hello-world'))?.value.contact ?? '');
    }
    assert.deepEqual(contacts, ['/help', 'mine@example.org']);
  });

  it('R147 says of each of them whether it is reached from the internet or the private health network', async () => {
    const hscn = ['10.0.0.0/8'];
    for (const exposure of ['internet', 'hscn', 'both'] as const)
      await putBuiltIn(
        platform.store,
        [
          {
            api: {
              ...{ id: `at-${exposure}`, title: exposure, description: '', owner: 'X26' },
              ...{ contact: 'a@example.org', technology: 'rest', sensitive: false, status: 'beta' },
            },
            proxies: (['sandbox', 'uat'] as const).map((environment) => ({
              ...{ name: `at-${exposure}`, environment },
              definition: {
                ...{ base: `/at-${exposure}`, backend: { kind: 'mock' } },
                policies: [{ policy: 'network', config: { exposure, hscn } }, { policy: 'open' }],
              },
            })),
          },
        ],
        Date.now(),
        'test',
      );
    for (const [id, words] of [
      ['at-internet', 'the internet alone'],
      ['at-hscn', 'the private health network alone'],
      ['at-both', 'the internet and the private health network'],
    ] as const) {
      const { html } = await client.get(`/catalogue/${id}`);
      const told = [...html.matchAll(/data-head="Reached from">([^<]*)</g)].map(([, one]) => one);
      assert.deepEqual(told, [words, words], id);
    }
    for (const { id, places } of (await feed()).apis) {
      const { html } = await client.get(`/catalogue/${id}`);
      const told = [...html.matchAll(/data-head="Reached from">the [^<]+</g)];
      assert.equal(told.length, places.length, id);
    }
  });

  it('R143 lists what each way of calling it asks for, and leads to what holds for all', async () => {
    for (const { id } of (await feed()).apis) {
      const { html } = await client.get(`/catalogue/${id}`);
      const [, needs = ''] = /What each way asks of you<\/h3>(.*?)<\/dl>/s.exec(html) ?? [];
      const ways = [...needs.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/gs)];
      assert.ok(ways.length > 0, id);
      for (const [, way = '', need = ''] of ways)
        assert.ok(textOf(need).length > 20, `${id} ${way}`);
      assert.match(main(html), /href="\/start\/pre-requisites"/, id);
    }
    const common = await client.get('/start/pre-requisites');
    for (const part of ['every call', 'each environment', 'each kind of access'])
      assert.match(common.html, new RegExp(`<h2[^>]*>For ${part}<`));
  });

  it('R132 bears its state, which a page explains, the catalogue chooses by, and changes are listed for', async () => {
    const states = Object.keys(statusWords) as (keyof typeof statusWords)[]; // a constant's keys
    await putApis(
      platform,
      states.map((status) => ({
        id: `is-${status}`,
        status,
        document: thingDocument({ tags: [{ name: status }] }),
      })),
    );
    const explained = await client.get('/learn/lifecycle');
    for (const status of states) {
      assert.ok(explained.html.includes(`<code class="hub-code">${status}</code>`), status);
      const { html } = await client.get(`/catalogue/is-${status}`);
      assert.match(html, new RegExp(`<strong class="nhsuk-tag[^>]*>${status}</strong>`), status);
      assert.match(main(html), /href="\/learn\/lifecycle"/);
      assert.match(main(html), /href="\/catalogue\/is-[a-z]+\/versions"/);
      const chosen = await client.get(`/catalogue?status=${status}`);
      const found = [...chosen.html.matchAll(/<h3><a href="\/catalogue\/is-([a-z]+)">/g)];
      assert.deepEqual(
        found.map(([, one]) => one),
        [status],
      );
    }
    assert.match(explained.html, /href="\/backlog"/, 'and what the platform itself will have');
    assert.equal((await client.get('/catalogue/is-live/versions')).status, 200);
  });

  it('R133 is whole for the demographics API, which shows what good looks like', async () => {
    const id = 'personal-demographics';
    const page = await client.get(`/catalogue/${id}`);
    const operations = [
      ...new Set(
        [
          ...page.html.matchAll(/href="(\/catalogue\/personal-demographics\/operations\/[^"]+)"/g),
        ].map(([, path = '']) => path),
      ),
    ];
    assert.ok(operations.length >= 10);
    for (const path of operations) {
      const { html } = await client.get(path);
      assert.match(html, />Example/i, path);
      assert.match(html, /href="\/try\//, path);
    }
    const check = await client.get('/catalogue-check');
    assert.ok(!main(check.html).includes(`/catalogue/${id}"`), 'nothing is missing');
    const statement = await platform.call('/metadata');
    assert.equal(statement.json.resourceType, 'CapabilityStatement');
    assert.equal((await platform.call('/Patient/9000000009')).json.id, '9000000009');
    const refused = await platform.call('/Patient/9000000000');
    assert.equal(refused.json.resourceType, 'OperationOutcome');
    const integration = `${platform.url}/env/int/personal-demographics/FHIR/R4/Patient/9000000009`;
    assert.equal((await fetch(integration, { headers: { 'x-request-id': 'x' } })).status, 401);
  });
});
