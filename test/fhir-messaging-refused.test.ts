/** What FHIR messaging refuses, and how: the status, the issue and where it is, and never a value of a patient. */
import assert from 'node:assert/strict';
import { messageOf, putReceiver, sendMessage, type SendOptions } from './fhir-messaging-ground.ts';
import { mailboxCollection, mailboxKey, workflowCollection } from '../spine/mesh/mailboxes.ts';
import { meshMessageCollection } from '../spine/mesh/messages.ts';
import { until } from './postman-ground.ts';
import { r4Faults } from './r4-schema.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';
import {
  addApp,
  assertionBy,
  startTokenGround,
  tokenIn,
  withAssertion,
  type TokenGround,
} from './token-ground.ts';

type Broken = readonly [
  what: string,
  body: unknown,
  status: number,
  code: string,
  at: string | undefined,
  told: RegExp,
];

const first = 'Bundle.entry[0].resource';
const good = messageOf();
const [header, patient] = good.entry;
const withHeader = (more: object) => messageOf({ more });

const broken: readonly Broken[] = [
  ['no JSON', '{', 400, 'structure', 'Bundle', /sound JSON/],
  ['a member twice', '{"a":1,"a":2}', 400, 'structure', 'Bundle', /duplicate/],
  ['a list', [], 400, 'structure', 'Bundle', /must be object/],
  ['another resource', { resourceType: 'Patient' }, 400, 'required', 'Bundle.id', /none/],
  ['another type', { ...good, type: 'batch' }, 400, 'structure', 'Bundle.type', /"message"/],
  ['no id', { ...good, id: undefined }, 400, 'required', 'Bundle.id', /found none/],
  ['an id of other letters', { ...good, id: 'a b' }, 400, 'value', 'Bundle.id', /pattern/],
  ['no entry', { ...good, entry: [] }, 400, 'value', 'Bundle.entry', /fewer than 1/],
  ['an empty entry', { ...good, entry: [{}] }, 400, 'required', 'Bundle.entry[0].resource', /none/],
  [
    'the header second',
    { ...good, entry: [patient, header] },
    422,
    'invariant',
    first,
    /MessageHeader/,
  ],
  [
    'no event',
    withHeader({ eventCoding: undefined }),
    422,
    'required',
    `${first}.event`,
    /neither/,
  ],
  ['two events', withHeader({ eventUri: 'urn:x' }), 422, 'required', `${first}.event`, /both/],
  [
    'an unknown event',
    messageOf({ event: 'unheard-of' }),
    ...[422, 'not-supported', `${first}.event`, /discharge-summary.*found another/],
  ],
  ['no source', withHeader({ source: undefined }), 422, 'required', `${first}.source`, /none/],
  [
    'a focus that is not there',
    withHeader({ focus: [{ reference: 'urn:uuid:elsewhere' }, { reference: 'Patient/1' }] }),
    ...[422, 'not-found', `${first}.focus[0]`, /focus 1: expected its resource/],
  ],
  [
    'one address twice',
    { ...good, entry: [header, patient, patient] },
    ...[422, 'invariant', 'Bundle.entry[2].fullUrl', /bdl-7/],
  ],
  [
    'an NHS number that cannot be',
    messageOf({ patient: '9000000008' }),
    ...[422, 'value', 'Bundle.entry[1].resource', /check digit/],
  ],
  [
    'a response of another code',
    withHeader({ response: { identifier: 'a', code: 'maybe' } }),
    ...[422, 'value', `${first}.response.code`, /must be one of/],
  ],
  [
    'no destination',
    withHeader({ destination: [] }),
    ...[422, 'required', `${first}.destination`, /exactly one, and found none/],
  ],
  [
    'two destinations',
    withHeader({ destination: [{ endpoint: 'mesh:BOB' }, { endpoint: 'mesh:ALICE' }] }),
    ...[422, 'required', `${first}.destination`, /found several/],
  ],
  [
    'an address that nobody registered',
    messageOf({ destination: { endpoint: 'https://elsewhere.example/fhir' } }),
    ...[422, 'required', `${first}.destination`, /found none of these/],
  ],
  [
    'another address than the directory has',
    messageOf({
      destination: {
        endpoint: 'http://127.0.0.1:9/other',
        receiver: {
          identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'R9A' },
        },
      },
    }),
    ...[422, 'business-rule', `${first}.destination[0].endpoint`, /found another/],
  ],
  [
    'an organisation that there is not',
    messageOf({ destination: { endpoint: 'urn:nhs-uk:addressing:ods:ZZZ' } }),
    ...[404, 'not-found', undefined, /organisation with the ODS code ZZZ/],
  ],
  [
    'an organisation that takes no such messages',
    messageOf({ destination: { endpoint: 'urn:nhs-uk:addressing:ods:R9E' } }),
    ...[404, 'not-found', undefined, /accredited system \(nhsAs\) of R9E/],
  ],
  [
    'a system that there is not',
    messageOf({ destination: { endpoint: 'https://fhir.nhs.uk/Id/nhsSpineASID|1' } }),
    ...[404, 'not-found', undefined, /ASID 1/],
  ],
  [
    'a mailbox that there is not',
    messageOf({ destination: { endpoint: 'mesh:NOBODY?workflow_id=A' } }),
    ...[404, 'not-found', undefined, /registered mailbox/],
  ],
  [
    'a mailbox without a workflow',
    messageOf({ destination: { endpoint: 'mesh:BOB' } }),
    ...[422, 'required', `${first}.destination`, /workflow_id/],
  ],
  [
    'a workflow that its sender may not send',
    messageOf({ destination: { endpoint: 'mesh:BOB?workflow_id=RESTRICTED_WORKFLOW' } }),
    ...[403, 'forbidden', undefined, /RESTRICTED_WORKFLOW/],
  ],
  [
    'Parameters without a Bundle',
    { resourceType: 'Parameters', parameter: [{ name: 'async', valueBoolean: true }] },
    ...[400, 'value', 'Parameters.content', /found none/],
  ],
  [
    'Parameters with two Bundles',
    {
      resourceType: 'Parameters',
      parameter: [
        { name: 'content', resource: good },
        { name: 'content', resource: good },
      ],
    },
    ...[400, 'value', 'Parameters.content', /several/],
  ],
] as readonly Broken[]; // lists that are spread lose the places of their members

describe('FHIR messages that are refused', () => {
  let platform: TestPlatform;
  before(async function () {
    this.timeout(180_000);
    platform = await startTestPlatform();
    await putReceiver(platform, 'R9A', 'http://127.0.0.1:9/fhir');
  });
  after(() => platform.end());
  const send = (body: unknown, options?: SendOptions) => sendMessage(platform.url, body, options);

  for (const [what, body, status, code, at, told] of broken)
    it(`say what is wrong with ${what}`, async () => {
      const refused = await send(body);
      assert.equal(refused.status, status, refused.text);
      assert.match(refused.type, /^application\/fhir\+json/);
      assert.deepEqual(r4Faults(refused.json), []);
      const [issue] = refused.json.issue;
      assert.equal(issue.code, code);
      assert.match(issue.diagnostics, told);
      if (at !== undefined) assert.deepEqual(issue.expression, [at]);
      assert.doesNotMatch(refused.text, /90000000\d\d/);
    });

  it('say what is wrong with the call', async () => {
    const asked = async (body: unknown, options: SendOptions) => (await send(body, options)).status;
    assert.equal(await asked(good, { type: 'application/xml' }), 415);
    assert.equal(await asked(good, { query: '?async=perhaps' }), 400);
    assert.equal(await asked(good, { query: '?response-url=' }), 400);
    const both = { resourceType: 'Parameters', parameter: [{ name: 'content', resource: good }] };
    for (const query of ['?response-url=http://localhost/', '?async=true'])
      assert.equal(await asked(both, { query }), 400);
    assert.equal(await asked('x'.repeat(5 * 1024 * 1024 + 1), {}), 413);
    const unread = await fetch(`${platform.url}/fhir-messaging/FHIR/R4/$process-message`);
    assert.equal(unread.status, 405);
    assert.equal((await fetch(`${platform.url}/fhir-messaging/FHIR/R4/Patient`)).status, 404);
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    assert.equal(await asked(deep, {}), 400);
  });
});

describe('FHIR messages to the practice of a person', () => {
  it('are for the workflows that may be addressed so', async function () {
    this.timeout(120_000);
    const platform = await startTestPlatform();
    const endpoint = 'mesh:GPPROVIDER_9000000009_20101022_Smith?workflow_id=API-DOCS-TEST';
    const message = messageOf({ destination: { endpoint }, event: 'discharge-summary' });
    const answer = await sendMessage(platform.url, message);
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.text, /expected a workflow of TOC_FHIR_IP_DISCH/);
    assert.doesNotMatch(answer.text, /9000000009|Smith/);
    await platform.end();
  });
});

describe('FHIR messaging in integration', () => {
  let ground: TokenGround;
  before(async function () {
    this.timeout(120_000);
    ground = await startTokenGround();
    await addApp(ground, 'letters', {}, ['fhir-messaging']);
    await addApp(ground, 'others', {}, ['pds-application-restricted']);
  });
  after(() => ground.end());

  it('needs a token of an app that is subscribed', async () => {
    const message = messageOf();
    const { url } = ground.platform;
    const status = async (token?: string) => {
      const options = { environment: '/env/int', ...(token === undefined ? {} : { token }) };
      const refused = await sendMessage(url, message, options);
      assert.deepEqual(r4Faults(refused.json), [], refused.text);
      return refused.status;
    };
    const tokenOf = async (app: string) =>
      tokenIn(await withAssertion(ground, assertionBy(ground, `${app}-int`)));
    assert.equal(await status(), 401);
    assert.equal(await status('nonsense'), 401);
    assert.equal(await status(await tokenOf('others')), 401);
    // Let in: and nobody is registered there.
    assert.equal(await status(await tokenOf('letters')), 404);
  });

  it('sends from, and answers into, no mailbox of another organisation, even where that is of no app', async () => {
    const { store, url } = ground.platform;
    const box = (id: string, odsCode: string) =>
      store.open(mailboxCollection).put(
        mailboxKey('uat', id),
        {
          ...{ environment: 'uat', id, name: id, odsCode, orgCode: odsCode, orgName: '' },
          ...{ active: true, sealed: '' },
        },
        { expected: 0 },
      );
    await box('OWNBOX', 'DEMO1');
    await box('FOREIGN', 'R9Z');
    await store
      .open(workflowCollection)
      .put(
        mailboxKey('uat', 'OF_FOREIGN'),
        { environment: 'uat', id: 'OF_FOREIGN', senders: ['FOREIGN'], receivers: ['OWNBOX'] },
        { expected: 0 },
      );
    const token = tokenIn(await withAssertion(ground, assertionBy(ground, 'letters-int')));
    const send = (workflow: string, source: string, query = '') =>
      sendMessage(
        url,
        messageOf({
          ...{ source, event: 'discharge-summary' },
          destination: { endpoint: `mesh:OWNBOX?workflow_id=${workflow}` },
        }),
        { environment: '/env/int', token, query },
      );
    const forged = await send('OF_FOREIGN', 'mesh:FOREIGN');
    assert.equal(forged.status, 403, forged.text);
    const away = await send('ANY', 'mesh:OWNBOX', '?response-url=mesh:FOREIGN');
    assert.equal(away.status, 422, away.text);
    assert.match(away.text, /response-url: expected a mailbox of yours/);
    assert.equal((await send('ANY', 'mesh:OWNBOX', '?response-url=mesh:OWNBOX')).status, 202);
    const [sent] = await until(async () => {
      const { items } = await store
        .open(meshMessageCollection)
        .find({ index: 'inbox', equals: ['uat|OWNBOX'] });
      return items.length > 0 && items;
    });
    assert.equal(sent?.value.sender, 'OWNBOX');
  });
});
