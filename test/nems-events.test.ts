/** Event messages over mutual TLS: published, matched by each criterion, and delivered to mailboxes and by push. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openClient } from '../scripts/gatehouse/client.ts';
import { searchAudit } from '../server/audit/search.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { createAreas } from '../spine/nems/areas.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { allOf } from './audit-folder.ts';
import {
  arrived,
  child,
  event,
  idIn,
  lifeOf,
  national,
  nemsSystem,
  refusalIn,
  subscription,
  uncertified,
  waiting,
  write,
  type NemsSent,
  type NemsSystem,
} from './nems-ground.ts';
import { startEndpoint, subscribe as subscribePush, until } from './postman-ground.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

const explicit = `&Patient.identifier=http://fhir.nhs.net/Id/nhs-number|${child.nhsNumber}&MessageHeader.event=vaccinations-1`;
const generic = (rule: string, code: string) =>
  `&subscriptionRuleType=${rule}&Organization.identifier=${code}&MessageHeader.event=vaccinations-1`;

describe('event messages', function () {
  this.timeout(180_000);
  let platform: TestPlatform;
  let publisher: NemsSystem;
  let subscriber: NemsSystem;
  let made: string[];
  before(async () => {
    platform = await startTestPlatform();
    publisher = await nemsSystem(platform, { odsCode: 'Y90002' });
    subscriber = await nemsSystem(platform);
  });
  after(() => platform.end());
  beforeEach(() => {
    made = [];
  });
  afterEach(async () => {
    for (const id of made) await subscriber.remove(id);
  });

  async function subscribe(criteria: string, more?: Parameters<typeof subscription>[1]) {
    const id = idIn(await subscriber.subscribe(subscription(criteria, more)));
    made.push(id);
    return id;
  }
  /** Whether a message reaches the mailbox; one behind it, which always does, tells when to look no further. */
  async function isTold(criteria: string, message: string): Promise<boolean> {
    await subscribe(criteria);
    await subscribe(explicit.replace('vaccinations', 'newborn-hearing'));
    assert.equal((await publisher.publish(message)).status, 202);
    const marker = event({ code: 'newborn-hearing-1' });
    const headers = { InteractionID: write('Newbornhearing') };
    assert.equal((await publisher.publish(marker, { headers })).status, 202);
    const texts: string[] = [];
    while (!texts.includes(marker)) texts.push((await arrived(platform)).text);
    // Nothing promises an order.
    const end = Date.now() + 700;
    while (!texts.includes(message) && Date.now() < end)
      if ((await waiting(platform)) > 0) texts.push((await arrived(platform)).text);
    return texts.includes(message);
  }
  it('reach the mailbox as the same bytes, under the workflow of their type, with id and tag of the subscription', async () => {
    const id = await subscribe(`${explicit}&tag=ward|7`);
    const message = event();
    const answer = await publisher.publish(message);
    assert.deepEqual([answer.status, answer.text], [202, '']);
    const { text, headers } = await arrived(platform);
    assert.equal(text, message);
    assert.equal(headers.get('mex-workflowid'), 'VACCINATIONS_1');
    const partner = headers.get('mex-partnerid') ?? '';
    assert.equal(partner, `${id}|ward|7`);
    assert.equal(partner.slice(partner.indexOf('|') + 1), 'ward|7', 'split at the first pipe');
    assert.equal(headers.get('mex-content-type'), 'application/fhir+xml');
  });

  it('come once to a mailbox however many of its subscriptions match, with all that have a tag', async () => {
    const first = await subscribe(`${explicit}&tag=one`);
    await subscribe(explicit);
    const third = await subscribe(`${generic('GP_GP_GP', child.practice)}&tag=a,b`);
    assert.equal((await publisher.publish(event())).status, 202);
    const { headers } = await arrived(platform);
    assert.equal(headers.get('mex-partnerid'), `${first}|one~~~${third}|a,b`);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(await waiting(platform), 0);
  });

  it('name no subscription where none has a tag', async () => {
    await subscribe(explicit);
    await publisher.publish(event());
    assert.equal((await arrived(platform)).headers.get('mex-partnerid'), null);
  });

  it('come to each mailbox that a subscription names', async () => {
    const other = await nemsSystem(platform, { odsCode: 'Y90004' });
    const body = subscription(explicit, { odsCode: 'Y90004', mailbox: 'Y90004GP001' });
    const id = idIn(await other.subscribe(body));
    await subscribe(explicit);
    const message = event();
    await publisher.publish(message);
    assert.equal((await arrived(platform)).text, message);
    assert.equal((await arrived(platform, 'Y90004GP001')).text, message);
    await other.remove(id);
  });

  it('are pushed where the mailbox is', async () => {
    const endpoint = await startEndpoint();
    const manage = openClient({ dataDir: platform.dataDir, url: platform.url });
    await subscribePush(manage, { mailbox: 'Y90001GP001', url: `${endpoint.url}/in` });
    const id = await subscribe(`${explicit}&tag=t`);
    const message = event();
    await publisher.publish(message);
    const pushed = await until(() => endpoint.pushed[0], 'a push');
    assert.equal(pushed.body.toString(), message);
    assert.equal(pushed.headers['mex-partnerid'], `${id}|t`);
    const { items } = (await manage.call('GET', '/push-subscriptions?environment=sandbox')).body;
    for (const one of items as { readonly id: string }[])
      await manage.call('DELETE', `/push-subscriptions/${one.id}`);
    await endpoint.close();
  });

  const criteria: readonly (readonly [what: string, criteria: string, told: boolean])[] = [
    ['the patient', explicit, true],
    ['another patient', explicit.replace(child.nhsNumber, '9990020205'), false],
    ['another event type', explicit.replace('vaccinations', 'nipe-outcome'), false],
    ['two types, one of them this', `${explicit}&MessageHeader.event=nipe-outcome-1`, true],
    ['the practice', generic('GP_GP_GP', child.practice), true],
    ['another practice', generic('GP_GP_GP', 'Y90001'), false],
    ['the sub location of the postcode', generic('CHO_POSTCODE_CCG', '9ZE'), true],
    ['another sub location of the postcode', generic('CHO_POSTCODE_CCG', '9ZF'), false],
    ['the local authority', generic('UHV_POSTCODE_LACODE', 'E06990004'), true],
    ['another local authority', generic('UHV_POSTCODE_LACODE', 'E06990009'), false],
    ['the country', generic('COUNTRYCODE', 'E92000001'), true],
    ['another country', generic('COUNTRYCODE', 'W92000004'), false],
    ['children', `${explicit}&Patient.age=lt14`, true],
    ['the old', `${explicit}&Patient.age=gt60`, false],
    [
      'an age between',
      `${generic('COUNTRYCODE', 'E92000001')}&Patient.age=gt5&Patient.age=lt19`,
      false,
    ],
    ['the registered', `${explicit}&GPRegistration=RegisteredOnly`, true],
    ['the unregistered', `${explicit}&GPRegistration=UnregisteredOnly`, false],
    ['a service type, which narrows nothing', `${explicit}&serviceType=EPCHR`, true],
  ];
  for (const [what, text, isMeant] of criteria)
    it(`are ${isMeant ? 'told' : 'not told'} to who subscribes to ${what}`, async () => {
      assert.equal(await isTold(await placed(text), event()), isMeant);
    });

  /** With the codes of the areas that the child really lives in. */
  async function placed(text: string): Promise<string> {
    const stored = await platform.store.open(patientCollection).in('shared').get(child.nhsNumber);
    const postcode = stored?.value.patient.address?.[0]?.postalCode ?? '';
    const file = join(root, 'fixtures', 'nems', 'areas.json');
    const { areas } = JSON.parse(readFileSync(file, 'utf8')) as { readonly areas: unknown };
    const { location = '', authority = '' } = createAreas(areas)(postcode);
    return text.replace('9ZE', location).replace('E06990004', authority);
  }

  it('are told to who subscribes to the commissioner of the practice', async () => {
    const practice = await openDirectory(platform.store).in('shared').organisation(child.practice);
    const location = practice?.relationships.find(({ id }) => id === 'RE4')?.target ?? '';
    assert.equal(await isTold(generic('CHO_GP_CCG', 'X9999'), event()), false);
    assert.equal(await isTold(generic('CHO_GP_CCG', location), event()), true);
  });

  const withheld: readonly (readonly [what: string, about: Parameters<typeof event>[0]])[] = [
    ['a sensitive record', { nhsNumber: '9990031797', family: 'Johnson', birthDate: '1960-01-13' }],
    ['a number that demographics does not have', { nhsNumber: '9434765919' }],
    ['another family name', { family: 'Smith' }],
    ['another date of birth', { birthDate: '2026-09-28' }],
  ];
  for (const [what, about] of withheld)
    it(`are accepted and told to nobody for ${what}`, async () => {
      const number = about?.nhsNumber ?? child.nhsNumber;
      assert.equal(await isTold(explicit.replace(child.nhsNumber, number), event(about)), false);
      assert.match(platform.logged(), /an event is told to nobody/);
      assert.ok(!platform.logged().includes(number), 'the log does not name the patient');
    });

  it('are told no more once a subscription has been removed, or has ended', async () => {
    const end = new Date(Date.now() + 1_500).toISOString();
    await subscribe(explicit, { more: `<end value="${end}"/>` });
    const removed = await subscribe(explicit);
    await subscriber.remove(removed);
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    await publisher.publish(event());
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(await waiting(platform), 0);
  });

  it('are known again by their id: a repeat is accepted and told once, another message is refused', async () => {
    await subscribe(explicit);
    const id = crypto.randomUUID();
    const message = event({ id });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => publisher.publish(message).then(({ status }) => status)),
    );
    assert.deepEqual(answers, [202, 202, 202, 202, 202]);
    assert.equal((await arrived(platform)).text, message);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(await waiting(platform), 0);
    const other = await publisher.publish(message.replace('v-1', 'v-2'));
    assert.deepEqual([other.status, refusalIn(other).code], [409, 'DUPLICATE_REJECTED']);
  });

  it('are told of the end of their type in the answer, and refused once it is withdrawn', async () => {
    const { setLife, ask } = await lifeOf(platform);
    await setLife('vaccinations-1', { state: 'deprecated', on: '2027-06-22' });
    const answer = await publisher.publish(event());
    assert.equal(answer.status, 202);
    assert.match(answer.text, /<code value="DEPRECATED"\/>.*22\/06\/2027/s);
    const { json } = await ask('GET', '/events/sandbox/types');
    const types = json.items as { readonly code: string; readonly state: string }[];
    assert.equal(types.find(({ code }) => code === 'vaccinations-1')?.state, 'deprecated');
    await setLife('vaccinations-1', { state: 'withdrawn' });
    const refused = await publisher.publish(event());
    assert.deepEqual([refused.status, refusalIn(refused).code], [400, 'NO_LONGER_SUPPORTED']);
    for (const [code, life, status] of [
      ['vaccinations-1', { state: 'gone' }, 400],
      ['x-1', { state: 'live' }, 404],
      ['vaccinations-1', { state: 'live' }, 200],
    ] as const)
      assert.equal((await setLife(code, life)).status, status);
  });

  it('are entered in the audit when they are published and when somebody is told', async () => {
    await subscribe(explicit);
    await publisher.publish(event());
    await arrived(platform);
    const dir = join(platform.dataDir, 'audit');
    const entries = await until(async () => {
      const found = await allOf(searchAudit(dir, { patient: child.nhsNumber }));
      return found.some(({ action }) => action === 'tell Y90001GP001 of vaccinations-1') && found;
    }, 'the entry of the copy');
    const published = entries.find(({ action }) => action === 'POST /1/$process-message');
    assert.deepEqual(
      [published?.api, published?.system?.asid, published?.people],
      ['nems', publisher.asid, [child.nhsNumber]],
    );
    assert.ok(!platform.logged().includes(child.nhsNumber));
  });

  it('may be listed by an operator as subscriptions, without the patients', async () => {
    const id = await subscribe(`${explicit}&tag=x`);
    const { ask } = await lifeOf(platform);
    const { text } = await ask('GET', '/events/sandbox/subscriptions?limit=100');
    assert.ok(text.includes(id) && text.includes('Y90001GP001'));
    assert.ok(!text.includes(child.nhsNumber));
  });

  const refusals: readonly (NemsSent & {
    readonly what: string;
    readonly status: number;
    readonly code: string;
  })[] = [
    {
      what: 'JSON',
      headers: { 'content-type': 'application/fhir+json' },
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
    },
    {
      what: 'the interaction of another event',
      headers: { InteractionID: write('Newbornhearing') },
      status: 400,
      code: 'MISSING_OR_INVALID_HEADER',
    },
    {
      what: 'an interaction that is none',
      headers: { InteractionID: write('x') },
      status: 400,
      code: 'MISSING_OR_INVALID_HEADER',
    },
    {
      what: 'an interaction that the system is not assured for',
      headers: { InteractionID: write('Nipeoutcome') },
      body: event({ code: 'nipe-outcome-1' }),
      status: 403,
      code: 'ASID_CHECK_FAILED',
    },
    {
      what: 'the ASID of another',
      headers: { fromASID: national },
      status: 403,
      code: 'ASID_CHECK_FAILED',
    },
    {
      what: 'the scope of subscriptions',
      scope: 'patient/Subscription.write',
      status: 400,
      code: 'BAD_REQUEST',
    },
    {
      what: 'more than 3 MB',
      body: event().replace('</Bundle>', `${' '.repeat(3 * 1024 * 1024)}</Bundle>`),
      status: 413,
      code: 'INVALID_REQUEST_MESSAGE',
    },
    { what: 'no body', body: '', status: 400, code: 'MESSAGE_NOT_WELL_FORMED' },
    {
      what: 'an entity',
      body: `<!DOCTYPE x [<!ENTITY a "b">]>${event()}`,
      status: 400,
      code: 'MESSAGE_NOT_WELL_FORMED',
    },
    {
      what: 'many levels',
      body: '<Bundle xmlns="http://hl7.org/fhir">'.repeat(5_000),
      status: 400,
      code: 'MESSAGE_NOT_WELL_FORMED',
    },
    { what: 'a subscription', body: subscription(explicit), status: 400, code: 'INVALID_RESOURCE' },
    {
      what: 'a wrong NHS number',
      body: event({ nhsNumber: '9990004608' }),
      status: 400,
      code: 'INVALID_NHS_NUMBER',
    },
  ];
  for (const { what, status, code, ...sent } of refusals)
    it(`are refused with ${status} ${code} for ${what}`, async () => {
      const answer = await publisher.publish(sent.body ?? event(), sent);
      assert.equal(answer.status, status, answer.text);
      assert.equal(refusalIn(answer).code, code);
      assert.doesNotMatch(answer.text, /999000460\d|Powell/);
    });

  it('can be fetched whatever their publisher puts into Content-Type', async () => {
    await subscribe(explicit);
    for (const [sent, delivered] of [
      [`application/fhir+xml; a=${'x'.repeat(12_000)}`, 'application/fhir+xml'],
      ['application/fhir+xml; charset="UTF-8"; a="é"', 'application/fhir+xml;charset=utf-8'],
    ] as const) {
      const headers = { 'content-type': sent };
      assert.equal((await publisher.publish(event(), { headers })).status, 202);
      const got = await arrived(platform);
      assert.equal(got.headers.get('mex-content-type'), delivered);
    }
  });

  it('name so many subscriptions at most that a client takes the field', async () => {
    const tag = 'a'.repeat(100);
    for (let n = 0; n < 10; n++) await subscribe(`${explicit}&tag=${tag}`);
    const more = await subscriber.subscribe(subscription(explicit));
    assert.deepEqual([more.status, refusalIn(more).code], [400, 'INVALID_RESOURCE']);
    assert.match(refusalIn(more).why, /at most 10 subscriptions of one mailbox/);
    const other = explicit.replace('vaccinations-1', 'newborn-hearing-1');
    await subscribe(other);
    assert.equal((await publisher.publish(event())).status, 202);
    const got = await arrived(platform);
    assert.equal((got.headers.get('mex-partnerid') ?? '').split('~~~').length, 10);
    await subscriber.remove(made[0] ?? '');
    await subscribe(explicit);
  });

  it('may come with the dollar encoded, and with 3 MB to the byte', async () => {
    const path = '/STU3/Events/1/%24process-message';
    assert.equal((await publisher.publish(event(), { path })).status, 202);
    const message = event();
    const long = message.replace(
      '</Bundle>',
      `${' '.repeat(3 * 1024 * 1024 - message.length)}</Bundle>`,
    );
    assert.equal((await publisher.publish(long)).status, 202);
  });

  it('need a certificate in integration', async () => {
    const there = await nemsSystem(platform, { environment: 'uat' });
    const refused = await there.publish(event(), { certificate: uncertified });
    assert.deepEqual([refused.status, refusalIn(refused).code], [403, 'ACCESS_DENIED_SSL']);
    assert.equal((await there.publish(event())).status, 202);
  });
});
