import assert from 'node:assert/strict';
import {
  accessGround,
  callerIn,
  configOf,
  type AccessGround,
} from '../../../test/access-ground.ts';
import {
  policyGround,
  type PolicyGround,
  type PolicyGroundOptions,
} from '../../../test/policy-ground.ts';
import { headers } from './headers.ts';
import { query } from './query.ts';
import { responseHeaders } from './response-headers.ts';
import { rewritePath } from './rewrite-path.ts';

describe('policies that change fields, query and path', () => {
  let access: AccessGround;
  const open: PolicyGround[] = [];
  const caller = callerIn('app', { asid: '200000000001' });
  const ground = async (options: PolicyGroundOptions) => {
    const made = await policyGround({ caller, ...options });
    open.push(made);
    return made;
  };
  before(async () => {
    access = await accessGround();
    await access.app('ward', { attributes: { area: 'North', odd: 'a\r\nb: c' } });
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });
  after(() => access.end());

  it('put in what no caller can take out again by naming it in Connection', async () => {
    const made = await ground({
      policies: [access.policy(headers, { set: { 'X-Area': 'North' } })],
    });
    const sent = {
      Connection: 'close, X-Area, x-own, content-length',
      'X-Own': '1',
      'X-Kept': '2',
    };
    assert.equal((await made.ask('/', { headers: sent, body: 'whole' })).status, 200);
    const [seen] = made.seen;
    assert.ok(seen);
    assert.equal(seen.headers['x-area'], 'North');
    assert.equal(seen.headers.connection, undefined);
    assert.equal(seen.headers['x-own'], undefined);
    assert.equal(seen.headers['x-kept'], '2');
    assert.equal(seen.body, 'whole');
  });

  it('rename, remove, set and add request fields, and leave the others as they were sent', async () => {
    const made = await ground({
      policies: [
        access.policy(headers, {
          rename: { 'X-Old': 'X-New' },
          remove: ['prefer'],
          set: { 'X-Set': 'one', 'X-Area': { from: 'app.attribute.area' } },
          add: { 'X-Add': { from: 'request.header.X-Kept' }, 'X-None': { from: 'user.id' } },
        }),
      ],
    });
    const sent = { 'X-oLD': '1', Prefer: 'x', 'x-set': 'mine', 'X-Kept': 'k', 'X-Add': 'first' };
    assert.equal((await made.ask('/', { headers: sent, body: 'as it was' })).status, 200);
    const [seen] = made.seen;
    assert.ok(seen);
    assert.equal(seen.headers['x-new'], '1');
    assert.equal(seen.headers['x-old'], undefined);
    assert.equal(seen.headers.prefer, undefined);
    assert.equal(seen.headers['x-set'], 'one');
    assert.equal(seen.headers['x-area'], 'North');
    assert.equal(seen.headers['x-add'], 'first, k');
    assert.equal(seen.headers['x-none'], undefined);
    assert.equal(seen.body, 'as it was');
    assert.ok(seen.rawHeaders.includes('X-Kept'), 'spelling is kept');
  });

  it('send a stored attribute of the app, and refuse with 400 when a required one is missing', async () => {
    const required = (from: string) =>
      ground({ policies: [access.policy(headers, { set: { 'X-A': { from, required: true } } })] });
    const sound = await required('app.attribute.area');
    await sound.ask('/');
    assert.equal(sound.seen[0]?.headers['x-a'], 'North');
    for (const from of ['app.attribute.none', 'app.attribute.__proto__', 'request.header.x-b']) {
      const made = await required(from);
      const answer = await made.ask('/');
      assert.equal(answer.status, 400, from);
      assert.equal(JSON.parse(answer.text).code, 'MISSING_VALUE');
      assert.equal(made.seen.length, 0);
    }
    const needed = await ground({ policies: [access.policy(headers, { require: ['app.asid'] })] });
    assert.equal((await needed.ask('/')).status, 200);
    const without = await ground({
      caller: callerIn('app'),
      policies: [access.policy(headers, { require: ['app.asid'] })],
    });
    assert.match((await without.ask('/')).text, /app\.asid/);
  });

  it('never split a field by a value', async () => {
    const set = { 'X-A': { from: 'app.attribute.odd' } };
    const made = await ground({ policies: [access.policy(headers, { set })] });
    const answer = await made.ask('/');
    assert.equal(answer.status, 400);
    assert.ok(!answer.text.includes('b: c'));
    const onReply = await ground({ policies: [access.policy(responseHeaders, { set })] });
    assert.equal((await onReply.ask('/')).headers['x-a'], undefined);
  });

  it('are refused at deployment for fields of identity and of the connection', () => {
    const faults = (config: object) =>
      headers.check?.(configOf(headers, config), access.site()) ?? [];
    for (const name of ['NHSD-ASID', 'nhsd_asid', 'Host', 'Content-Length', 'X-Forwarded-For'])
      assert.equal(faults({ set: { [name]: 'x' } }).length, 1, name);
    assert.equal(faults({ rename: { 'X-A': 'Authorization' } }).length, 1);
    assert.equal(faults({ remove: ['Transfer-Encoding'] }).length, 1);
    assert.deepEqual(faults({ set: { 'X-Area': 'x' }, remove: ['Authorization'] }), []);
    assert.throws(() => configOf(headers, { set: { 'X A': 'x' } }));
    assert.throws(() => configOf(headers, { set: { X: { from: 'process.env' } } }));
    const onReply = configOf(responseHeaders, { remove: ['content-length'] });
    assert.equal(responseHeaders.check?.(onReply, access.site()).length, 1);
  });

  it('change named parameters of the query, and no byte of the others', async () => {
    const made = await ground({
      policies: [
        access.policy(query, {
          rename: { old: 'new' },
          remove: ['gone'],
          set: { '_max-results': '1' },
          add: { area: { from: 'app.attribute.area' } },
        }),
      ],
    });
    await made.ask('/?a=%2f+%C3%A9&gone=1&%67one=2&old=x%20y&_max%2dresults=50&b&b=&=c');
    assert.equal(made.seen[0]?.query, 'a=%2f+%C3%A9&new=x%20y&b&b=&=c&_max-results=1&area=North');
    await made.ask('/');
    assert.equal(made.seen[1]?.query, '_max-results=1&area=North');
    await made.ask('/?%zz=1&%E0%A4%A=2');
    assert.equal(made.seen[2]?.query, '%zz=1&%E0%A4%A=2&_max-results=1&area=North');
  });

  it('rewrite the beginning of a path by whole segments', async () => {
    const rewriting = (config: object) =>
      ground({ policies: [access.policy(rewritePath, config)] });
    const made = await rewriting({ from: '/v1', to: '/orders/v3' });
    for (const path of ['/v1/a%2Fb', '/v1', '/v10/a', '/other']) await made.ask(path);
    assert.deepEqual(
      made.seen.map(({ path }) => path),
      ['/orders/v3/a%2Fb', '/orders/v3', '/v10/a', '/other'],
    );
    const strict = await rewriting({ from: '/v1', required: true });
    assert.equal((await strict.ask('/v2/a')).status, 404);
    await strict.ask('/v1/a');
    assert.equal(strict.seen[0]?.path, '/a');
    const putting = await rewriting({ to: '/x' });
    await putting.ask('/a');
    assert.equal(putting.seen[0]?.path, '/x/a');
    for (const to of ['/..', '/a/../b', 'a', '/a?b', '//a', '/a/'])
      assert.throws(() => configOf(rewritePath, { to }), Error, to);
  });

  it('change fields of the answer in any spelling', async () => {
    const made = await ground({
      policies: [
        access.policy(responseHeaders, {
          rename: { 'x-old': 'X-New' },
          remove: ['server', 'X-Powered-By'],
          set: { 'cache-control': 'no-store', 'X-App': { from: 'app.id', required: true } },
          add: { 'Set-Cookie': 'c=3' },
        }),
      ],
      answer: () => ({
        status: 404,
        headers: {
          'X-OLD': '1',
          Server: 'secret/1.2',
          'x-powered-by': 'x',
          'Cache-Control': 'public',
          'set-cookie': ['a=1', 'b=2'],
        },
        body: 'none',
      }),
    });
    const answer = await made.ask('/');
    assert.equal(answer.status, 404);
    assert.equal(answer.text, 'none');
    assert.equal(answer.headers['x-new'], '1');
    assert.equal(answer.headers.server, undefined);
    assert.equal(answer.headers['x-powered-by'], undefined);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['x-app'], 'ward');
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2', 'c=3']);
  });
});
