/** What follows from changes of PDS records: events that subscribers are told, in the view of the data that changed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { changeEntry } from '../fhir/pds/changes.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { openClient } from '../scripts/gatehouse/client.ts';
import { searchAudit } from '../server/audit/search.ts';
import { uuidOf } from '../spine/events/mns/rendering.ts';
import { mnsCaller, eventOf, takeAll, wishFor } from './events-ground.ts';
import { meshCaller, v2, type MeshCallerOf } from './mesh-ground.ts';
import { startEndpoint, subscribe, until } from './postman-ground.ts';
import { entriesOf } from './signed-in-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const jane = '9000000009';
const adrian = '9732110317';
const everything = [
  ...['pds-record-change-2', 'pds-death-notification-2', 'pds-change-of-gp-2'],
  'nhs-number-change-2',
];

describe('a change of a PDS record', () => {
  let platform: TestPlatform;
  let mns: ReturnType<typeof mnsCaller>;
  let bob: MeshCallerOf;
  let ahead = 0;
  const made: string[] = [];

  const subscribed = async (criteria: string, more = {}, headers = {}): Promise<string> => {
    const answer = await mns.subscribe(wishFor(criteria, more), headers);
    assert.equal(answer.status, 201, answer.text);
    made.push(answer.json.id as string);
    return answer.json.id as string;
  };
  /** `gender`: something about a person that is neither name, address, death nor practice. */
  const patch = async (id: string, change: readonly object[] | 'gender', headers = {}) => {
    const before = await platform.call(`/Patient/${id}`, { headers });
    const value = before.json.gender === 'male' ? 'female' : 'male';
    const patches = change === 'gender' ? [{ op: 'replace', path: '/gender', value }] : change;
    const answer = await platform.call(`/Patient/${id}`, {
      method: 'PATCH',
      headers: { 'if-match': before.headers.get('etag') ?? '', ...headers },
      body: { patches },
    });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };
  const nickname = (given: string) => [
    { op: 'add', path: '/name/-', value: { use: 'nickname', given: [given], family: 'Smith' } },
  ];
  before(async function () {
    this.timeout(180_000);
    const clock = { now: () => Date.now() + ahead, newId: () => crypto.randomUUID() };
    platform = await startTestPlatform({ clock });
    mns = mnsCaller(platform.url);
    bob = meshCaller(platform.url, 'BOB', { now: () => Date.now() + ahead });
  });
  afterEach(async () => {
    for (const id of made.splice(0)) await mns.call('DELETE', `/subscriptions/${id}`);
    await takeAll(bob, 0);
  });
  after(() => platform.end());

  it('is told as a change of the record, with its version, and the audit knows who was told', async () => {
    await subscribed("eventType='pds-record-change-2' AND changed_name='true'");
    await patch(jane, 'gender');
    const { meta } = await patch(jane, nickname('Janey'));
    const [only, ...more] = await takeAll(bob, 1);
    assert.deepEqual(more, []);
    const { id, time, ...event } = only?.json ?? {};
    assert.ok(Date.parse(String(time)) > 0);
    assert.deepEqual(event, {
      ...{ specversion: '1.0', source: 'https://fhir.nhs.uk/Id/nhsSpineASID/200000000205' },
      ...{ type: 'pds-record-change-2', subject: jane, versionid: `W/"${String(meta.versionId)}"` },
    });
    assert.match(String(id), /^[0-9a-f-]{36}$/);
    const told = await until(async () => {
      const ours: string[] = [];
      for await (const line of auditOf(platform)) if (line.includes('tell BOB of')) ours.push(line);
      return ours.length > 0 && ours;
    });
    assert.ok(told[0]?.includes(jane));
    assert.equal(platform.logged().includes(jane), false, 'no NHS number is logged');
  });

  it('is told as a death, a change of practice and a change of the record, each to who asked for it', async () => {
    for (const type of everything)
      await subscribed(`eventType=${type}`, { payload: 'application/fhir+json' });
    const notified = {
      url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus',
      extension: [
        {
          url: 'deathNotificationStatus',
          valueCodeableConcept: {
            coding: [
              {
                system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus',
                version: '1.0.0',
                code: '1',
              },
            ],
          },
        },
      ],
    };
    await patch(adrian, [
      { op: 'add', path: '/deceasedDateTime', value: '2020-01-02T00:00:00+00:00' },
      { op: 'add', path: '/extension/-', value: notified },
    ]);
    const death = await takeAll(bob, 2);
    const typesOf = (all: typeof death) =>
      all.map(({ json }) => json.entry[0].resource.parameter[4].part[0].valueString as string);
    assert.deepEqual(typesOf(death).toSorted(), [
      'pds-death-notification-2',
      'pds-record-change-2',
    ]);
    const focus = death
      .flatMap(
        ({ json }) =>
          json.entry[0].resource.parameter[3].part as {
            name: string;
            valueReference?: { reference: string };
          }[],
      )
      .find(({ name }) => name === 'focus');
    const where = `${platform.url}/personal-demographics/FHIR/R4/Patient/${adrian}`;
    assert.equal(focus?.valueReference?.reference, where);
    const practice = (await platform.call(`/Patient/${jane}`)).json.generalPractitioner[0];
    await patch(jane, [
      { op: 'test', path: '/generalPractitioner/0/id', value: practice.id },
      {
        op: 'replace',
        path: '/generalPractitioner/0',
        value: {
          id: practice.id,
          ...{
            type: 'Organization',
            identifier: { system: practice.identifier.system, value: 'A20047' },
          },
        },
      },
    ]);
    assert.deepEqual(typesOf(await takeAll(bob, 2)).toSorted(), [
      'pds-change-of-gp-2',
      'pds-record-change-2',
    ]);
  });

  it('is told in its own view of the data, and nowhere else', async () => {
    const made = await fetch(`${platform.url}/_sandbox/workspaces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'mine' }),
    });
    const { id } = (await made.json()) as { id: string };
    const there = { 'x-gatehouse-workspace': id };
    await subscribed('eventType=pds-record-change-2', { reason: 'shared' });
    await patch(jane, nickname('Apart'), there);
    await patch(adrian, 'gender');
    const shared = await takeAll(bob, 1);
    assert.deepEqual(
      shared.map(({ json }) => json.subject),
      [adrian],
    );
    const inside = await mns.subscribe(wishFor('eventType=pds-record-change-2'), there);
    assert.equal(inside.status, 201, inside.text);
    await patch(jane, 'gender', there);
    const told = await takeAll(bob, 1);
    assert.deepEqual(
      told.map(({ json }) => json.subject),
      [jane],
    );
  });

  it('is not told of a restricted person', async () => {
    await subscribed('eventType=pds-record-change-2');
    const { store } = platform;
    const records = store.open(patientCollection).in('shared');
    const stored = await records.get('9000000025');
    assert.ok(stored);
    const facts = { id: crypto.randomUUID(), workspace: 'shared', at: Date.now(), app: 'test' };
    const outbox = [changeEntry(stored.value, stored.value, facts)];
    await records.put(stored.id, stored.value, { expected: stored.version, outbox });
    await patch(adrian, 'gender');
    const told = await takeAll(bob, 1);
    assert.deepEqual(
      told.map(({ json }) => json.subject),
      [adrian],
    );
    assert.deepEqual(await store.outgoing('pds.changed'), []);
  });

  it('brings the data along where they are asked for, with the fields of the subscription', async () => {
    const asked: string[] = [];
    let status = 200;
    const source: Server = createServer((request, response) => {
      asked.push(`${request.url ?? ''} ${String(request.headers['x-secret'])}`);
      response.writeHead(status, { 'content-type': 'application/fhir+json' });
      response.end(JSON.stringify({ resourceType: 'Flag', status: 'active' }));
    }).listen(0, '127.0.0.1');
    await once(source, 'listening');
    const { port } = source.address() as AddressInfo; // it listens on a port
    const dataref = `http://localhost:${port}/Flag/1`;
    const hydration = { enabled: true, headers: { 'X-Secret': 'word' } };
    const type = 'eventType=patientflags-change-1';
    await subscribed(type, { hydration });
    await subscribed(type, { hydration, payload: 'application/fhir+json' });
    await mns.publish(eventOf({ dataref }));
    const all = await takeAll(bob, 2);
    const flag = { resourceType: 'Flag', status: 'active' };
    const plain = all.find(({ json }) => json.specversion === '1.0');
    assert.deepEqual(
      [plain?.json.data, plain?.json.datacontenttype],
      [flag, 'application/fhir+json'],
    );
    const bundle = all.find(({ json }) => json.resourceType === 'Bundle');
    assert.deepEqual(bundle?.json.entry[1], {
      ...{ fullUrl: dataref, resource: flag, request: { method: 'GET', url: dataref } },
      response: { status: '200' },
    });
    assert.deepEqual([...new Set(asked)], ['/Flag/1 word']);
    status = 404;
    await mns.publish(eventOf({ dataref }));
    const without = await takeAll(bob, 2);
    assert.ok(
      without.every(({ json }) => json.data === undefined && json.entry?.[1] === undefined),
    );
    for (const address of [
      'http://169.254.169.254/latest',
      'http://10.0.0.1/x',
      'file:///etc/passwd',
    ]) {
      const answer = await mns.publish(eventOf({ dataref: address }));
      assert.equal(answer.status, 200, answer.text);
      assert.ok((await takeAll(bob, 2)).every(({ text }) => !text.includes('"data":')));
    }
    source.close();
    source.closeAllConnections();
    assert.equal(platform.logged().includes('word'), false);
  });

  it('is pushed where the mailbox is', async () => {
    const endpoint = await startEndpoint();
    const manage = openClient({ dataDir: platform.dataDir });
    const push = await subscribe(manage, { mailbox: 'BOB', url: `${endpoint.url}/in` });
    await subscribed('eventType=pds-record-change-2');
    await patch(jane, 'gender');
    const one = await until(() => endpoint.pushed[0]);
    assert.equal((JSON.parse(one.body.toString()) as { subject: string }).subject, jane);
    assert.equal(one.headers['mex-from'], 'GATEHOUSEEVENTS');
    await manage.call('DELETE', `/push-subscriptions/${push.id}`);
    await endpoint.close();
  });

  it('comes with a signal every 15 minutes by the clock that proves the way', async function () {
    this.timeout(120_000);
    await subscribed('eventType=mns-test-signal-1');
    await subscribed('eventType=mns-test-signal-1', { payload: 'application/fhir+json' });
    const every = 15 * 60_000;
    const first = Math.floor((Date.now() + ahead) / every) + 1;
    // Its id can be known before: using it up keeps nothing back.
    const id = uuidOf(`mns-test-signal-1 ${first * every}`);
    await mns.publish(eventOf({ id, source: 'uk.nhs.multicast-notification-service' }));
    ahead = first * every + 1_000 - Date.now();
    const told = await takeAll(bob, 2);
    const plain = told.find(({ json }) => json.specversion === '1.0')?.json;
    assert.deepEqual([plain.type, plain.id], ['mns-test-signal-1', id]);
    assert.equal(plain.time, new Date(first * every).toISOString());
    assert.equal(plain.subject, undefined);
    await new Promise((resolve) => setTimeout(resolve, 6_000)); // the next look sends nothing more
    assert.deepEqual((await bob.inbox('', v2)).json.messages, []);
  });

  it('is published under an audit entry that names the person', async () => {
    const id = crypto.randomUUID();
    const event = eventOf({ subject: jane });
    await mns.publish(event, { 'x-request-id': id });
    const [entry] = await until(async () => {
      const found = await entriesOf(platform, id);
      return found.length > 0 && found;
    });
    assert.deepEqual(entry?.people, [jane]);
    assert.equal(entry.api, 'multicast-notification-service');
  });
});

/** All lines of the audit, as text. */
async function* auditOf(platform: TestPlatform): AsyncGenerator<string> {
  for await (const line of searchAudit(join(platform.dataDir, 'audit'), {}))
    yield JSON.stringify(line);
}
