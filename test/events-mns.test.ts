import assert from 'node:assert/strict';
import { eventOf, mnsCaller, takeAll, wishFor, workflow } from './events-ground.ts';
import { meshCaller, v2, type MeshCallerOf } from './mesh-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const flags = 'patientflags-change-1';

describe('the notification service', () => {
  let platform: TestPlatform;
  let mns: ReturnType<typeof mnsCaller>;
  let bob: MeshCallerOf;
  const made: string[] = [];

  const subscribed = async (criteria: string, more = {}, headers = {}): Promise<string> => {
    const answer = await mns.subscribe(wishFor(criteria, more), headers);
    assert.equal(answer.status, 201, answer.text);
    const id = String(answer.json.id);
    made.push(id);
    return id;
  };
  const published = async (more = {}, headers = {}) => {
    const event = eventOf(more);
    const answer = await mns.publish(event, headers);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json, { id: event.id });
    return event;
  };

  before(async function () {
    this.timeout(180_000);
    platform = await startTestPlatform();
    mns = mnsCaller(platform.url);
    bob = meshCaller(platform.url, 'BOB');
  });
  afterEach(async () => {
    for (const id of made.splice(0)) await mns.call('DELETE', `/subscriptions/${id}`);
    await takeAll(bob, 0);
  });
  after(() => platform.end());

  it('tells a mailbox of an event, without what it was filtered by', async () => {
    await subscribed(`eventType='${flags}' AND flagtype='NRAF'`);
    const { filtering, ...event } = await published({
      filtering: { flagtype: ['NRAF', 'other'], generalpractitioner: 'Y12345' },
    });
    assert.ok(filtering);
    const [only, ...more] = await takeAll(bob, 1);
    assert.deepEqual(more, []);
    assert.deepEqual(only?.json, event);
    assert.equal(only.headers.get('mex-workflowid'), workflow);
    assert.equal(only.headers.get('mex-from'), 'GATEHOUSEEVENTS');
    assert.equal(only.headers.get('content-type'), 'application/json');
  });

  it('tells it as a signal where FHIR is asked for', async () => {
    await subscribed(`eventType=${flags}`, { payload: 'application/fhir+json' });
    const event = await published({ versionid: 'W/"4"' });
    const [only] = await takeAll(bob, 1);
    const address = `${platform.url}/multicast-notification-service/subscriptions`;
    const signal = only?.json.entry[0];
    const id = String(signal.resource.id);
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual(only?.json, {
      ...{ resourceType: 'Bundle', id: event.id, type: 'history', timestamp: event.time },
      entry: [
        {
          fullUrl: `urn:uuid:${id}`,
          resource: {
            resourceType: 'Parameters',
            meta: {
              profile: [
                'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4',
              ],
            },
            id,
            parameter: [
              { name: 'subscription', valueReference: { reference: address } },
              { name: 'status', valueCode: 'active' },
              { name: 'type', valueCode: 'event-notification' },
              {
                name: 'notification-event',
                part: [
                  { name: 'event-number', valueString: '1' },
                  { name: 'timestamp', valueInstant: event.time },
                  { name: 'focus', valueReference: { reference: event.dataref } },
                ],
              },
              {
                name: 'additional-context',
                part: [
                  { name: 'event-type', valueString: flags },
                  { name: 'source', valueUri: event.source },
                  { name: 'subject', valueReference: { identifier: { value: event.subject } } },
                  { name: 'version-id', valueString: 'W/"4"' },
                ],
              },
            ],
          },
          request: { method: 'GET', url: address },
          response: { status: '200' },
        },
      ],
    });
  });

  it('tells nobody whose criteria are not met, or who asked for another type', async () => {
    await subscribed(`eventType='${flags}' AND flagtype='NRAF' AND generalpractitioner='Y1'`);
    await subscribed(`eventType=imms-vaccination-record-change-1`, { mailbox: 'BOB' });
    await subscribed(`eventType='${flags}' AND generalpractitioner='Y2'`);
    await published({ filtering: { flagtype: 'NRAF', generalpractitioner: 'Y3' } });
    await published({ filtering: { flagtype: 'OTHER', generalpractitioner: 'Y1' } });
    await published();
    const last = await published({ filtering: { generalpractitioner: 'Y2' } });
    const told = await takeAll(bob, 1);
    assert.deepEqual(
      told.map(({ json }) => json.id),
      [last.id],
    );
  });

  it('gives one copy for several subscriptions of one endpoint', async () => {
    await subscribed(`eventType='${flags}'`);
    await subscribed(`eventType='${flags}' AND flagtype='NRAF'`);
    await subscribed(`eventType='${flags}'`, { payload: 'application/fhir+json' });
    await published({ filtering: { flagtype: 'NRAF' } });
    const told = await takeAll(bob, 2);
    assert.deepEqual(told.map(({ json }) => json.resourceType ?? 'event').toSorted(), [
      'Bundle',
      'event',
    ]);
  });

  it('takes an event with a known source and id for the same', async () => {
    await subscribed(`eventType=${flags}`);
    const event = await published();
    const all = await Promise.all(
      Array.from({ length: 10 }, () => mns.publish({ ...event, time: '2026-03-02T00:00:00Z' })),
    );
    assert.deepEqual(
      all.map(({ json }) => json.id),
      Array<string>(10).fill(event.id),
    );
    const other = await published({ id: event.id, source: 'uk.nhs.another' });
    const told = await takeAll(bob, 2);
    assert.deepEqual(
      told.map(({ json }) => json.source).toSorted(),
      [other.source, event.source].toSorted(),
    );
  });

  it('takes events of the first version as they were', async () => {
    await subscribed('eventType=pds-death-notification-1');
    await subscribed('eventType=pds-death-notification-1', { payload: 'application/fhir+json' });
    const event = {
      ...{ id: crypto.randomUUID(), type: 'pds-death-notification-1' },
      subject: { nhsNumber: '9000000009', familyName: 'SMITH', dob: '2010-10' },
      source: {
        name: 'Example',
        identifier: { system: 'https://fhir.nhs.uk/Id/nhsSpineASID', value: '200000000205' },
      },
      time: '2026-03-01T10:15:00.000Z',
      data: {
        versionId: 'W/"16"',
        fullUrl: 'https://example.org/Patient/9000000009',
        deathNotificationStatus: '2',
      },
    };
    const answer = await mns.publish(event, { 'content-type': 'application/json' });
    assert.deepEqual([answer.status, answer.json], [200, { id: event.id }], answer.text);
    const told = await takeAll(bob, 2);
    const plain = told.find(({ json }) => json.resourceType === undefined);
    assert.deepEqual(plain?.json, event);
    const bundle = told.find(({ json }) => json.resourceType === 'Bundle');
    const context = bundle?.json.entry[0].resource.parameter[4].part;
    assert.deepEqual(
      context.map((part: { name: string }) => part.name),
      ['event-type', 'source', 'subject', 'version-id'],
    );
  });

  it('keeps subscriptions to be read, replaced, listed and ended', async () => {
    const wish = wishFor(`eventType=${flags}`, { end: '2026-12-01T00:00:00Z' });
    const id = await subscribed(`eventType=${flags}`, { end: '2026-12-01T00:00:00Z' });
    const read = await mns.call('GET', `/subscriptions/${id}`);
    assert.equal(read.headers.get('content-type'), 'application/fhir+json');
    assert.deepEqual(read.json, { ...wish, id, status: 'active' });
    const other = wishFor('eventType=pdm-resource-change-1', {
      hydration: { enabled: true, headers: { authorization: 'Bearer secret-of-the-subscriber' } },
    });
    assert.equal((await mns.replace(id, other)).status, 204);
    const again = await mns.call('GET', `/subscriptions/${id}`);
    const { hydration, ...shown } = other;
    assert.ok(hydration);
    assert.deepEqual(again.json, { ...shown, id, status: 'active' });
    const list = await mns.call('GET', '/subscriptions');
    assert.deepEqual(list.json, {
      ...{ resourceType: 'Bundle', type: 'searchset' },
      link: [{ relation: 'self', url: '/subscriptions' }],
      entry: [again.json],
    });
    await published();
    assert.equal((await mns.call('DELETE', `/subscriptions/${id}`)).status, 204);
    assert.equal((await mns.call('GET', `/subscriptions/${id}`)).status, 404);
    assert.equal((await mns.call('DELETE', `/subscriptions/${id}`)).status, 404);
    assert.equal((await mns.replace(id, wish)).status, 404);
    assert.deepEqual((await bob.inbox('', v2)).json.messages, []);
  });

  it('lists many by pages', async function () {
    this.timeout(60_000);
    const ids: string[] = [];
    for (let n = 0; n < 130; n++)
      ids.push(await subscribed(`eventType='${flags}' AND generalpractitioner='Y${n}'`));
    const seen: string[] = [];
    for (let path = '/subscriptions'; path !== '';) {
      const { json } = await mns.call('GET', path);
      seen.push(...json.entry.map((one: { id: string }) => one.id));
      const next = json.link.find((one: { relation: string }) => one.relation === 'next');
      path = next === undefined ? '' : String(next.url);
      if (path !== '') assert.match(path, /^\/subscriptions\?continue_from=/);
    }
    assert.deepEqual(seen.toSorted(), ids.toSorted());
    for (const wrong of ['', 'x', 'nonsense', '%00', 'YWJj'.repeat(400)]) {
      const answer = await mns.call('GET', `/subscriptions?continue_from=${wrong}`);
      assert.deepEqual(
        [answer.status, answer.json],
        [400, { errors: 'The continue_from field was not valid' }],
        wrong,
      );
    }
  });

  it('has one of two subscriptions that ask for the same', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        mns.subscribe(wishFor(`eventType='${flags}' AND flagtype='NRAF'`)),
      ),
    );
    const [won] = answers.filter(({ status }) => status === 201);
    made.push(String(won?.json.id));
    const lost = answers.filter(({ status }) => status === 409);
    assert.equal(lost.length, 4, answers.map(({ text }) => text).join(' '));
    for (const { json } of lost)
      assert.equal(
        json.errors,
        `A matching MESH subscription already exists with id: ${String(won?.json.id)}`,
      );
    const other = await subscribed(`eventType=${flags}`);
    const same = await mns.replace(other, wishFor(`eventType=${flags} AND flagtype=NRAF`));
    assert.equal(same.status, 409);
  });

  it('tells only those who look at the same data', async () => {
    const made = await fetch(`${platform.url}/_sandbox/workspaces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'mine' }),
    });
    const { id: workspace } = (await made.json()) as { id: string };
    const there = { 'x-gatehouse-workspace': workspace };
    await subscribed(`eventType=${flags}`);
    const apart = await mns.subscribe(wishFor(`eventType=${flags}`), there);
    assert.equal(apart.status, 201, apart.text);
    const inside = await published({}, there);
    const [only, ...more] = await takeAll(bob, 1);
    assert.deepEqual([only?.json.id, more.length], [inside.id, 0]);
    assert.equal((await mns.call('GET', `/subscriptions/${String(apart.json.id)}`)).status, 404);
  });
});
