/** The documentation pages of the developer hub over HTTP: operations, versions, downloads; and documents that mean harm. */
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { specificationCollection } from '../server/catalogue/apis.ts';
import { pageThat, putApis, thingDocument } from './documented-apis.ts';
import { hubClient, textOf, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const pds = '/catalogue/personal-demographics';

describe('documentation pages', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let client: HubClient;

  before(async () => {
    platform = await startTestPlatform();
    client = hubClient(platform.url);
  });
  after(() => platform.end());

  it('R092 document every operation of every OpenAPI document, which can be downloaded', async () => {
    const feed = (await (await fetch(`${platform.url}/catalogue/feed.json`)).json()) as {
      apis: { id: string; openapi?: { json: string; yaml: string } }[];
    };
    let operations = 0;
    for (const { id, openapi } of feed.apis) {
      if (!openapi) continue;
      const document = (await (await fetch(openapi.json)).json()) as {
        paths: Record<string, Record<string, { operationId?: string }>>;
      };
      assert.deepEqual(parse(await (await fetch(openapi.yaml)).text()), document, id);
      const { html } = await client.get(`/catalogue/${id}`);
      for (const item of Object.values(document.paths))
        for (const { operationId } of Object.values(item)) {
          if (operationId === undefined) continue; // parameters of the path
          const path = `/catalogue/${id}/operations/${operationId}`;
          assert.ok(html.includes(`href="${path}"`), path);
          const page = await client.get(path);
          assert.equal(page.status, 200, path);
          assert.match(page.html, /<h2 id="inputs">.*<h2 id="answers">/s, path);
          operations++;
        }
    }
    assert.ok(operations > 25);
  });

  it('R022 shows parameters, headers and body with type, need, meaning and example', async () => {
    const { html, title } = await client.get(`${pds}/operations/updatePatient`);
    assert.equal(title, 'Change a person');
    for (const heading of ['In the path', 'Header fields', 'Body, required'])
      assert.ok(html.includes(heading), heading);
    const row = textOf(/<tr[^>]*>(?:(?!<\/tr>).)*If-Match.*?<\/tr>/s.exec(html)?.[0] ?? '');
    assert.match(row, /required/);
    assert.match(row, /W\/"2"/);
    for (const words of ['application/json-patch+json', 'ChangeName', 'patches'])
      assert.ok(html.includes(words), words);
  });

  it('R023 shows every answer with its members, header fields and examples, errors too', async () => {
    const { html } = await client.get(`${pds}/operations/getPatient`);
    for (const status of [200, 400, 401, 403, 404, 429, 500, 503])
      assert.match(html, new RegExp(`<h3 id="answer-${status}">${status}</h3>`));
    for (const words of [
      'RestrictedPatient',
      'RESOURCE_NOT_FOUND',
      'identifier[]',
      'Header fields of 200',
      'ETag',
    ])
      assert.ok(html.includes(words), words);
  });

  it('links FHIR resources and profiles to where they are described', async () => {
    const { html } = await client.get(`${pds}/operations/getPatient`);
    assert.match(html, /href="https:\/\/hl7\.org\/fhir\/R4\/patient\.html"/);
    assert.match(
      html,
      /href="https:\/\/fhir\.hl7\.org\.uk\/StructureDefinition\/Extension-UKCore-NHSNumberVerificationStatus"/,
    );
    const stu3 = await client.get('/catalogue/ods-fhir/operations/readOrganization');
    assert.match(stu3.html, /hl7\.org\/fhir\/STU3\/organization\.html/);
  });

  it('says for each environment how to get in, with addresses of this server', async () => {
    const open = await client.get(`${pds}/operations/getPatient`);
    assert.match(open.html, /anybody may call/);
    assert.ok(
      textOf(open.html).includes(
        `'${platform.url}/personal-demographics/FHIR/R4/Patient/9000000009'`,
      ),
    );
    const app = await client.get(`${pds}/operations/getPatient?environment=int&access=app`);
    assert.ok(app.html.includes(`${platform.url}/env/int/oauth2/token`));
    assert.match(app.html, /client_assertion/);
    const worker = await client.get(`${pds}/operations/getPatient?environment=uat&access=worker`);
    assert.match(worker.html, /oauth2\/authorize/);
    const certificate = await client.get(
      `${pds}/operations/getPatient?environment=uat&access=certificate`,
    );
    assert.match(certificate.html, /https:\/\/localhost:\d+\/env\/int\/personal-demographics/);
    const key = await client.get('/catalogue/hello-world/operations/hello-application');
    assert.match(key.html, /apikey: \$API_KEY/);
    for (const odd of [
      'environment=mars',
      'access=__proto__',
      'language=cobol',
      'environment=production',
    ])
      assert.equal((await client.get(`${pds}/operations/getPatient?${odd}`)).status, 200, odd);
  });

  it('R173 keeps each version at an address of its own for ever, and tells what changed', async () => {
    const document = (version: string, more: object = {}) =>
      thingDocument(
        { info: { title: 'Things', version, description: `Things, ${version}.` } },
        more,
      );
    await putApis(platform, [{ id: 'versioned', document: document('1.0.0') }]);
    await pageThat(client, '/catalogue/versioned', /1\.0\.0/);
    const first = /href="(\/catalogue\/versioned\/versions\/1\.0\.0-[0-9a-f]{8})"/.exec(
      (await client.get('/catalogue/versioned/versions')).html,
    )?.[1];
    assert.ok(first);
    const before = await (await fetch(`${platform.url}${first}/openapi.json`)).text();
    const added = [{ name: 'limit', in: 'query', required: true, schema: { type: 'integer' } }];
    await putApis(platform, [
      { id: 'versioned', document: document('2.0.0', { parameters: added, summary: 'Read it' }) },
    ]);
    await pageThat(client, '/catalogue/versioned', /2\.0\.0/);
    assert.equal(await (await fetch(`${platform.url}${first}/openapi.json`)).text(), before);
    assert.match((await client.get(first)).html, /shows one version for ever/);
    assert.match((await client.get(`${first}/operations/readThing`)).title, /Read a thing/);
    assert.equal((await client.get('/catalogue/versioned/operations/readThing')).title, 'Read it');
    const list = await client.get('/catalogue/versioned/versions');
    const difference = /href="([^"]*\/difference\?[^"]+)"/
      .exec(list.html)?.[1]
      ?.replaceAll('&amp;', '&');
    const told = await client.get(difference ?? '');
    assert.match(told.html, /query limit is new and required/);
    assert.match(told.html, /may break/);
    for (const path of [
      'versions/9.9.9-00000000',
      'versions/../x',
      'difference',
      'difference?from=a&to=b',
      'versions/__proto__',
    ])
      assert.equal((await client.get(`/catalogue/versioned/${path}`)).status, 404, path);
  });

  it('gives examples of the search for organisations that find one, together and each alone', async () => {
    const page = await client.get('/catalogue/ods-ord/operations/searchOrganisations');
    const [url = ''] = /http:\/\/[^\s'"<]+\/organisations\?[^\s'"<]+/.exec(textOf(page.html)) ?? [];
    const found = async (address: string | URL) => {
      const { Organisations: all } = (await (await fetch(address)).json()) as {
        Organisations?: { OrgId: string }[];
      };
      return (all ?? []).map(({ OrgId }) => OrgId);
    };
    assert.deepEqual(await found(url), ['Y90001'], url);
    const { searchParams } = new URL(url);
    for (const [name, value] of searchParams) {
      if (['Status', 'RelStatus', 'Limit', 'Offset', '_format'].includes(name)) continue;
      const alone = new URL(url);
      alone.search = new URLSearchParams({ [name]: value }).toString();
      assert.ok((await found(alone)).length > 0, name);
    }
  });

  it('gives each of two APIs with the same document versions of its own', async () => {
    const document = thingDocument({ info: { title: 'Twins', version: '3.0.0' } });
    for (const id of ['twin-one', 'twin-two']) await putApis(platform, [{ id, document }]);
    await putApis(platform, [{ id: 'twin-two', document }]); // as at each start
    for (const id of ['twin-one', 'twin-two']) {
      await pageThat(client, `/catalogue/${id}`, /3\.0\.0/);
      const { html, status } = await client.get(`/catalogue/${id}/versions`);
      assert.equal(status, 200, id);
      const found = html.match(new RegExp(`/catalogue/${id}/versions/3.0.0-[0-9a-f]{8}"`, 'g'));
      assert.equal(found?.length, 1, id);
      assert.match(html, /published now/, id);
      assert.equal((await client.get(found[0].slice(0, -1))).status, 200, id);
    }
  });

  it('never publishes how an API is deployed', async () => {
    const document = thingDocument({
      'x-gatehouse': { target: { url: 'https://inside.example.org' } },
      'x-nhsd-apim': { target: 'https://inside.example.org' },
    });
    await putApis(platform, [{ id: 'deployed', document }]);
    await pageThat(client, '/catalogue/deployed', /Read a thing/);
    for (const path of ['', '/openapi.json', '/openapi.yaml', '/operations/readThing'])
      assert.doesNotMatch((await client.get(`/catalogue/deployed${path}`)).html, /inside\.example/);
  });

  it('defuses script, HTML and remote references wherever a document may hold them', async () => {
    const bad =
      '<script>alert(1)</script> <img src="https://evil.example/x.png" onerror="alert(1)"> ![x](https://evil.example/y.png) [a](javascript:alert(1)) "\'><svg onload=alert(1)>';
    const document = {
      openapi: '3.0.3',
      info: { title: bad, version: bad, description: bad, contact: { url: 'javascript:alert(1)' } },
      servers: [{ url: `https://evil.example/${bad}` }],
      tags: [{ name: bad, description: bad }],
      paths: {
        [`/a/{${bad}}`]: {
          post: {
            operationId: bad,
            summary: bad,
            description: bad,
            tags: [bad],
            parameters: [
              {
                name: bad,
                in: 'query',
                required: true,
                description: bad,
                example: bad,
                schema: { enum: [bad], pattern: bad, default: bad },
              },
              {
                name: 'X-Bad',
                in: 'header',
                required: true,
                example: `a\r\nX-Injected: b ${bad}`,
                schema: {},
              },
              { $ref: 'https://evil.example/parameter.json' },
            ],
            requestBody: {
              description: bad,
              content: {
                [bad]: {
                  schema: { $ref: 'https://evil.example/s.json' },
                  examples: {
                    [bad]: { summary: bad, value: bad },
                    b: { externalValue: 'https://evil.example/e.json' },
                  },
                },
              },
            },
            responses: {
              200: {
                description: bad,
                headers: { [bad]: { description: bad } },
                content: {
                  'application/json': {
                    schema: { properties: { [bad]: { description: bad, title: bad } } },
                  },
                },
              },
            },
            security: [{ [bad]: [] }],
          },
        },
      },
      components: { securitySchemes: { [bad]: { type: bad, description: bad } } },
    };
    await putApis(platform, [{ id: 'hostile', title: 'Hostile', document }]);
    const api = await pageThat(client, '/catalogue/hostile', /id="operations"/);
    const operation = /href="(\/catalogue\/hostile\/operations\/[^"]+)"/.exec(api.html)?.[1] ?? '';
    const found = [
      api,
      await client.get('/catalogue?q=hostile'),
      await client.get('/catalogue/hostile/versions'),
    ];
    for (const language of [
      'curl',
      'javascript',
      'python',
      'java',
      'csharp',
      'go',
      'php',
      'ruby',
      'powershell',
    ])
      found.push(await client.get(`${operation}?language=${language}`));
    for (const { status, html } of found) {
      assert.equal(status, 200);
      const own = html.slice(html.indexOf('<main'));
      const tags = own.replace(/="[^"]*"/g, '=""');
      assert.doesNotMatch(tags, /<(script|img|svg|iframe|object|embed|style)\b/i);
      assert.doesNotMatch(tags, /<[^>]+\son[a-z]+\s*=/i);
      assert.doesNotMatch(own, /(href|src)="(javascript|data):/i);
      assert.doesNotMatch(/<code>.*?<\/code>/s.exec(own)?.[0] ?? '', /X-Injected/);
    }
  });

  it('ends with circles, deep nesting, thousands of operations, and what is too long to show', async () => {
    const circle = { type: 'object', properties: { me: { $ref: '#/components/schemas/Circle' } } };
    let deep: object = { type: 'string' };
    for (let i = 0; i < 400; i++) deep = { type: 'object', properties: { a: deep }, allOf: [deep] };
    const body = (schema: object) => ({
      responses: { 200: { description: 'ok', content: { 'application/json': { schema } } } },
    });
    const many = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, i) => [
        `/p${i}`,
        { get: { operationId: `op${i}`, responses: {} } },
      ]),
    );
    await putApis(platform, [
      {
        id: 'circular',
        document: thingDocument(
          {
            components: {
              schemas: { Circle: circle, Alias: { $ref: '#/components/schemas/Alias' } },
            },
          },
          body({
            allOf: [
              { $ref: '#/components/schemas/Circle' },
              { $ref: '#/components/schemas/Alias' },
            ],
          }),
        ),
      },
      { id: 'many-operations', document: thingDocument({ paths: many }) },
      {
        id: 'odd',
        document: {
          openapi: '3.1.0',
          paths: { '/a': { get: null, put: [], post: 7, patch: {} }, b: 1 },
          info: 'x',
          servers: 'y',
          tags: {},
          components: [],
        },
      },
    ]);
    const page = await pageThat(
      client,
      '/catalogue/circular/operations/readThing',
      /Circle further up/,
    );
    assert.equal(page.status, 200);
    const list = await pageThat(client, '/catalogue/many-operations', /3000 operations/);
    assert.match(list.html, /2000 more/);
    const last = await client.get('/catalogue/many-operations/operations/op2999');
    assert.equal(last.status, 200);
    assert.match((await pageThat(client, '/catalogue/odd', /PATCH/)).html, /patch-a/);
    assert.equal((await client.get('/catalogue/odd/operations/patch-a')).status, 200);
    // What no reader of documents would have taken in, put there all the same.
    const text = JSON.stringify(thingDocument({ 'x-padding': 'x'.repeat(5_000_000) }));
    await putApis(platform, [{ id: 'too-long', document: JSON.parse(text) as object }]);
    assert.match(
      (await pageThat(client, '/catalogue/too-long', /Not documented yet/)).html,
      /Not documented yet/,
    );
    assert.equal((await client.get('/catalogue/too-long/openapi.json')).status, 404);
    const specifications = platform.store.open(specificationCollection);
    const broken = { api: 'circular', created: 0, text: '{"openapi":' };
    await specifications.put('f'.repeat(64), broken, { expected: 0, by: 'test' });
    assert.equal((await client.get('/catalogue/circular/versions')).status, 200);
  });

  it('shows no more than a page can bear', async () => {
    const wide = Object.fromEntries(
      Array.from({ length: 400 }, (_, i) => [
        `m${i}`,
        { type: 'string', description: '*a* '.repeat(20) },
      ]),
    );
    const types = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [
        `application/x-${i}`,
        { schema: { $ref: '#/components/schemas/Wide' } },
      ]),
    );
    const responses = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [
        String(200 + i),
        { description: 'x', content: types },
      ]),
    );
    const bomb = (title: string) =>
      thingDocument(
        {
          info: { title, version: title },
          components: { schemas: { Wide: { type: 'object', properties: wide } } },
        },
        { responses },
      );
    await putApis(platform, [{ id: 'bomb', document: bomb('1') }]);
    const { html } = await pageThat(
      client,
      '/catalogue/bomb/operations/readThing',
      /is in the document/,
    );
    assert.ok(html.length < 5_000_000, String(html.length));
    await putApis(platform, [{ id: 'bomb', document: bomb('2') }]);
    const list = await pageThat(client, '/catalogue/bomb/versions', /What changed/);
    const difference = /href="([^"]*\/difference\?[^"]+)"/
      .exec(list.html)?.[1]
      ?.replaceAll('&amp;', '&');
    assert.match((await client.get(difference ?? '')).html, /Nothing that a caller would notice/);
  });

  it('refuses a document of 5 MB for publishing, and shows what was published before', async () => {
    const page = await client.get('/catalogue/hello-world');
    assert.equal(page.status, 200);
    const created = await fetch(`${platform.url}/management/v1/apis`, {
      method: 'POST',
      body: 'x'.repeat(5_000_000),
    });
    assert.ok(created.status >= 400 && created.status < 500);
  });

  it('tells of messages, mailboxes and the directory by their own tables', async () => {
    const send = await client.get('/catalogue/mesh/interactions/send');
    for (const words of ['Mex-WorkflowID', 'NHSMESH', '/messageexchange'])
      assert.ok(send.html.includes(words), words);
    const forward = await client.get('/catalogue/spine-async/interactions/PRPA_IN000203UK03');
    for (const words of [
      'eb:DuplicateElimination',
      'urn:nhs:names:services:pds/PRPA_IN000203UK03',
      'MCCI_IN010000UK13',
    ])
      assert.ok(forward.html.includes(words), words);
    const ldap = await client.get('/catalogue/spine-directory/interactions/nhsAs');
    for (const words of ['nhsMHSPartyKey', 'nhsAsSvcIA', 'objectClass'])
      assert.ok(ldap.html.includes(words), words);
    const itk = await client.get('/catalogue/spine-itk/interactions/verifyNHSNumber');
    assert.ok(itk.html.includes('urn:nhs-itk:services:201005:verifyNHSNumber-v1-0'));
    const sso = await client.get('/catalogue/security-broker');
    assert.ok(sso.html.includes('role assertion'));
  });

  it('are there as soon as a document is published', async () => {
    await putApis(platform, [{ id: 'fresh', document: thingDocument() }]);
    const { title } = await pageThat(
      client,
      '/catalogue/fresh/operations/readThing',
      /Read a thing/,
    );
    assert.equal(title, 'Read a thing');
  });

  it('answers what is not there with a page, and addresses that mean harm too', async () => {
    for (const path of [
      'nothing',
      'mesh/operations/x',
      'spine-sync/openapi.json',
      'hello-world/operations/constructor',
      'hello-world/interactions/x',
      '%2e%2e/x',
      'hello-world/examples/x',
      'x'.repeat(3_000),
      '%ff',
      'hello-world/versions/x/openapi.yaml',
    ])
      assert.equal((await client.get(`/catalogue/${path}`)).status, 404, path.slice(0, 40));
    for (const path of ['/catalogue', '/catalogue/hello-world', '/catalogue/feed.json'])
      assert.equal((await client.post(path, 'a=b')).status, 405, path);
  });
});
