/** FHIR messaging over real sockets: to endpoints of the directory and to mailboxes, answered at once and later. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openClient, type ManagementClient } from '../scripts/gatehouse/client.ts';
import { searchAudit } from '../server/audit/search.ts';
import { allOf } from './audit-folder.ts';
import {
  answerTo,
  messageOf,
  putReceiver,
  readOpen,
  sendMessage,
  type SendOptions,
} from './fhir-messaging-ground.ts';
import { meshCaller, v2, type MeshCallerOf } from './mesh-ground.ts';
import { answering, startEndpoint, subscribe, until, type Endpoint, type Treat } from './postman-ground.ts'; // prettier-ignore
import { r4Faults } from './r4-schema.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const toMailbox = { endpoint: 'mesh:BOB?workflow_id=API-DOCS-TEST' };

interface Answered {
  readonly entry: readonly { readonly resource: { readonly response: { identifier: string } } }[];
}

/** Answers as a receiver does. */
const answer: Treat = ({ body }, response) => {
  const { entry } = JSON.parse(body.toString()) as { entry: { resource: { id: string } }[] };
  response
    .writeHead(200, { 'content-type': 'application/fhir+json' })
    .end(answerTo(entry[0]?.resource.id ?? ''));
};

describe('FHIR messages', () => {
  let platform: TestPlatform;
  let manage: ManagementClient;
  let hospital: Endpoint;
  let ambulance: Endpoint;
  let asid: string;
  let alice: MeshCallerOf;
  let bob: MeshCallerOf;

  before(async function () {
    this.timeout(180_000);
    platform = await startTestPlatform();
    manage = openClient({ dataDir: platform.dataDir });
    hospital = await startEndpoint();
    ambulance = await startEndpoint();
    asid = await putReceiver(platform, 'R9A', `${hospital.url}/fhir`);
    await putReceiver(platform, 'R9C', `${ambulance.url}/fhir`);
    alice = meshCaller(platform.url, 'ALICE');
    bob = meshCaller(platform.url, 'BOB');
  });
  beforeEach(() => {
    hospital.treat = answer;
  });
  after(async () => {
    await Promise.all([hospital.close(), ambulance.close(), platform.end()]);
  });

  const send = (body: unknown, options?: SendOptions) => sendMessage(platform.url, body, options);
  const idsOf = (message: ReturnType<typeof messageOf>) => ({
    bundle: message.id,
    header: message.entry[0]?.resource.id ?? '',
  });
  const taken = (header: string) =>
    hospital.pushed.filter(({ headers }) => headers['x-message-id'] === header);
  const answersTo = (header: string, endpoint = ambulance) =>
    endpoint.pushed.filter(({ body }) => body.toString().includes(`"identifier":"${header}"`));

  it('go to the endpoint that the directory has, and its answer comes back, byte for byte', async () => {
    const destinations = [
      { endpoint: 'urn:nhs-uk:addressing:ods:R9A' },
      { endpoint: `https://fhir.nhs.uk/Id/nhsSpineASID|${asid}` },
      {
        endpoint: `${hospital.url}/fhir`,
        receiver: {
          identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'R9A' },
        },
      },
    ];
    for (const destination of destinations) {
      const message = messageOf({ destination });
      const { header } = idsOf(message);
      const first = await send(message);
      assert.equal(first.status, 200, first.text);
      assert.equal(first.json.entry[0].resource.response.identifier, header);
      assert.deepEqual(r4Faults(first.json), []);
      const [only, ...more] = taken(header);
      assert.equal(only?.path, '/fhir/$process-message');
      assert.equal(only.body.toString(), JSON.stringify(message));
      assert.deepEqual(more, []);
      const again = await send(message);
      assert.deepEqual([again.status, again.text], [200, first.text]);
      assert.equal(taken(header).length, 1);
    }
    assert.equal(platform.logged().includes('9000000009'), false);
  });

  it('are done once when twenty callers send the same at once, and all read one answer', async () => {
    const message = messageOf();
    const all = await Promise.all(Array.from({ length: 20 }, () => send(message)));
    assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]));
    assert.equal(new Set(all.map(({ text }) => text)).size, 1);
    assert.equal(taken(idsOf(message).header).length, 1);
  });

  it('are known by both ids: another header in a Bundle is an error, a resubmission goes by category', async () => {
    const first = messageOf();
    const { bundle, header } = idsOf(first);
    assert.equal((await send(first)).status, 200);
    const other = await send(messageOf({ bundle }));
    assert.equal(other.status, 409);
    assert.match(other.json.issue[0].diagnostics, /^Bundle\.id was seen with another/);
    assert.equal((await send(messageOf({ header }))).status, 200); // a notification
    assert.equal(taken(header).length, 2);

    const summary = messageOf({ event: 'discharge-summary' });
    assert.equal((await send(summary)).status, 200);
    const once = idsOf(summary).header;
    const twice = await send(messageOf({ event: 'discharge-summary', header: once }));
    assert.deepEqual([twice.status, twice.json.issue[0].code], [409, 'conflict']);
    assert.equal(taken(once).length, 1);
    assert.deepEqual(r4Faults(twice.json), []);
  });

  it('of category consequence are done once when they come in many Bundles at once', async () => {
    const header = crypto.randomUUID();
    const all = await Promise.all(
      Array.from({ length: 10 }, () => send(messageOf({ header, event: 'discharge-summary' }))),
    );
    assert.equal(all.filter(({ status }) => status === 200).length, 1);
    assert.equal(all.filter(({ status }) => status === 409).length, 9);
    assert.equal(taken(header).length, 1);
  });

  it('R165 are answered 202 at once where that is wished, and the answer goes to the registered address', async () => {
    const message = messageOf({ source: `${ambulance.url}/fhir` });
    const { header } = idsOf(message);
    const first = await send(message, { query: '?async=true' });
    assert.deepEqual([first.status, first.text], [202, '']);
    const [told] = await until(() => {
      const found = answersTo(header);
      return found.length > 0 && found;
    });
    assert.equal(told?.path, '/fhir/$process-message');
    const again = await send(message, { query: '?async=true' });
    assert.deepEqual([again.status, again.text], [202, '']);

    const parameters = messageOf();
    const later = await send({
      resourceType: 'Parameters',
      parameter: [
        { name: 'content', resource: parameters },
        { name: 'async', valueBoolean: true },
        { name: 'response-url', valueUrl: 'mesh:ALICE?workflow_id=API-DOCS-TEST' },
      ],
    });
    assert.equal(later.status, 202, later.text);
    const [id] = await until(async () => {
      const { messages } = (await alice.inbox('', v2)).json as { messages: string[] };
      return messages.length > 0 && messages;
    }, 'the answer in the mailbox');
    const got = await alice.fetch(id ?? '');
    const answered = JSON.parse(got.text) as Answered;
    assert.equal(answered.entry[0]?.resource.response.identifier, idsOf(parameters).header);
    await alice.acknowledge(id ?? '');
  });

  it('refuse to answer where nobody registered', async () => {
    const before = ambulance.pushed.length;
    for (const [query, source] of [
      [`?async=true&response-url=${encodeURIComponent(`${ambulance.url}/elsewhere`)}`, undefined],
      ['?async=true&response-url=https%3A%2F%2F169.254.169.254%2Flatest', undefined],
      ['?async=true&response-url=mesh%3ANOBODY%3Fworkflow_id%3DA', undefined],
      ['?async=true', 'https://ambulance.example/fhir'],
      ['?response-url=file%3A%2F%2F%2Fetc%2Fpasswd', undefined],
    ] as const) {
      const refused = await send(messageOf(source === undefined ? {} : { source }), { query });
      assert.equal(refused.status, 422, query);
      assert.match(refused.json.issue[0].diagnostics, /expected a mailbox of yours/);
    }
    assert.equal(ambulance.pushed.length, before);
    const { id } = await subscribe(manage, { mailbox: 'ALICE', url: `${ambulance.url}/answers` });
    const message = messageOf();
    const verified = `?async=true&response-url=${encodeURIComponent(`${ambulance.url}/answers`)}`;
    await until(async () => (await send(message, { query: verified })).status === 202);
    const [told] = await until(() => {
      const found = answersTo(idsOf(message).header);
      return found.length > 0 && found;
    });
    assert.equal(told?.path, '/answers');
    await manage.call('DELETE', `/push-subscriptions/${id}`);
  });

  it('are tried again until the endpoint can take them', async () => {
    let faults = 1;
    hospital.treat = (pushed, response) => {
      if (faults-- > 0) answering(503, { 'retry-after': '1' })(pushed, response);
      else answer(pushed, response);
    };
    const message = messageOf();
    assert.equal((await send(message)).status, 200);
    assert.deepEqual(
      taken(idsOf(message).header).map(({ headers }) => headers['x-attempt']),
      ['1', '2'],
    );
  }).timeout(30_000);

  it('that the recipient refuses are dead letters, whose sender reads why and whose operator may replay', async () => {
    const reason = JSON.stringify({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: 'business-rule', diagnostics: 'no bed' }],
    });
    hospital.treat = answering(422, { 'content-type': 'application/fhir+json' }, reason);
    const message = messageOf();
    const { header } = idsOf(message);
    const refused = await send(message);
    assert.equal(refused.status, 200);
    const [head, outcome] = refused.json.entry;
    assert.equal(head.resource.response.code, 'fatal-error');
    assert.equal(head.resource.response.details.reference, outcome.fullUrl);
    assert.equal(outcome.resource.issue[0].diagnostics, 'no bed');
    assert.deepEqual(r4Faults(refused.json), []);
    assert.equal((await send(message)).text, refused.text);
    const [dead] = await until(async () => {
      const { deliveries } = (await manage.call('GET', `/messages/${header}`)).body as {
        deliveries: { id: string; state: string; reason: string }[];
      };
      return deliveries[0]?.state === 'dead' && deliveries;
    });
    assert.match(dead?.reason ?? '', /answered 422/);
    hospital.treat = answer;
    await manage.call('POST', `/messages/${header}/retry`);
    await until(async () => (await send(message)).json.entry[0].resource.response.code === 'ok');
  });

  it('go into a mailbox where the organisation or the address names one, and are answered 202', async () => {
    const message = messageOf({ destination: toMailbox, source: 'mesh:ALICE' });
    const first = await send(message);
    assert.deepEqual([first.status, first.text], [202, '']);
    const id = await until(async () => ((await bob.inbox('', v2)).json.messages as string[])[0]);
    const got = await bob.fetch(id);
    assert.equal(got.text, JSON.stringify(message));
    assert.deepEqual(
      ['mex-from', 'mex-workflowid', 'mex-localid'].map((name) => got.headers.get(name)),
      ['ALICE', 'API-DOCS-TEST', idsOf(message).header],
    );
    assert.equal((await send(message)).status, 202);
    assert.deepEqual((await bob.inbox('', v2)).json.messages, [id]);
    await bob.acknowledge(id);
  });

  it('reach the practice of a patient by mailbox, whose number is in the audit and in no delivery', async () => {
    const { json } = await platform.call('/Patient/9000000009');
    const practice = String(json.generalPractitioner[0].identifier.value);
    const born = String(json.birthDate).replaceAll('-', '');
    const named = `mesh:GPPROVIDER_9000000009_${born}_${String(json.name[0].family)}`;
    const message = messageOf({ destination: { endpoint: named }, event: 'discharge-summary' });
    assert.equal((await send(message)).status, 202);
    const box = meshCaller(platform.url, `${practice}GP001`);
    const id = await until(async () => ((await box.inbox('', v2)).json.messages as string[])[0]);
    assert.equal((await box.fetch(id)).text, JSON.stringify(message));
    const { header } = idsOf(message);
    const shown = JSON.stringify((await manage.call('GET', `/messages/${header}`)).body);
    assert.equal(shown.includes('9000000009'), false);
    const entries = await allOf(
      searchAudit(join(platform.dataDir, 'audit'), { patient: '9000000009' }),
    );
    assert.ok(entries.some(({ api, status }) => api === 'fhir-messaging' && status === 202));
    const direct = { endpoint: `urn:nhs-uk:addressing:ods:${practice}` };
    const second = messageOf({ destination: direct, event: 'discharge-summary' });
    assert.equal((await send(second)).status, 202);
    await until(async () => ((await box.inbox('', v2)).json.messages as string[]).length === 2);
  });

  it('tell what is taken, and for how long a message is known', async () => {
    const { status, json } = await readOpen(platform.url, '/metadata');
    assert.equal(status, 200);
    assert.deepEqual(r4Faults(json), []);
    const [messaging] = json.messaging;
    assert.equal(messaging.reliableCache, 1440);
    assert.match(messaging.endpoint[0].address, /\/fhir-messaging\/FHIR\/R4\/\$process-message$/);
    for (const { definition } of messaging.supportedMessage) {
      const path = new URL(definition).pathname.replace('/fhir-messaging/FHIR/R4', '');
      const found = await readOpen(platform.url, path);
      assert.equal(found.json.url, definition);
      assert.deepEqual(r4Faults(found.json), []);
    }
    assert.equal((await readOpen(platform.url, '/MessageDefinition/none')).status, 404);
  });
});
