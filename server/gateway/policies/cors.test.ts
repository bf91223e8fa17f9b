import assert from 'node:assert/strict';
import type { Handler, Reply } from '../../../core/exchange.ts';
import { accessGround, type AccessGround } from '../../../test/access-ground.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import { configOf } from '../../../test/access-ground.ts';
import { cors } from './cors.ts';

const page = 'https://app.example.org';
const answers: Handler = () =>
  Promise.resolve({ status: 200, headers: { vary: 'accept', etag: '"1"' }, body: 'data' });

describe('the policy of web origins', () => {
  let ground: AccessGround;
  before(async () => {
    ground = await accessGround();
    await ground.app('web', {
      origins: [page],
      redirectUris: ['https://other.example/cb', 'app:/cb'],
    });
    await ground.app('gone', { state: 'revoked', origins: ['https://gone.example'] });
    await ground.app('far', { origins: ['https://far.example'] }, 'uat');
  });
  after(() => ground.end());

  const ask = (
    config: object,
    origin?: string,
    more: Record<string, string> = {},
  ): Promise<Reply> =>
    ground.policy(cors, config)(answers)(
      exchangeFor({
        method: 'access-control-request-method' in more ? 'OPTIONS' : 'GET',
        headers: { ...(origin === undefined ? {} : { origin }), ...more },
      }),
    );
  const preflight = (config: object, origin: string) =>
    ask(config, origin, { 'access-control-request-method': 'PATCH' });
  const allowed = ({ headers }: Reply) => headers?.['access-control-allow-origin'];

  it('lets every page read answers unless origins are listed, and never with cookies', async () => {
    const reply = await ask({}, 'https://any.example');
    assert.equal(allowed(reply), '*');
    assert.match(String(reply.headers?.['access-control-expose-headers']), /x-request-id/);
    assert.equal(reply.headers?.['access-control-allow-credentials'], undefined);
    assert.equal(reply.body, 'data');
  });

  it('answers a preflight itself, with what a page may send', async () => {
    const reply = await preflight(
      { methods: ['GET', 'PATCH'], headers: ['accept'], maxAge: 60 },
      page,
    );
    assert.equal(reply.status, 204);
    assert.equal(reply.body, undefined);
    assert.deepEqual(reply.headers, {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, PATCH',
      'access-control-allow-headers': 'accept',
      'access-control-max-age': '60',
    });
  });

  it('lets pages send a key or a token unless other fields are listed', async () => {
    const reply = await preflight({}, page);
    assert.match(
      String(reply.headers?.['access-control-allow-headers']),
      /authorization.*ocp-apim-subscription-key/,
    );
  });

  it('says nothing to pages of origins that are not listed, and tells caches that it depends', async () => {
    const config = { origins: [page] };
    assert.equal(allowed(await ask(config, page)), page);
    assert.equal((await ask(config, page)).headers?.vary, 'accept, origin');
    for (const origin of [
      'https://evil.example',
      'null',
      `${page}.evil.example`,
      page.toUpperCase(),
    ]) {
      assert.equal(allowed(await ask(config, origin)), undefined, origin);
      const refused = await preflight(config, origin);
      assert.deepEqual([refused.status, refused.headers], [204, { vary: 'origin' }]);
    }
    assert.equal(allowed(await ask(config)), undefined);
  });

  it('knows pages of approved apps of its environment by origin and redirect URI', async () => {
    const config = { origins: [], registered: true };
    for (const origin of [page, 'https://other.example'])
      assert.equal(allowed(await ask(config, origin)), origin);
    for (const origin of ['https://gone.example', 'https://far.example', 'null', 'x'.repeat(400)])
      assert.equal(allowed(await ask(config, origin)), undefined, origin);
  });

  it('knows a page within a second of its registration', async () => {
    const handler = ground.policy(cors, { origins: [], registered: true })(answers);
    const call = async () =>
      allowed(await handler(exchangeFor({ headers: { origin: 'https://new.example' } })));
    assert.equal(await call(), undefined);
    await ground.app('new', { origins: ['https://new.example'] });
    ground.clock.time += 1000;
    assert.equal(await call(), 'https://new.example');
  });

  it('leaves OPTIONS that is no preflight to what is behind it', async () => {
    const handler = ground.policy(cors)(answers);
    assert.equal((await handler(exchangeFor({ method: 'OPTIONS' }))).body, 'data');
  });

  for (const origin of [
    'example.org',
    'https://a.example/',
    'https://a.example/x',
    'https://A.example',
    'https://a.example:443',
  ])
    it(`is refused at deployment with the origin ${origin}`, () => {
      const faults = cors.check?.(configOf(cors, { origins: [origin] }), ground.site());
      assert.equal(faults?.length, 1);
    });
});
