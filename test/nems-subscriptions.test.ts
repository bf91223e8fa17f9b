/** Subscriptions of the events service over mutual TLS: made, read and removed, who may, and each refusal. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { searchAudit } from '../server/audit/search.ts';
import { subscriptionInteractions } from '../spine/nems/event-types.ts';
import { allOf } from './audit-folder.ts';
import {
  child,
  event,
  example,
  idIn,
  lifeOf,
  national,
  nemsSystem,
  refusalIn,
  subscription,
  uncertified,
  write,
  type NemsSent,
  type NemsSystem,
} from './nems-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const criteria = `&Patient.identifier=http://fhir.nhs.net/Id/nhs-number|${child.nhsNumber}&MessageHeader.event=vaccinations-1`;

describe('subscriptions of the events service', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let system: NemsSystem;
  before(async () => {
    platform = await startTestPlatform();
    system = await nemsSystem(platform);
  });
  after(() => platform.end());

  it('are made, read as they were sent with what the service adds, and removed', async () => {
    const made = await system.subscribe(example('request-subscription-explicit.xml'));
    const id = idIn(made);
    assert.equal(made.text, '');
    assert.match(String(made.headers.location), /^https:\/\/localhost:\d+\/STU3\/Subscription\//);
    const read = await system.read(id);
    assert.equal(read.status, 200);
    assert.equal(read.headers['content-type'], 'application/xml+fhir;charset=utf-8');
    assert.equal(read.headers['cache-control'], 'no-store');
    for (const part of [
      `<id value="${id}"/><meta><versionId value="1"/><lastUpdated value="`,
      '<profile value="https://fhir.nhs.uk/STU3/StructureDefinition/EMS-Subscription-1"/>',
      '<status value="active"/>',
      'Organization/Y90001"/><use value="work"/>',
      `nhs-number|${child.nhsNumber}&amp;MessageHeader.event=vaccinations-1&amp;tag=ward|7"/>`,
      '<channel><type value="message"/><endpoint value="Y90001GP001"/></channel></Subscription>',
    ])
      assert.ok(read.text.includes(part), part);
    assert.deepEqual(await system.remove(id).then(({ status, text }) => [status, text]), [200, '']);
    const gone = await system.read(id);
    assert.deepEqual([gone.status, refusalIn(gone).code], [404, 'NO_RECORD_FOUND']);
    assert.equal((await system.remove(id)).status, 404);
  });

  it('are made and read in JSON, in either spelling of its name', async () => {
    for (const type of ['application/fhir+json', 'application/json+fhir;charset=utf-8']) {
      const headers = { 'content-type': type, accept: type };
      const body = example('request-subscription-generic.json');
      const id = idIn(await system.subscribe(body, { headers }));
      const read = await system.read(id, { headers: { accept: type } });
      assert.equal(read.headers['content-type'], `${type.split(';')[0]};charset=utf-8`);
      const sent = JSON.parse(body) as Readonly<Record<string, unknown>>;
      const shown = JSON.parse(read.text) as Readonly<Record<string, unknown>>;
      assert.deepEqual([shown.criteria, shown.channel], [sent.criteria, sent.channel]);
      assert.deepEqual([shown.id, shown.status], [id, 'active']);
      const refused = await system.read('0'.repeat(32), { headers: { accept: type } });
      const { resourceType } = JSON.parse(refused.text) as { readonly resourceType: string };
      assert.equal(resourceType, 'OperationOutcome');
    }
  });

  it('are taken as XML where no media type is named', async () => {
    idIn(await system.subscribe(subscription(criteria), { without: ['content-type'] }));
  });

  it('are for nobody but the system that made them', async () => {
    const other = await nemsSystem(platform);
    const id = idIn(await system.subscribe(subscription(criteria)));
    for (const act of [other.read(id), other.remove(id)]) {
      const answer = await act;
      assert.deepEqual([answer.status, refusalIn(answer).code], [404, 'NO_RECORD_FOUND']);
    }
    // Without a certificate a caller is believed in the sandbox, but not to be one that has proved itself.
    const believed = await system.read(id, { certificate: uncertified });
    assert.equal(believed.status, 404);
    assert.equal((await system.read(id)).status, 200);
  });

  it('are entered in the audit under the patient, with the certificate of who asked, and not in the log', async () => {
    const id = idIn(await system.subscribe(subscription(criteria)));
    await system.read(id);
    await system.remove(id);
    const dir = join(platform.dataDir, 'audit');
    const entries = await allOf(searchAudit(dir, { patient: child.nhsNumber }));
    const ours = entries.filter(
      (entry) => entry.api === 'nems' && entry.system?.asid === system.asid,
    );
    for (const action of ['POST ', 'GET /:id', 'DELETE /:id'])
      assert.ok(
        ours.some((entry) => entry.action === action),
        action,
      );
    assert.ok(ours.every((entry) => entry.system?.fqdn === system.fqdn));
    assert.ok(!platform.logged().includes(child.nhsNumber));
  });

  it('are told of a type that comes to its end, and refused for one that was withdrawn', async () => {
    const { setLife } = await lifeOf(platform);
    const text = subscription(`${criteria}&MessageHeader.event=newborn-hearing-1`);
    await setLife('vaccinations-1', { state: 'deprecated', on: '2027-06-22' });
    await setLife('newborn-hearing-1', {
      ...{ state: 'no-longer-supported', on: '2028-01-01', url: 'https://nems.example/events' },
    });
    const told = await system.subscribe(text);
    idIn(told);
    assert.match(told.text, /<severity value="information"\/><code value="informational"\/>/);
    assert.match(told.text, /<code value="DEPRECATED"\/>/);
    assert.match(
      told.text,
      /Vaccinations \(vaccinations-1\) event type will occur on 22\/06\/2027"/,
    );
    assert.match(told.text, /<severity value="fatal"\/><code value="not-supported"\/>/);
    assert.match(told.text, /on 01\/01\/2028, for more information go to https:\/\/nems\.example/);
    await setLife('newborn-hearing-1', { state: 'withdrawn' });
    const refused = await system.subscribe(text);
    assert.deepEqual([refused.status, refusalIn(refused).code], [400, 'NO_LONGER_SUPPORTED']);
    await setLife('vaccinations-1', { state: 'live' });
    await setLife('newborn-hearing-1', { state: 'live' });
    assert.equal((await system.subscribe(text)).text, '');
  });

  const { create, read } = subscriptionInteractions;
  const good = subscription(criteria);
  const refusals: readonly (NemsSent & {
    readonly what: string;
    readonly status: number;
    readonly code: string;
    readonly why: RegExp;
  })[] = [
    {
      ...{ what: 'a contact that the system does not stand for', status: 403 },
      body: subscription(criteria, { odsCode: 'Y90002', mailbox: 'Y90002GP001' }),
      ...{ code: 'ACCESS_DENIED', why: /organisations that the calling system stands for/ },
    },
    {
      ...{ what: 'a mailbox of another organisation', status: 400, code: 'INVALID_RESOURCE' },
      ...{ body: subscription(criteria, { mailbox: 'Y90002GP001' }), why: /mailbox of Y90001/ },
    },
    {
      ...{ what: 'a mailbox that is not there', status: 400, code: 'INVALID_RESOURCE' },
      ...{ body: subscription(criteria, { mailbox: 'NOBODY' }), why: /mailbox of Y90001/ },
    },
    {
      ...{ what: 'no fromASID', without: ['fromASID'], status: 400 },
      ...{ code: 'MISSING_OR_INVALID_HEADER', why: /fromASID: expected one ASID.*found none/ },
    },
    {
      ...{ what: 'a fromASID that is none', headers: { fromASID: 'x' }, status: 400 },
      ...{ code: 'MISSING_OR_INVALID_HEADER', why: /fromASID.*found something else/ },
    },
    {
      ...{ what: 'two of fromASID', headers: { fromASID: [national, national] }, status: 400 },
      ...{ code: 'MISSING_OR_INVALID_HEADER', why: /fromASID/ },
    },
    {
      ...{ what: 'the ASID of another', headers: { fromASID: national }, status: 403 },
      ...{ code: 'ASID_CHECK_FAILED', why: /not among the systems of party key/ },
    },
    {
      ...{ what: 'no toASID', without: ['toASID'], status: 400 },
      ...{ code: 'MISSING_OR_INVALID_HEADER', why: /toASID/ },
    },
    {
      ...{ what: 'a receiver that is not the national services', status: 403 },
      ...{ headers: { toASID: '200000000205' }, code: 'ASID_CHECK_FAILED', why: /toASID.*YES/ },
    },
    {
      ...{ what: 'no interaction', without: ['InteractionID'], status: 400 },
      ...{ code: 'MISSING_OR_INVALID_HEADER', why: /SubscriptionsApiPost, found none/ },
    },
    {
      ...{ what: 'the interaction of another operation', headers: { InteractionID: read } },
      ...{ status: 400, code: 'MISSING_OR_INVALID_HEADER', why: /SubscriptionsApiPost/ },
    },
    {
      ...{ what: 'no token', without: ['authorization'], status: 400 },
      ...{ code: 'MISSING_OR_INVALID_HEADER', why: /./ },
    },
    {
      ...{ what: 'a token that is none', headers: { authorization: 'Bearer a.b.c' }, status: 400 },
      ...{ code: 'MISSING_OR_INVALID_HEADER', why: /rule header/ },
    },
    {
      ...{ what: 'a token of another kind', headers: { authorization: 'Bearer abc' } },
      ...{ status: 401, code: 'ACCESS_DENIED', why: /another token/ },
    },
    {
      ...{ what: 'a scope for reading', scope: 'patient/Subscription.read', status: 400 },
      ...{ code: 'BAD_REQUEST', why: /scope: expected patient\/Subscription\.write/ },
    },
    {
      ...{ what: 'a scope of other interfaces', scope: 'patient/*.write', status: 400 },
      ...{ code: 'BAD_REQUEST', why: /rule scope/ },
    },
    {
      ...{ what: 'another media type', headers: { 'content-type': 'text/plain' }, status: 415 },
      ...{ code: 'UNSUPPORTED_MEDIA_TYPE', why: /application\/fhir\+xml/ },
    },
    {
      ...{ what: 'another charset', status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', why: /utf-8/ },
      headers: { 'content-type': 'application/fhir+xml;charset=utf-16' },
    },
    {
      ...{ what: 'more than 3 MB', body: `${good}${' '.repeat(3 * 1024 * 1024)}`, status: 413 },
      ...{ code: 'INVALID_REQUEST_MESSAGE', why: /at most 3 MB/ },
    },
    {
      ...{ what: 'an event message', body: event(), status: 400, code: 'INVALID_RESOURCE' },
      why: /expected a Subscription/,
    },
  ];
  for (const { what, status, code, why, ...sent } of refusals)
    it(`are refused with ${status} ${code} for ${what}`, async () => {
      const answer = await system.subscribe(sent.body ?? good, sent);
      assert.equal(answer.status, status, answer.text);
      const refusal = refusalIn(answer);
      assert.equal(refusal.code, code);
      assert.match(refusal.why, why);
      assert.ok(!answer.text.includes(child.nhsNumber));
    });

  it('are refused to a system that is not assured for them', async () => {
    const other = await nemsSystem(platform, { interactions: [write('Vaccinations')] });
    const answer = await other.subscribe(good);
    assert.deepEqual([answer.status, refusalIn(answer).code], [403, 'ASID_CHECK_FAILED']);
  });

  it('take no other method or path', async () => {
    for (const [method, path, status] of [
      ['GET', '/STU3/Subscription', 405],
      ['PUT', '/STU3/Subscription/x', 405],
      ['GET', '/STU3/Subscription/x/y', 404],
      ['GET', '/STU3/Events/1/$process-message', 405],
      ['POST', '/STU3/Events/2/$process-message', 404],
    ] as const) {
      const answer = await system.call(method, path, create);
      assert.equal(answer.status, status, path);
      assert.match(answer.text, /<OperationOutcome/);
    }
  });

  it('need a certificate in integration, and take the same there', async () => {
    const there = await nemsSystem(platform, { environment: 'uat' });
    const refused = await there.subscribe(good, { certificate: uncertified });
    assert.deepEqual([refused.status, refusalIn(refused).code], [403, 'ACCESS_DENIED_SSL']);
    const id = idIn(await there.subscribe(good));
    assert.equal((await there.read(id)).status, 200);
    assert.equal((await system.read(id)).status, 404, 'environments are apart');
  });

  it('are believed in the sandbox of who is in the directory and assured, without a certificate', async () => {
    const practice = await nemsSystem(platform, { odsCode: 'Y90003' });
    const body = subscription(criteria, { odsCode: 'Y90003', mailbox: 'Y90003GP001' });
    const id = idIn(await practice.subscribe(body, { certificate: uncertified }));
    assert.equal((await practice.read(id, { certificate: uncertified })).status, 200);
    assert.equal((await practice.read(id)).status, 404, 'that is another than who proves it');
    const stranger = { certificate: uncertified, headers: { fromASID: '918999999999' } };
    const refused = await practice.read(id, stranger);
    assert.deepEqual([refused.status, refusalIn(refused).code], [403, 'ASID_CHECK_FAILED']);
  });
});
