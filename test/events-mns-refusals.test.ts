import assert from 'node:assert/strict';
import { mailboxCollection, mailboxKey, type Mailbox } from '../spine/mesh/mailboxes.ts';
import { eventOf, mnsCaller, wishFor, type MnsAnswer } from './events-ground.ts';
import {
  addApp,
  assertionBy,
  startTokenGround,
  tokenIn,
  withAssertion,
  type TokenGround,
} from './token-ground.ts';

const product = ['multicast-notification-service'];
const flags = 'patientflags-change-1';

describe('the notification service refuses', () => {
  let ground: TokenGround;
  let sandbox: ReturnType<typeof mnsCaller>;
  let anybody: ReturnType<typeof mnsCaller>;
  const tokens = new Map<string, string>();

  const as = (app: string) =>
    mnsCaller(`${ground.platform.url}/env/int`, {
      authorization: `Bearer ${tokens.get(app) ?? ''}`,
    });
  const app = async (id: string, attributes: Readonly<Record<string, string>> = {}) => {
    const client = await addApp(ground, id, { attributes }, product);
    tokens.set(id, tokenIn(await withAssertion(ground, assertionBy(ground, client))));
  };
  const box = async (id: string, fields: Partial<Mailbox> = {}, environment = 'uat') => {
    const value: Mailbox = {
      ...{ environment, id, name: id, odsCode: 'X26', orgCode: 'X26', orgName: '', active: true },
      ...{ sealed: '', ...fields },
    };
    await ground.platform.store
      .open(mailboxCollection)
      .put(mailboxKey(environment, id), value, { expected: 0 });
  };
  const told = ({ status, json }: MnsAnswer) => [status, json];
  const fault = (faultstring: string, errorcode: string) => [
    401,
    { fault: { faultstring, detail: { errorcode } } },
  ];

  before(async function () {
    this.timeout(180_000);
    ground = await startTokenGround();
    sandbox = mnsCaller(ground.platform.url);
    anybody = mnsCaller(`${ground.platform.url}/env/int`);
    await app('reader');
    await app('writer', {
      'mns.permissions': `events:create:${flags}, events:create:mns-test-signal-1`,
    });
    await box('OURS', { app: 'reader' });
    await box('DEMOBOX', { odsCode: 'DEMO1' });
    await box('FOREIGN', { odsCode: 'A1' });
    await box('ASLEEP', { odsCode: 'DEMO1', active: false });
    await box('OPEN', {}, 'sandbox');
  });
  after(() => ground.end());

  it('calls without a token, with another, with one that has ended, and with a key in its place', async () => {
    const missing = fault('Missing access token', 'oauth.v2.MissingAccessToken');
    assert.deepEqual(told(await anybody.call('GET', '/subscriptions')), missing);
    const keyed = mnsCaller(`${ground.platform.url}/env/int`, { apikey: 'reader-int' });
    assert.deepEqual(told(await keyed.call('GET', '/events')), missing);
    const wrong = mnsCaller(`${ground.platform.url}/env/int`, { authorization: 'Bearer nonsense' });
    const invalid = fault('Invalid access token', 'oauth.v2.InvalidAccessToken');
    const answer = await wrong.publish(eventOf());
    assert.deepEqual(told(answer), invalid);
    assert.equal(answer.headers.get('x-correlation-id'), 'test-1');
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer realm="multicast/);
    const client = await addApp(ground, 'short', {}, product);
    tokens.set('short', tokenIn(await withAssertion(ground, assertionBy(ground, client))));
    assert.equal((await as('short').call('GET', '/subscriptions')).status, 200);
    ground.clock.time += 3_600_000;
    const expired = fault('Access Token expired', 'keymanagement.service.access_token_expired');
    assert.deepEqual(told(await as('short').call('GET', '/subscriptions')), expired);
    await app('reader');
    await app('writer', {
      'mns.permissions': `events:create:${flags}, events:create:mns-test-signal-1`,
    });
    const other = await addApp(ground, 'stranger', {}, ['pds-application-restricted']);
    tokens.set('stranger', tokenIn(await withAssertion(ground, assertionBy(ground, other))));
    assert.deepEqual(told(await as('stranger').call('GET', '/subscriptions')), invalid);
  });

  it('calls without X-Correlation-ID, and mirrors it on each answer', async () => {
    const errors = 'Please provide an X-Correlation-ID header';
    const none = mnsCaller(ground.platform.url, { 'x-correlation-id': '' });
    assert.deepEqual(told(await none.call('GET', '/subscriptions')), [400, { errors }]);
    for (const path of ['/subscriptions', '/subscriptions/x', '/nothing']) {
      const answer = await sandbox.call('GET', path);
      assert.equal(answer.headers.get('x-correlation-id'), 'test-1', path);
    }
    assert.deepEqual(told(await sandbox.call('GET', '/nothing')), [404, { errors: 'Not found' }]);
    assert.equal((await sandbox.call('PATCH', '/subscriptions')).status, 405);
  });

  it('publishers without the right for the type, and events of the PDS from anybody', async () => {
    const event = eventOf();
    const none = await as('reader').publish(event);
    assert.deepEqual(told(none), [403, { errors: 'Unauthorised' }]);
    assert.match(none.headers.get('x-gatehouse-why') ?? '', /no right to publish/);
    const errors = 'User is not authorized to handle the requested event type';
    const other = await as('writer').publish({ ...event, type: 'pdm-resource-change-1' });
    assert.deepEqual(told(other), [403, { errors }]);
    assert.deepEqual(told(await as('writer').publish(event)), [200, { id: event.id }]);
    for (const type of [
      'pds-record-change-2',
      'pds-death-notification-2',
      'pds-change-of-gp-2',
      'nhs-number-change-2',
    ])
      assert.deepEqual(told(await sandbox.publish({ ...event, type })), [403, { errors }], type);
  });

  it('fields for fetching that a connection or a proxy sets, and one given twice', async () => {
    for (const headers of [
      ...[{ Host: 'x' }, { 'X-Forwarded-For': '10.0.0.1' }, { Forwarded: 'for=10.0.0.1' }],
      ...[{ 'x-forwarded-client-cert': 'x' }, { 'X-A': '1', 'x-a': '2' }, { 'a b': '1' }],
      ...[{ 'x-a': 'a\r\nHost: b' }],
    ] as Readonly<Record<string, string>>[]) {
      const hydration = { enabled: true, headers };
      const answer = await sandbox.subscribe(
        wishFor(`eventType=${flags}`, { mailbox: 'OPEN', hydration }),
      );
      assert.equal(answer.status, 400, JSON.stringify(headers));
      assert.match(Object.keys(answer.json.validationErrors).join(), /^hydration\.headers/);
    }
  });

  it('subscribers to mailboxes that are not theirs', async () => {
    const on = (mailbox: string) =>
      as('reader').subscribe(wishFor(`eventType=${flags}`, { mailbox }));
    assert.equal((await on('OURS')).status, 201);
    assert.equal((await on('DEMOBOX')).status, 201, 'of the organisation whose code it bears');
    const foreign = await on('FOREIGN');
    assert.deepEqual(told(foreign), [403, { errors: 'Unauthorised' }]);
    assert.match(foreign.headers.get('x-gatehouse-why') ?? '', /not of the app/);
    for (const mailbox of ['ASLEEP', 'NOBODY'])
      assert.deepEqual(told(await on(mailbox)), [
        400,
        {
          validationErrors: {
            'channel.endpoint': 'Please provide a valid channel.endpoint: there is no such mailbox',
          },
        },
      ]);
    const open = await sandbox.subscribe(wishFor(`eventType=${flags}`, { mailbox: 'OPEN' }));
    assert.equal(open.status, 201);
    const arn = 'arn:aws:sqs:eu-west-2:123456789012:queue1';
    const queue = await as('reader').subscribe(wishFor(`eventType=${flags}`, { endpoint: arn }));
    assert.match(
      String(queue.json.validationErrors['channel.endpoint']),
      /queue is not known here/,
    );
  });

  it('looks at subscriptions of others, and at ids that are none', async () => {
    const made = await as('reader').subscribe(
      wishFor('eventType=pdm-resource-change-1', { mailbox: 'OURS' }),
    );
    const id = String(made.json.id);
    for (const [method, path] of [
      ['GET', id],
      ['DELETE', id],
      ['GET', crypto.randomUUID()],
    ] as const)
      assert.deepEqual(told(await as('writer').call(method, `/subscriptions/${path}`)), [
        404,
        { errors: 'Not found' },
      ]);
    const errors = 'Please provide a valid subscription ID in UUID4 format';
    for (const wrong of ['x', '0a0d3c56-8d64-1c53-9d43-2b9b1d1a6f10', `${id}x`, '%00', '..%2f..'])
      for (const method of ['GET', 'DELETE'])
        assert.deepEqual(
          told(await as('reader').call(method, `/subscriptions/${wrong}`)),
          [400, { errors }],
          wrong,
        );
    assert.equal((await as('writer').call('GET', '/subscriptions')).json.entry.length, 0);
  });

  const wrongEvents: readonly (readonly [string, Readonly<Record<string, unknown>>, object])[] = [
    [
      'no specversion',
      { specversion: undefined },
      { specversion: 'Please provide a valid specversion' },
    ],
    [
      'another specversion',
      { specversion: '0.3' },
      { specversion: 'Please provide a valid specversion' },
    ],
    ['no id', { id: '' }, { id: 'Please provide a valid id' }],
    ['an unknown type', { type: 'nonsense' }, { type: 'Please provide a valid event type' }],
    [
      'a type of a prototype',
      { type: 'constructor' },
      { type: 'Please provide a valid event type' },
    ],
    ['a time that is none', { time: '2020-06-01' }, { time: 'Please provide a valid time' }],
    [
      'a moment that no calendar has',
      { time: '2020-02-31T00:00:00Z' },
      { time: 'Please provide a valid time' },
    ],
    ['a dataref that is none', { dataref: 'here' }, { dataref: 'Please provide a valid dataref' }],
    ['clinical content', { data: { code: 'secret-word' } }, { data: 'event has no such member' }],
    [
      'a filter that is an object',
      { filtering: { x: { y: 1 } } },
      { 'filtering.x': 'Please provide a valid filtering.x' },
    ],
  ];
  for (const [what, more, validationErrors] of wrongEvents)
    it(`an event with ${what}`, async () => {
      const answer = await sandbox.publish(eventOf(more));
      assert.deepEqual(told(answer), [400, { validationErrors }]);
      assert.equal(answer.text.includes('secret-word'), false);
    });

  it('bodies that are no events at all', async () => {
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      '"x"',
      '{"__proto__":{}}',
      '{"id":1,"id":2}',
      '\u{feff}\u0000',
    ])
      assert.equal((await sandbox.publish(body)).status, 400, body);
    assert.equal((await sandbox.publish(eventOf(), { 'content-type': 'text/plain' })).status, 400);
    assert.equal((await sandbox.publish(eventOf({ subject: 'x'.repeat(300_000) }))).status, 413);
    const legacy = { ...eventOf({ type: 'pds-change-of-gp-1' }) };
    assert.equal((await sandbox.publish(legacy)).status, 400);
    assert.equal(
      (await sandbox.publish(legacy, { 'content-type': 'application/json' })).status,
      400,
    );
  });

  const wrongWishes: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['another resource', { resourceType: 'Patient' }, 'resourceType'],
    ['a status that is not requested', { status: 'active' }, 'status'],
    ['no reason', { reason: undefined }, 'reason'],
    ['criteria without a type', { criteria: "flagtype='x'" }, 'criteria'],
    ['criteria of an unknown type', { criteria: 'eventType=nonsense' }, 'criteria'],
    [
      'criteria by what the type has not',
      { criteria: `eventType='${flags}' AND gppractice='x'` },
      'criteria',
    ],
    ['criteria joined by or', { criteria: `eventType='${flags}' OR flagtype='x'` }, 'criteria'],
    ['criteria that go on', { criteria: `eventType='${flags}' AND ` }, 'criteria'],
    [
      'an endpoint of the web',
      {
        channel: { type: 'message', payload: 'application/json', endpoint: 'https://example.org' },
      },
      'channel.endpoint',
    ],
    [
      'another channel',
      {
        channel: {
          type: 'rest-hook',
          payload: 'application/json',
          endpoint: 'mesh://OPEN?workflow_id=W',
        },
      },
      'channel.type',
    ],
    [
      'another payload',
      {
        channel: { type: 'message', payload: 'text/plain', endpoint: 'mesh://OPEN?workflow_id=W' },
      },
      'channel.payload',
    ],
    ['an end that is none', { end: 'tomorrow' }, 'end'],
    [
      'fields with a line break',
      { hydration: { enabled: true, headers: { a: 'b\r\nc: d' } } },
      'hydration.headers.a',
    ],
    [
      'fields of the connection',
      { hydration: { enabled: true, headers: { Host: 'x' } } },
      'hydration.headers',
    ],
  ];
  for (const [what, more, member] of wrongWishes)
    it(`a subscription with ${what}`, async () => {
      const answer = await sandbox.subscribe({
        ...wishFor(`eventType=${flags}`, { mailbox: 'OPEN' }),
        ...more,
      });
      assert.equal(answer.status, 400, answer.text);
      assert.deepEqual(Object.keys(answer.json.validationErrors as object), [member], answer.text);
    });
});
