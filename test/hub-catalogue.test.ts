/** The catalogue of the developer hub over HTTP: list, facets, search, feed, standards, completeness. */
import assert from 'node:assert/strict';
import { proxyCollection, type Proxy } from '../server/catalogue/proxies.ts';
import { pageThat, putApis, thingDocument } from './documented-apis.ts';
import { hubClient, textOf, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

interface Feed {
  readonly apis: readonly {
    readonly id: string;
    readonly status: string;
    readonly access: readonly string[];
    readonly environments: readonly string[];
    readonly standards: readonly string[];
    readonly interactions: readonly string[];
    readonly hosting: string;
    readonly openapi?: { readonly json: string; readonly yaml: string };
    readonly places: readonly { readonly url: string }[];
  }[];
}

type Paths = Readonly<Record<string, Readonly<Record<string, object>>>>;

interface Statement {
  readonly rest: readonly {
    readonly resource: readonly {
      readonly type: string;
      readonly interaction: readonly { readonly code: string }[];
      readonly searchParam?: readonly { readonly name: string }[];
    }[];
  }[];
}

/** Where FHIR puts an interaction (R4 3.2.0.1). */
function placeOf(code: string, type: string): readonly [method: string, path: string] {
  const methods: Readonly<Record<string, string>> = {
    ...{ read: 'get', 'search-type': 'get', create: 'post', patch: 'patch', update: 'put' },
  };
  const one = ['read', 'patch', 'update'].includes(code);
  return [methods[code] ?? code, one ? `/${type}/{id}` : `/${type}`];
}

describe('the catalogue', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let client: HubClient;

  before(async () => {
    platform = await startTestPlatform();
    client = hubClient(platform.url);
  });
  after(() => platform.end());

  const titles = (html: string) =>
    [...html.matchAll(/<h3><a href="\/catalogue\/([^"]+)">/g)].map(([, id = '']) => id);
  const feed = async () => {
    const response = await fetch(`${platform.url}/catalogue/feed.json`);
    return (await response.json()) as Feed; // what the feed is, as the tests say
  };

  it('R048 has an entry for every API that runs here', async () => {
    const { html, status } = await client.get('/catalogue');
    assert.equal(status, 200);
    const deployed = new Set<string>();
    const proxies = platform.store.open(proxyCollection);
    const page = await proxies.find({ index: 'all', equals: ['all'], limit: 500 });
    for (const { value } of page.items) deployed.add(value.api);
    assert.ok(deployed.size > 10);
    assert.deepEqual([...deployed].sort(), titles(html).sort());
  });

  it('shows status, technology, access, environments and owner of each', async () => {
    const { html } = await client.get('/catalogue?q=demographics');
    const found = textOf(html.slice(html.indexOf('Personal Demographics Service FHIR API')));
    for (const words of [
      /live/,
      /HL7 FHIR/,
      /Open access/,
      /signed JWT/,
      /UAT \(integration\)/,
      /Demo organisation \(DEMO1\)/,
    ])
      assert.match(found, words);
    assert.match(html, /<option value="DEMO1">Demo organisation \(DEMO1\) /);
    const page = textOf((await client.get('/catalogue/personal-demographics')).html);
    assert.match(page, /Owner\s+Demo organisation \(DEMO1\)/);
    assert.match(page, /Runs here in\s+Sandbox, UAT \(integration\); not in Production/);
    assert.doesNotMatch(page, /Live: for production/);
  });

  it('R135 filters on what runs on this platform, the choice in the address', async () => {
    await putApis(platform, [{ id: 'listed-only', environments: [], owner: 'Y90003' }]);
    await pageThat(client, '/catalogue?hosting=listed', /listed-only/);
    const all = titles((await client.get('/catalogue')).html);
    const hosted = titles((await client.get('/catalogue?hosting=platform')).html);
    const listed = titles((await client.get('/catalogue?hosting=listed')).html);
    assert.deepEqual(listed, ['listed-only']);
    assert.match((await client.get('/catalogue/listed-only')).html, /[A-Z]{3}[^<]* \(Y90003\)/);
    assert.deepEqual([...hosted, ...listed].sort(), all.sort());
  });

  it('chooses by several facets at once, and keeps what was chosen ticked', async () => {
    const { html } = await client.get('/catalogue?technology=fhir&technology=soap&access=key');
    assert.deepEqual(titles(html), ['spine-directory']);
    assert.match(html, /id="technology-fhir"[^>]*checked/);
    assert.match(html, /id="technology-soap"[^>]*checked/);
    assert.doesNotMatch(html, /id="technology-rest"[^>]*checked/);
    const nothing = await client.get(
      '/catalogue?status=retired&owner=NOBODY&page=99&technology=%00',
    );
    assert.equal(nothing.status, 200);
    assert.match(nothing.html, /0 APIs/);
  });

  it('finds operations, parameters, resources, profiles and interactions, with letters wrong', async () => {
    for (const [text, href] of [
      ['searchPatients', '/catalogue/personal-demographics/operations/searchPatients'],
      ['birthdate', '/catalogue/personal-demographics/operations/searchPatients'],
      ['organizaton', '/catalogue/ods-fhir/operations/searchOrganization'],
      ['QUPA_IN000008UK02', '/catalogue/spine-sync/interactions/QUPA_IN000008UK02'],
      ['UKCore-NHSNumberVerificationStatus', '/catalogue/personal-demographics'],
      ['mailbox', '/catalogue/mesh'],
      ['nhsAs', '/catalogue/spine-directory/interactions/nhsAs'],
    ] as const) {
      const { html } = await client.get(`/catalogue?q=${encodeURIComponent(text)}`);
      assert.ok(html.includes(`href="${href}"`), `${text} does not find ${href}`);
    }
  });

  it('N9 finds by resource, profile, parameter, interaction and terminology what the capability statement says too', async () => {
    for (const [text, href] of [
      ['RelatedPerson', '/catalogue/personal-demographics'],
      ['Extension-UKCore-NHSNumberVerificationStatus', '/catalogue/personal-demographics'],
      ['address-postalcode', '/catalogue/personal-demographics/operations/searchPatients'],
      ['search Organization', '/catalogue/ods-fhir/operations/searchOrganization'],
      ['Spine-ErrorOrWarningCode', '/catalogue/personal-demographics'],
    ] as const) {
      const { html } = await client.get(`/catalogue?q=${encodeURIComponent(text)}`);
      assert.ok(html.includes(`href="${href}"`), `${text} does not find ${href}`);
    }
    for (const [api, base] of [
      ['personal-demographics', '/personal-demographics/FHIR/R4'],
      ['ods-fhir', '/STU3'],
    ] as const) {
      const statement = (await (
        await fetch(`${platform.url}${base}/metadata`)
      ).json()) as Statement;
      const address = `${platform.url}/catalogue/${api}/openapi.json`;
      const told = await (await fetch(address)).text();
      const { paths } = JSON.parse(told) as { paths: Paths };
      for (const { type, interaction, searchParam = [] } of statement.rest[0]?.resource ?? []) {
        for (const { code } of interaction) {
          const [method, path] = placeOf(code, type);
          // RelatedPerson is searched below a patient.
          const found = Object.keys(paths).find((one) => one.endsWith(path)) ?? '';
          assert.ok(paths[found]?.[method], `${type} ${code}`);
        }
        for (const { name } of searchParam) assert.ok(told.includes(`"name":"${name}"`), name);
      }
    }
  });

  it('R161 searches APIs and guides by one box', async () => {
    const { html } = await pageThat(client, '/catalogue?q=test+an+API', /<h3>Guides<\/h3>/);
    assert.match(html, /<h3>Guides<\/h3>.*href="\/(start|guides|learn)/s);
    assert.ok(titles((await client.get('/catalogue?q=demographics')).html).length > 0);
  });

  it('says how many were found, and what to search for where nothing was', async () => {
    const { html } = await client.get('/catalogue?q=demografics+servise+xx');
    assert.match(html, /role="status">0 APIs/);
    assert.match(html, /Did you mean <a href="\/catalogue\?q=/);
  });

  it('shows a question as text', async () => {
    const { html, headers } = await client.get(
      `/catalogue?q=${encodeURIComponent('"><script>alert(1)</script>')}`,
    );
    assert.doesNotMatch(html, /<script/);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
  });

  it('R021 goes through many APIs page by page', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => `many-${i}`);
    await putApis(
      platform,
      ids.map((id) => ({ id, title: `Many ${id}`, document: thingDocument({ 'x-of': id }) })),
    );
    await pageThat(client, '/catalogue?q=many-29', /many-29/);
    const seen = new Set<string>();
    let next: string | undefined = '/catalogue';
    while (next !== undefined) {
      const { html }: { html: string } = await client.get(next);
      for (const id of titles(html)) seen.add(id);
      const more: string | undefined = /<a href="([^"]+)">Next<\/a>/.exec(html)?.[1];
      next = more?.replaceAll('&amp;', '&');
    }
    for (const id of [...ids, 'mesh', 'personal-demographics']) assert.ok(seen.has(id), id);
  });

  it('R075 shows every document to anybody, and has a feed for programs, from anywhere, that leads to them', async () => {
    const response = await fetch(`${platform.url}/catalogue/feed.json`);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    const { apis } = await feed();
    const pds = apis.find(({ id }) => id === 'personal-demographics');
    assert.deepEqual(pds?.environments, ['sandbox', 'uat']);
    assert.ok(pds.access.includes('app') && pds.hosting === 'platform');
    const spine = apis.find(({ id }) => id === 'spine-sync');
    assert.ok(spine?.interactions.includes('QUPA_IN000008UK02'));
    const documents = apis.flatMap(({ openapi }) => (openapi ? [openapi.json, openapi.yaml] : []));
    assert.ok(documents.length >= 10);
    for (const address of documents) assert.equal((await fetch(address)).status, 200, address);
    // A new API's document is public without anybody saying so.
    await putApis(platform, [{ id: 'newly-published', document: thingDocument() }]);
    const fresh = (await feed()).apis.find(({ id }) => id === 'newly-published');
    assert.equal((await fetch(fresh?.openapi?.json ?? '')).status, 200);
  });

  it('R175 has a register of standards, and tags each API with those it uses', async () => {
    const { html } = await client.get('/standards');
    for (const [group, name] of [
      ['General', 'OAuth 2.0'],
      ['Health, worldwide', 'HL7 FHIR R4'],
      ['Health, United Kingdom', 'NHS number'],
    ] as const)
      assert.ok(html.indexOf(name) > html.indexOf(`<h2>${group}</h2>`), name);
    const { apis } = await feed();
    for (const { id, standards } of apis) assert.ok(standards.length > 0, id);
    const of = (api: string) => apis.find(({ id }) => id === api)?.standards ?? [];
    assert.ok(of('personal-demographics').includes('fhir-r4'));
    assert.ok(of('ods-fhir').includes('fhir-stu3'));
    assert.ok(of('spine-async').includes('ebxml'));
    assert.ok(of('spine-directory').includes('ldap'));
    const filtered = titles((await client.get('/catalogue?standard=ebxml')).html);
    assert.deepEqual(filtered.sort(), ['spine-async', 'spine-inbound', 'spine-polling']);
  });

  it('R141 lists the interactions of message APIs, with what is sent and answered', async () => {
    const list = await client.get('/catalogue/spine-sync');
    assert.match(list.html, /interactions\/QUPA_IN000008UK02/);
    const one = await client.get('/catalogue/spine-sync/interactions/QUPA_IN000008UK02');
    assert.match(one.title, /Retrieval/);
    for (const words of [
      'urn:nhs:names:services:pdsquery/QUPA_IN000008UK02',
      'QUPA_IN000009UK03',
      'ControlActEvent/query',
      'Request',
      'Response',
    ])
      assert.ok(one.html.includes(words), words);
    const file = await fetch(
      `${platform.url}/catalogue/spine-sync/examples/QUPA_IN000008UK02-request.xml`,
    );
    assert.match(await file.text(), /^<\?xml/);
    assert.equal(
      (await fetch(`${platform.url}/catalogue/spine-sync/examples/..%2f..%2fpackage.json`)).status,
      404,
    );
    assert.equal((await client.get('/catalogue/spine-sync/interactions/constructor')).status, 404);
  });

  it('R049 R174 tells what runs without an entry or a sandbox; nothing of what is shipped does', async () => {
    assert.match((await client.get('/catalogue-check')).html, /Gaps<\/dt>\s*<dd[^>]*>0</);
    await putApis(platform, [
      { id: 'no-sandbox', environments: ['development'], document: thingDocument() },
    ]);
    const { html } = await pageThat(client, '/catalogue-check', /no-sandbox/);
    assert.match(html, /nobody can try it: it has no sandbox/);
    const { store } = platform;
    const lost: Proxy = {
      ...{ id: 'sandbox.lost', api: 'lost', environment: 'sandbox', name: 'lost' },
      ...{ active: 1, latest: 1 },
      state: 'deployed',
    };
    await store.open(proxyCollection).put(lost.id, lost, { expected: 0, by: 'test' });
    await pageThat(client, '/catalogue-check', /sandbox\.lost serves calls/);
    await store.open(proxyCollection).remove(lost.id, 1);
    await pageThat(client, '/catalogue-check', /Gaps<\/dt>\s*<dd[^>]*>1</);
  });

  it('is kept by browsers as long as nothing changes', async () => {
    for (const path of ['/catalogue', '/standards', '/catalogue/feed.json', '/catalogue/mesh']) {
      const first = await client.get(path);
      const etag = first.headers.get('etag') ?? '';
      assert.match(etag, /^W\/"/, path);
      const again = await client.get(path, { 'if-none-match': etag });
      assert.deepEqual([again.status, again.html], [304, ''], path);
    }
    assert.equal((await client.get('/sign-in')).headers.get('etag'), null);
  });
});
