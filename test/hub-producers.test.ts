/** What producers do in the hub: change a product, with its subscribers told; end an API and put it back. */
import assert from 'node:assert/strict';
import { keyFor, registered } from './hub-first-app.ts';
import { hubClient, newAccount, signedIn, textOf, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('a product in the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let owner: HubClient;
  before(async () => {
    platform = await startTestPlatform();
    owner = await signedIn(platform, 'product-owner');
  });
  after(() => platform.end());

  const product = '/products/hello-world';
  /** The values that the form of a page has now. */
  const shown = async () => {
    const { html } = await owner.get(`${product}/change`);
    const input = (name: string) =>
      new RegExp(`name="${name}"[^>]* value="([^"]*)"`).exec(html)?.[1];
    const area = (name: string) =>
      textOf(new RegExp(`<textarea[^>]* name="${name}"[^>]*>\\n([^<]*)<`).exec(html)?.[1] ?? '');
    return {
      ...{ name: textOf(input('name') ?? ''), description: area('description') },
      ...{ apis: area('apis'), scopes: area('scopes'), interval: '1', unit: 'day', per: 'second' },
      ...{ approval: /value="(\w+)" checked/.exec(html)?.[1] ?? '' },
      ...{ quota: '', rate: '', concurrency: '' },
    };
  };

  it('is changed by who manages products, counts at the next call, and tells those who subscribe', async () => {
    const { client, email } = await newAccount(platform);
    const app = await registered(client);
    const key = await keyFor(client, `${app}/in/sandbox`);
    await client.fill('/subscriptions/new', {
      ...{ app: app.slice('/apps/'.length), product: 'hello-world' },
      environment: 'sandbox',
    });
    const page = await owner.get(`${product}/change`);
    assert.match(textOf(page.html), /\d+ running subscription\(s\)\. APIs and limits count/);
    const now = await shown();
    const saved = await owner.send(page, `${product}/change`, {
      ...{ ...now, description: 'Another description', quota: '1', unit: 'hour' },
    });
    assert.equal(saved.to, product, saved.faults.join());
    const after = await owner.get(product);
    assert.match(after.html, /The product is changed. \d+ subscription\(s\) were told by mail/);
    assert.match(textOf(after.html), /Another description[^]*1 calls a hour|1 calls an hour/);
    const mails = (await client.get('/outbox')).html.split('<article ');
    const mail = textOf(
      mails.find((one) => one.includes(email) && one.includes('has changed')) ?? '',
    );
    assert.match(mail, /Limits: 1 calls a hour/);

    const call = () =>
      fetch(`${platform.url}/hello-world/hello/application`, {
        headers: { apikey: key.clientId },
      });
    const statuses = [(await call()).status, (await call()).status];
    assert.deepEqual(statuses, [200, 429]);
  });

  it('is told what is wrong beside the field, keeps what was entered, and refuses a form of yesterday', async () => {
    const now = await shown();
    const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ name: '' }, /Enter a name/],
      [{ approval: 'perhaps' }, /Say who approves/],
      [{ quota: '0' }, /from 1 to 1,000,000,000/],
      [{ rate: 'fast' }, /from 1 to 1,000,000/],
      [{ concurrency: '-1' }, /from 1 to 100,000/],
      [{ apis: 'no-such-api' }, /There is no API no-such-api/],
      [{ scopes: 'two words' }, /scope/i],
    ];
    for (const [sent, told] of wrong) {
      const refused = await owner.fill(`${product}/change`, {
        ...now,
        description: 'Kept',
        ...sent,
      });
      assert.equal(refused.status, 422, JSON.stringify(sent));
      assert.match(refused.faults.join(), told);
      assert.match(refused.html, /Kept/);
    }
    const old = await owner.get(`${product}/change`);
    await owner.fill(`${product}/change`, { ...now, description: 'First' });
    const late = await owner.send(old, `${product}/change`, { ...now, description: 'Late' });
    assert.equal(late.status, 409);
    assert.doesNotMatch((await owner.get(product)).html, /Late/);
  });

  it('is for nobody else to change', async () => {
    for (const who of ['developer', 'operator', 'auditor', 'viewer']) {
      const client = await signedIn(platform, who);
      assert.equal((await client.get(`${product}/change`)).status, 403, who);
      assert.doesNotMatch((await client.get(product)).html, /\/change"/);
      const form = await client.get('/account/name');
      assert.equal((await client.send(form, `${product}/change`, { name: 'x' })).status, 403);
    }
    assert.equal((await hubClient(platform.url).get(`${product}/change`)).status, 303);
    assert.equal((await owner.get('/products/nothing/change')).status, 404);
  });
});

describe('the end of an API in the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const page = '/catalogue/hello-world/service';
  const answer = () => fetch(`${platform.url}/hello-world/hello/world`);
  const proxyIn = (html: string, environment: string) =>
    new RegExp(`<option value="(${environment}\\.[^"]*open[^"]*)"`).exec(html)?.[1] ?? '';

  it('is told to callers, answered 404 or 410, and taken back, at the next call', async () => {
    const operator = await signedIn(platform, 'operator');
    assert.match((await operator.get('/catalogue/hello-world')).html, new RegExp(`href="${page}"`));
    const proxy = proxyIn((await operator.get(page)).html, 'sandbox');
    assert.equal((await answer()).status, 200);
    const told = { sunset: '31 3 2027', successor: '/catalogue/other', link: '' };
    const done = await operator.fill(page, { proxy, state: 'deprecated', ...told });
    assert.equal(done.to, page, done.faults.join());
    assert.match((await operator.get(page)).html, /31 March 2027[^]*\/catalogue\/other/);
    const deprecated = await answer();
    assert.equal(deprecated.status, 200);
    assert.match(deprecated.headers.get('sunset') ?? '', /Mar 2027/);
    await operator.fill(page, { proxy, state: 'withdrawn' });
    assert.equal((await answer()).status, 404);
    await operator.fill(page, { proxy, state: 'retired', successor: '/catalogue/other' });
    assert.equal((await answer()).status, 410);
    await operator.fill(page, { proxy, state: 'deployed' });
    assert.equal((await answer()).status, 200);
  });

  it('tells what is wrong beside the field', async () => {
    const operator = await signedIn(platform, 'operator');
    const proxy = proxyIn((await operator.get(page)).html, 'sandbox');
    for (const [sent, told] of [
      [{ state: 'deprecated', proxy: 'production.other' }, /Choose where/],
      [{ proxy, state: 'gone' }, /Say what shall become of it/],
      [{ proxy, state: 'deprecated', sunset: 'soon' }, /Enter a day/],
      [{ proxy, state: 'deprecated', successor: 'javascript:x' }, /must be an https address/],
      [{ proxy, state: 'withdrawn', successor: '/x' }, /go with deprecated or retired/],
    ] as const) {
      const refused = await operator.fill(page, sent);
      assert.equal(refused.status, 422, JSON.stringify(sent));
      assert.match(refused.faults.join(), told);
    }
    assert.equal((await answer()).status, 200);
  });

  it('is for its producer and who runs the platform', async () => {
    for (const who of ['auditor', 'product-owner', 'viewer']) {
      const client = await signedIn(platform, who);
      assert.equal((await client.get(page)).status, 403, who);
      assert.doesNotMatch((await client.get('/catalogue/hello-world')).html, /You look after it/);
    }
    assert.equal((await hubClient(platform.url).get(page)).status, 303);
    const operator = await signedIn(platform, 'operator');
    assert.equal((await operator.get('/catalogue/nothing/service')).status, 404);
  });
});
