import assert from 'node:assert/strict';
import { Problem } from '../../../core/problem.ts';
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
import { redacted } from '../redact.ts';
import { trafficLog, type TrafficLogConfig } from './traffic-log.ts';

describe('the policy of the traffic log', () => {
  let access: AccessGround;
  const open: PolicyGround[] = [];
  const ground = async (config: object, answer: PolicyGroundOptions['answer']) => {
    const policies = [access.policy(trafficLog, config)];
    const made = await policyGround({
      ...{ policies, caller: callerIn('app') },
      ...(answer ? { answer } : {}),
    });
    open.push(made);
    return made;
  };
  const linesOf = (made: PolicyGround) =>
    made
      .log()
      .split('\n')
      .filter((line) => line.includes('"traffic"'))
      .map((line) => JSON.parse(line));
  before(async () => {
    access = await accessGround();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });
  after(() => access.end());

  it('writes one line of what is listed for each call, and nothing of anything else', async () => {
    const config = {
      requestHeaders: ['User-Agent', 'X-None'],
      responseHeaders: ['x-served-by'],
      query: ['page'],
    };
    const made = await ground(config, () => ({
      status: 200,
      headers: { 'X-Served-By': 'node-1', 'x-other': 'other-secret' },
      body: 'body-secret',
    }));
    await made.ask('/path-secret/9000000009?page=2&family=Smith', {
      headers: {
        'user-agent': 'test/1',
        authorization: 'Bearer token-secret',
        'x-more': 'more-secret',
      },
      body: 'sent-secret',
    });
    const [line, ...more] = linesOf(made);
    assert.equal(more.length, 0);
    assert.equal(line.proxy, 'sandbox.hello');
    assert.equal(line.status, 200);
    assert.equal(line.method, 'POST');
    assert.equal(line.app, 'ward');
    assert.equal(line.bytes, 11);
    assert.match(line.messageId, /^[0-9a-f-]{36}$/);
    assert.deepEqual(line.request, { 'User-Agent': 'test/1' });
    assert.deepEqual(line.response, { 'x-served-by': 'node-1' });
    assert.deepEqual(line.query, { page: '2' });
    assert.ok(!/secret|Smith|9000000009/.test(made.log()));
  });

  it('writes refusals with their code, and only failures if so wanted', async () => {
    let refuse = false;
    const made = await ground({ failuresOnly: true, facts: ['code', 'messageId'] }, () => {
      if (refuse) throw new Problem('forbidden', 'No', { code: 'NO_ACCESS' });
      return { status: 200 };
    });
    await made.ask('/');
    refuse = true;
    const answer = await made.ask('/');
    const lines = linesOf(made);
    assert.equal(lines.length, 1);
    assert.equal(lines[0].status, 403);
    assert.equal(lines[0].code, 'NO_ACCESS');
    assert.equal(lines[0].messageId, answer.headers['x-gatehouse-message-id']);
  });

  it('cannot be told to log secrets or what tells of a person', () => {
    const base = configOf(trafficLog, {});
    const faults = (config: Partial<TrafficLogConfig>) =>
      trafficLog.check?.({ ...base, ...config }, access.site()).length;
    for (const name of [
      'Authorization',
      'Cookie',
      'Set-Cookie',
      'apikey',
      'Ocp-Apim-Subscription-Key',
      'X-Api-Token',
      'NHS-Number',
      'NHSD-Identity-UUID',
    ]) {
      assert.equal(faults({ requestHeaders: [name] }), 1, name);
      assert.equal(faults({ responseHeaders: [name] }), 1, name);
    }
    for (const name of ['family', 'identifier', 'patient:identifier', 'subject.name', 'api_key'])
      assert.equal(faults({ query: [name] }), 1, name);
    assert.equal(faults({ query: ['page'], requestHeaders: ['User-Agent'] }), 0);
    assert.throws(() => configOf(trafficLog, { facts: ['body'] }));
  });

  it('takes out of values what looks like an NHS number or a token', () => {
    assert.equal(
      redacted('a 9000000009 b 900 000 0009, 900-000-0009'),
      'a [number] b [number], [number]',
    );
    assert.equal(redacted(`Bearer ${'aB3_'.repeat(10)}.x`), 'Bearer [redacted]');
    assert.equal(
      redacted('7d9e3f7a-5f0b-4c1e-8b1c-2d8f6f0f8a11'),
      '7d9e3f7a-5f0b-4c1e-8b1c-2d8f6f0f8a11',
    );
    assert.equal(redacted('a\r\nb\u001b[0m'), 'a??b?[0m');
    assert.equal(redacted('x '.repeat(500)).length, 200);
  });
});
