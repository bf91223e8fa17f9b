/**
 * The developer hub and all APIs share one host, so a page that a back end answers would run as the hub: these tests are a
 * back end that tries.
 */
import assert from 'node:assert/strict';
import { hostingGround, type HostingGround } from './hosting-ground.ts';

describe('a back end on the host of the hub', function () {
  this.timeout(60_000);
  let ground: HostingGround;
  before(async () => {
    ground = await hostingGround();
    await ground.api('shared');
    await ground.deploy('shared', 'dev', ground.definition('shared'));
    await ground.call('/env/dev/shared/x');
  });
  after(() => ground.end());

  const answered = (headers: object, body = '<script src="/env/dev/shared/x.js"></script>') => {
    ground.answer({ headers, body });
    return ground.call('/env/dev/shared/x');
  };

  for (const type of [
    'text/html',
    'TEXT/HTML; charset=utf-8',
    'application/xhtml+xml',
    'image/svg+xml',
    'text/xml',
    'application/fhir+xml',
    'unknown/unknown',
    '*/*',
    'text/html, application/json',
    'application/json, text/html',
    'multipart/x-mixed-replace; boundary=x',
  ])
    it(`cannot have a page of ${type} run as one of the hub`, async () => {
      const { status, headers } = await answered({ 'content-type': type });
      assert.equal(status, 200);
      assert.match(String(headers['content-security-policy']), /(^|, )sandbox($|,)/);
    });

  it('cannot have a page without a type run, nor one with a policy of its own', async () => {
    const bare = await answered({});
    assert.equal(bare.headers['content-security-policy'], 'sandbox');
    const own = "default-src *; script-src 'unsafe-inline'";
    const loose = await answered({ 'content-type': 'text/html', 'Content-Security-Policy': own });
    assert.equal(loose.headers['content-security-policy'], `${own}, sandbox`);
  });

  it('adds nothing to answers that no browser runs', async () => {
    for (const type of ['application/json', 'application/fhir+json; fhirVersion=4.0', 'text/plain'])
      assert.equal(
        (await answered({ 'content-type': type }, '{}')).headers['content-security-policy'],
        undefined,
      );
  });

  it('says nothing on behalf of the whole host', async () => {
    const told = {
      'clear-site-data': '"*"',
      'service-worker-allowed': '/',
      'strict-transport-security': 'max-age=31536000',
      'alt-svc': 'h2="elsewhere.example:443"',
      nel: '{"report_to":"x","max_age":1}',
      'report-to': '{}',
      'reporting-endpoints': 'x="https://elsewhere.example"',
      'x-own': 'stays',
    };
    const { headers } = await answered({ 'content-type': 'application/json', ...told }, '{}');
    assert.equal(headers['x-own'], 'stays');
    for (const name of Object.keys(told))
      if (name !== 'x-own') assert.equal(headers[name], undefined, name);
  });

  it('sets no cookie of the platform’s own, nor by a policy that renames another field', async () => {
    const cookies = ['a=1', 'gatehouse-hub-session=x', '__Host-Gatehouse-hub-session=y'];
    const { headers } = await answered(
      { 'content-type': 'application/json', 'set-cookie': cookies },
      '{}',
    );
    assert.deepEqual(headers['set-cookie'], ['a=1']);
    await ground.api('renaming');
    const config = {
      rename: { 'x-a': 'Set-Cookie', 'x-b': 'Clear-Site-Data', 'x-c': 'Content-Type' },
    };
    const policies = [{ policy: 'open' }, { policy: 'response-headers', config }];
    await ground.deploy('renaming', 'dev', ground.definition('renaming', policies));
    ground.answer({
      headers: { 'x-a': 'gatehouse-hub-session=x', 'x-b': '"*"', 'x-c': 'text/html' },
      body: '<script>1</script>',
    });
    const renamed = (await ground.call('/env/dev/renaming/x')).headers;
    assert.equal(renamed['content-type'], 'text/html');
    assert.equal(renamed['content-security-policy'], 'sandbox');
    assert.equal(renamed['set-cookie'], undefined);
    assert.equal(renamed['clear-site-data'], undefined);
  });

  it('has no address of another kind made a link by the name of who answers for the API', async () => {
    for (const [n, contact] of [
      'javascript://%0aalert(1)//@x',
      'data://x@y',
      'a@b?cc=c',
    ].entries()) {
      await ground.api(`odd-${n}`, { contact });
      const { text } = await ground.call(`/catalogue/odd-${n}`);
      assert.ok(text.includes('Support') || text.includes('Contact'), 'the page');
      assert.ok(!/href="(javascript|data|mailto):/.test(text), contact);
    }
    await ground.api('usual', { contact: 'https://help.example.org/' });
    assert.match((await ground.call('/catalogue/usual')).text, /href="https:\/\/help\.example/);
  });
});
