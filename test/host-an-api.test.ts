/** An API on the platform from its first deployment to its end, over the management API and real sockets. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { defaultRecords, publishedRecords } from '../fhir/synthetic/default-data.ts';
import { Refusal, textIn } from '../scripts/gatehouse/client.ts';
import { hostingGround, sha256, type HostedAnswer, type HostingGround } from './hosting-ground.ts';
import { root } from './start-platform.ts';

const refused = (status: string, reason: RegExp) => (error: unknown) =>
  error instanceof Refusal &&
  error.kind === status &&
  reason.test(`${error.message} ${JSON.stringify(error.faults)}`);

describe('hosting an API', function () {
  this.timeout(20_000);
  let ground: HostingGround;
  before(async function () {
    this.timeout(60_000); // keys are made, which is dear
    ground = await hostingGround();
  });
  afterEach(() => {
    ground.answer(undefined);
  });
  after(() => ground.end());

  const get = (path: string, headers: Record<string, string> = {}) =>
    ground.call(path, { headers });

  /** The definition of an API with another path at the back end, so that answers tell the revision. */
  const revision = (id: string, number: number, base = `/${id}`) => ({
    ...ground.definition(id),
    base,
    backend: { kind: 'http', url: `${ground.target}/r${number}` },
  });

  /** Calls until an answer is as wanted; the milliseconds that took. */
  const until = async (path: string, wanted: (answer: HostedAnswer) => boolean) => {
    const began = performance.now();
    for (;;) {
      const answer = await get(path);
      const took = performance.now() - began;
      if (wanted(answer)) return took;
      assert.ok(took < 5_000, `${answer.status} ${answer.text}`);
      await pause(5);
    }
  };

  it('serves a new API within a second of its deployment', async () => {
    await ground.api('first');
    assert.equal((await get('/env/dev/first/x')).status, 404);
    const done = await ground.deploy('first', 'dev', revision('first', 1));
    assert.ok((await until('/env/dev/first/x', ({ status }) => status === 200)) < 1_000);
    assert.equal((await get('/env/dev/first/x')).text, '{"at":"/r1/x"}');
    assert.equal((await get('/first/x')).status, 404, 'in the sandbox there is none');
    assert.match(textIn(done, 'address'), /\/env\/dev\/first$/);
  });

  it('switches revisions under load without a failed call, and back', async () => {
    await ground.api('busy');
    await ground.deploy('busy', 'dev', revision('busy', 1));
    let stop = false;
    const seen = new Map<string, number>();
    const caller = async () => {
      while (!stop) {
        const { status, text } = await get('/env/dev/busy/x');
        const told = `${status} ${text}`;
        seen.set(told, (seen.get(told) ?? 0) + 1);
      }
    };
    const callers = Array.from({ length: 6 }, caller);
    for (const number of [2, 3, 4]) {
      await ground.deploy('busy', 'dev', revision('busy', number));
      const took = await until('/env/dev/busy/x', ({ text }) => text.includes(`/r${number}/`));
      assert.ok(took < 1_000, `${took} ms`);
    }
    await ground.manage.call('POST', '/proxies/dev.busy/rollback', { body: {} });
    assert.ok((await until('/env/dev/busy/x', ({ text }) => text.includes('/r3/'))) < 1_000);
    await ground.manage.call('POST', '/proxies/dev.busy/rollback', { body: { to: 1 } });
    assert.ok((await until('/env/dev/busy/x', ({ text }) => text.includes('/r1/'))) < 1_000);
    stop = true;
    await Promise.all(callers);
    const answers = [...seen.keys()].sort();
    assert.deepEqual(
      answers,
      [1, 2, 3, 4].map((number) => `200 {"at":"/r${number}/x"}`),
    );
    const nowhere = ground.manage.call('POST', '/proxies/dev.busy/rollback', { body: { to: 9 } });
    await assert.rejects(nowhere, refused('not-found', /revision/));
  });

  it('refuses a wrong definition with every reason, and goes on with the good one', async () => {
    await ground.api('careful');
    await ground.deploy('careful', 'dev', revision('careful', 1));
    const wrong = {
      base: '/careful',
      backend: { kind: 'http', url: 'ftp://nowhere' },
      policies: [{ policy: 'open' }, { policy: 'quota', config: { limit: 0 } }, { policy: 'none' }],
    };
    const deployed = ground.deploy('careful', 'dev', wrong);
    await assert.rejects(deployed, (error: unknown) => {
      assert.ok(error instanceof Refusal);
      assert.equal(error.kind, 'unprocessable');
      const places = error.faults.map(({ at }) => at);
      assert.deepEqual(places, ['/backend/url', '/policies/1', '/policies/2']);
      return error.faults.every(({ message }) => message.length > 10);
    });
    const open = { ...revision('careful', 2), policies: [{ policy: 'request-ids' }] };
    await assert.rejects(
      ground.deploy('careful', 'dev', open),
      refused('unprocessable', /who may call/),
    );
    assert.equal((await get('/env/dev/careful/x')).text, '{"at":"/r1/x"}');
    assert.equal((await ground.manage.call('GET', '/proxies/dev.careful')).body.active, 1);
  });

  it('tells callers of its end, answers 404 when withdrawn and 410 with the successor when retired', async () => {
    await ground.api('ending');
    await ground.deploy('ending', 'dev', revision('ending', 1));
    const successor = '/env/dev/ending-2';
    await ground.state('dev.ending', { state: 'deprecated', sunset: '2030-01-31', successor });
    await until('/env/dev/ending/x', ({ headers }) => headers.deprecation !== undefined);
    const deprecated = await get('/env/dev/ending/x');
    assert.equal(deprecated.status, 200);
    assert.match(String(deprecated.headers.deprecation), /^@\d{10}$/);
    assert.equal(deprecated.headers.sunset, 'Thu, 31 Jan 2030 00:00:00 GMT');
    assert.equal(deprecated.headers.link, `<${successor}>; rel="successor-version"`);
    await ground.state('dev.ending', { state: 'retired' });
    await until('/env/dev/ending/x', ({ status }) => status === 410);
    const retired = await get('/env/dev/ending/x');
    assert.match(retired.text, /\/env\/dev\/ending-2/);
    assert.equal(retired.headers.link, `<${successor}>; rel="successor-version"`);
    await ground.state('dev.ending', { state: 'withdrawn' });
    assert.ok((await until('/env/dev/ending/x', ({ status }) => status === 404)) < 1_000);
    await ground.state('dev.ending', { state: 'deployed' });
    await until('/env/dev/ending/x', ({ status }) => status === 200);
    assert.equal((await get('/env/dev/ending/x')).headers.deprecation, undefined);
  });

  it('takes the key before as long as its overlap, and the second key meanwhile', async () => {
    await ground.api('keyed');
    await ground.deploy('keyed', 'dev', ground.definition('keyed', [{ policy: 'api-key' }]));
    const product = { id: 'keyed', name: 'Keyed', apis: ['keyed'] };
    await ground.manage.call('POST', '/products', { body: product });
    const { key, subscription } = await ground.key('keyed', 'development');
    const status = async (sent: string) => (await get('/env/dev/keyed/x', { apikey: sent })).status;
    assert.equal(await status(key), 200);
    const renew = async (slot: string, overlap: string) => {
      const path = `/subscriptions/${subscription}/keys/${slot}`;
      return textIn((await ground.manage.call('POST', path, { body: { overlap } })).body, 'key');
    };
    const second = await renew('secondary', 'now');
    const next = await renew('primary', '1h');
    for (const one of [key, second, next]) assert.equal(await status(one), 200);
    ground.clock.shift = 3_600_001;
    const ended = await get('/env/dev/keyed/x', { apikey: key });
    const others = [await status(second), await status(next)];
    ground.clock.shift = 0;
    assert.equal(ended.status, 401);
    assert.match(ended.text, /was replaced and has ended/);
    assert.deepEqual(others, [200, 200]);
    const last = await renew('primary', 'now');
    assert.deepEqual([await status(next), await status(last)], [401, 200]);
    assert.equal((await get(`/env/dev/keyed/x?apikey=${last}`)).status, 401);
    assert.equal((await get('/keyed/x', { apikey: last })).status, 404);
  });

  it('R060 refuses apps of other organisations in development', async () => {
    await ground.api('team');
    await ground.deploy('team', 'dev', ground.definition('team', [{ policy: 'api-key' }]));
    await ground.deploy('team', 'sit', ground.definition('team', [{ policy: 'api-key' }]));
    const product = { id: 'team', name: 'Team', apis: ['team'] };
    await ground.manage.call('POST', '/products', { body: product });
    const status = async (environment: string, owner: string) => {
      const { key } = await ground.key('team', environment, owner);
      return (await get(`/env/${environment}/team/x`, { apikey: key })).status;
    };
    assert.equal(await status('development', 'Y90001'), 200);
    assert.equal(await status('development', 'Y90003'), 403);
    assert.equal(await status('sit', 'Y90003'), 200);
  });

  it('R004 R056 refuses a sandbox that ends anywhere but in a mock, a service or on this machine, and fills it with invented people', async () => {
    await ground.api('boxed');
    for (const host of [
      'api.example.org',
      '10.0.0.1',
      '192.168.0.1:8080',
      '169.254.169.254',
      '[fd00::1]',
    ]) {
      const definition = {
        ...ground.definition('boxed'),
        backend: { kind: 'http', url: `https://${host}` },
      };
      await assert.rejects(
        ground.deploy('boxed', 'sandbox', definition),
        refused('unprocessable', /A sandbox ends in a mock/),
        host,
      );
    }
    await ground.deploy('boxed', 'sandbox', ground.definition('boxed'));
    await until('/boxed/x', ({ text }) => text === '{"at":"/boxed/x"}');
    // Of the range that is given to nobody, or among the test numbers that are published.
    const fixtures = join(root, 'fixtures');
    const published = new Set(publishedRecords(fixtures).map(({ patient }) => patient.id));
    const numbers = [...defaultRecords(fixtures)].map(({ patient }) => patient.id);
    assert.ok(numbers.length > 3_000);
    for (const number of numbers)
      assert.ok(/^999\d{7}$/.test(number) || published.has(number), 'a number of nobody');
  });

  it('opens nothing by a product that covers nothing, and no more than the operations of one that does', async () => {
    await ground.api('covered');
    await ground.deploy('covered', 'dev', ground.definition('covered', [{ policy: 'api-key' }]));
    const made = await ground.manage.call('POST', '/products', {
      body: { id: 'empty', name: 'Empty' },
    });
    assert.match(JSON.stringify(made.body.warnings), /opens none/);
    const narrow = {
      id: 'narrow',
      name: 'Narrow',
      apis: ['covered'],
      operations: { covered: ['GET /a'] },
    };
    await ground.manage.call('POST', '/products', { body: narrow });
    const none = await ground.key('empty', 'development');
    const some = await ground.key('narrow', 'development');
    const status = async (path: string, key: string) =>
      (await get(`/env/dev/covered${path}`, { apikey: key })).status;
    assert.equal(await status('/a', none.key), 403);
    assert.equal(await status('/a', some.key), 200);
    assert.equal(await status('/b', some.key), 403);
  });

  it('turns JSON into XML for a back end and its XML into JSON for the caller', async () => {
    await ground.api('turned');
    const config = {
      backend: 'xml',
      root: 'Order',
      arrays: ['/Order/Line'],
      numbers: ['/Order/Line/Count'],
    };
    const policies = [{ policy: 'open' }, { policy: 'json-xml', config }];
    await ground.deploy('turned', 'dev', ground.definition('turned', policies));
    ground.answer({
      headers: { 'content-type': 'application/xml' },
      body: '<Order id="7"><Line><Count>2</Count></Line></Order>',
    });
    await until('/env/dev/turned', ({ status }) => status === 200);
    const answer = await ground.call('/env/dev/turned', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ '@id': '7', Line: [{ Count: 2 }] }),
    });
    assert.equal(answer.status, 200, answer.text);
    assert.match(String(answer.headers['content-type']), /^application\/json/);
    assert.deepEqual(JSON.parse(answer.text), { Order: { '@id': '7', Line: [{ Count: 2 }] } });
    assert.match(String(ground.received()?.headers['content-type']), /^application\/xml/);
    assert.match(
      String(ground.received()?.body),
      /<Order id="7"><Line><Count>2<\/Count><\/Line><\/Order>$/,
    );
  });

  for (const [technology, type, form] of [
    ['rest', 'application/problem+json', /^\{"type":.*"status":401/],
    ['fhir', 'application/fhir+json', /^\{"resourceType":"OperationOutcome"/],
    ['soap', 'text/xml', /<soap:Fault>.*<faultcode>soap:Client</s],
    ['oauth', 'application/json', /^\{"error":"/],
  ] as const)
    it(`refuses in the terms of ${technology}`, async () => {
      const id = `speaks-${technology}`;
      await ground.api(id, { technology });
      await ground.deploy(id, 'dev', ground.definition(id, [{ policy: 'api-key' }]));
      await until(`/env/dev/${id}/x`, ({ status }) => status === 401);
      const { headers, text } = await get(`/env/dev/${id}/x`);
      assert.equal(String(headers['content-type']).split(';', 1)[0], type);
      assert.match(text, form);
      assert.ok(headers['www-authenticate']);
    });

  it('hands on unchanged bytes both ways where nothing is transformed', async () => {
    await ground.api('plain', { sensitive: true });
    await ground.deploy('plain', 'dev', ground.definition('plain'));
    await until('/env/dev/plain', ({ status }) => status === 200);
    const back = gzipSync(randomBytes(200_000));
    const cookies = ['a=1; Path=/', 'b=2'];
    ground.answer({
      headers: {
        'content-type': 'x/y; q="é"',
        'content-encoding': 'gzip',
        'set-cookie': cookies,
        etag: 'W/"1"',
      },
      body: back,
    });
    const sent = randomBytes(300_000);
    const path = '/env/dev/plain/a%2Fb;c=d//e?x=%zz&x=+&&y';
    const answer = await ground.call(path, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', 'content-encoding': 'x-own' },
      body: sent,
    });
    assert.equal(answer.status, 200, answer.text.slice(0, 200));
    assert.equal(sha256(answer.bytes), sha256(back));
    const { headers } = answer;
    assert.deepEqual(
      [headers['content-type'], headers['content-encoding'], headers['set-cookie'], headers.etag],
      ['x/y; q="é"', 'gzip', cookies, 'W/"1"'],
    );
    const received = ground.received();
    assert.equal(received?.path, '/plain/a%2Fb;c=d//e?x=%zz&x=+&&y');
    assert.equal(sha256(received.body), sha256(sent));
    assert.equal(received.headers['content-encoding'], 'x-own');
  });

  it('sets an API up from its WSDL, with a sandbox that speaks SOAP', async () => {
    const openapi = [
      '<definitions name="Wards" xmlns:tns="urn:w" xmlns="http://schemas.xmlsoap.org/wsdl/"',
      ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"><portType name="T"/>',
      '<binding name="B" type="tns:T"><operation name="Find"><soap:operation soapAction="urn:f"/>',
      '</operation></binding><service name="Wards"><port name="P" binding="tns:B">',
      '<soap:address location="https://a.example/ward-services/wards"/></port></service></definitions>',
    ].join('');
    const api = { id: 'wards', title: 'Wards', owner: 'Y90001', contact: 'team@example.org' };
    await ground.manage.call('POST', '/apis', { body: { ...api, technology: 'soap' } });
    await ground.manage.call('POST', '/apis/wards/setup', { body: { openapi } });
    const path = '/ward-services/wards';
    await until(path, ({ status }) => status === 405);
    const post = (type: string) =>
      ground.call(path, { method: 'POST', headers: { 'content-type': type }, body: '<a/>' });
    const answer = await post('text/xml; charset=utf-8');
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.text, /soap:Envelope/);
    const wrong = await post('application/json');
    assert.equal(wrong.status, 415);
    assert.match(wrong.text, /soap:Fault/);
  });

  it('R172 lets a developer publish, update and withdraw an API of the own organisation, and no other', async () => {
    const developer = await ground.as('developer', 'Y90007');
    const api = { id: 'mine', title: 'Mine', owner: 'Y90007', contact: 'team@example.org' };
    await developer.call('POST', '/apis', { body: api });
    await developer.call('POST', '/apis/mine/setup', { body: {} });
    await until('/mine/hello', ({ status }) => status === 200);
    const path = '/apis/mine/specification';
    const { body: document } = await developer.call('GET', path);
    const info = { ...(document.info as object), version: '2.0.0' }; // the document that the set-up has written
    const text = JSON.stringify({ ...document, info });
    const put = { document: { text, type: 'application/json' } };
    const published = await developer.call('PUT', `${path}?publish=true`, put);
    assert.equal(published.body.fit, true);
    const { body: updated } = await developer.call('GET', path);
    assert.deepEqual(updated.info, info);
    const withdrawn = { body: { state: 'withdrawn' }, ifMatch: '*' };
    await developer.call('PUT', '/proxies/sandbox.mine/state', withdrawn);
    await until('/mine/hello', ({ status }) => status === 404);
    const others = developer.call('PUT', '/apis/hello-world/specification', put);
    await assert.rejects(others, refused('forbidden', /api\.specification/));
  });
});
