/** What somebody looks up in the directory before a call: endpoint and ASID by SDS FHIR, and organisations by both look-ups. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Client } from 'fhir-kit-client';
import { parseXml, usualXmlLimits, type XmlElement } from '../core/xml.ts';
import { loadOpenApi } from '../fhir/openapi.ts';
import type {
  AccreditedSystem,
  Directory,
  MessageHandler,
  Organisation,
} from '../spine/sds/directory.ts';
import { organisationEntry } from '../spine/sds/organisation-entries.ts';
import { handlerEntry, systemEntry } from '../spine/sds/service-entries.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { answerFaults, r4Faults } from './r4-schema.ts';
import { call, root } from './start-platform.ts';
import {
  assertionOf,
  startTokenGround,
  tokenIn,
  withAssertion,
  type TokenGround,
} from './token-ground.ts';

const ods = 'https://fhir.nhs.uk/Id/ods-organization-code|';
const byInteraction = 'https://fhir.nhs.uk/Id/nhsServiceInteractionId|';
const byPartyKey = 'https://fhir.nhs.uk/Id/nhsMhsPartyKey|';
const read = 'urn:nhs:names:services:gpconnect:fhir:rest:read:patient-1';
const gp2gp = 'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05';
const reliable = 'urn:nhs:names:services:tms:ReliableIntermediary';
const partyKey = 'Y90001-820388';
const asid = '200000009001';

const product = { key: '1', name: 'Record', version: '1' };
const approval = {
  ...{ requestor: 'uid=1,ou=People,o=nhs', requested: '20260101000000' },
  ...{ approver: 'uid=2,ou=People,o=nhs', approved: '20260102000000' },
};

function systemOf(id: string, odsCode = 'Y90001', supplier = 'YGM24'): AccreditedSystem {
  return {
    ...{ asid: id, odsCode, partyKey, clients: [], product, manufacturer: supplier },
    interactions: [read, gp2gp],
  };
}

function handlerOf(
  id: string,
  interaction: string,
  endpoint: string,
  odsCode = 'Y90001',
): MessageHandler {
  const at = interaction.lastIndexOf(':');
  return {
    ...{ id, cpaId: id, odsCode, interaction, endpoints: [endpoint], product },
    ...{ service: interaction.slice(0, at), action: interaction.slice(at + 1) },
    partyKey: odsCode === 'YES' ? 'YES-0000806' : partyKey,
    ...{ fqdn: new URL(endpoint).hostname, actors: [], interactionType: 'FHIR' },
    ...{ syncReplyMode: 'None', ackRequested: 'never', duplicateElimination: 'never' },
    ...{ retries: '2', retryInterval: 'PT1M', persistDuration: 'PT5M' },
  };
}

function organisationOf(
  odsCode: string,
  name: string,
  changes: Partial<Organisation> = {},
): Organisation {
  return {
    ...{ odsCode, name, active: true, opened: '1990-04-01', recordClass: 'RC1' },
    lastChange: '2026-01-15',
    roles: [
      { id: 'RO177', uniqueId: 1, primary: true, active: true, start: '1990-04-01' },
      { id: 'RO76', uniqueId: 2, primary: false, active: true, start: '2014-04-15' },
    ],
    relationships: [{ id: 'RE4', uniqueId: 3, target: 'QZZ', active: true, start: '2022-07-01' }],
    successions: [],
    address: {
      lines: ['1 Example Street'],
      town: 'LEEDS',
      postcode: 'LS1 6AE',
      country: 'ENGLAND',
      uprn: '72000000001',
    },
    contacts: [{ type: 'tel', value: '01632 960000' }],
    ...changes,
  };
}

const kind = {
  objectClass: 'nhsGPPractice',
  type: 'GP PRACTICE',
  typeCode: 'RO76',
  commissioner: 'QZZ',
} as const;

async function fill(directory: Directory): Promise<void> {
  const contract = { authenticated: 'none', template: '14' } as const;
  const board = organisationOf('QZZ', 'EXAMPLE BOARD', {
    roles: [{ id: 'RO261', uniqueId: 9, primary: true, active: true, start: '2022-07-01' }],
    ...{ relationships: [], contacts: [], lastChange: '2022-07-01' },
  });
  const closed = organisationOf('Y90002', 'OLD EXAMPLE SURGERY', {
    ...{ active: false, closed: '2020-03-31', lastChange: '2020-03-31' },
    successions: [{ type: 'Successor', uniqueId: 4, target: 'Y90001', date: '2020-04-01' }],
  });
  const entries = [
    organisationEntry(organisationOf('Y90001', 'EXAMPLE SURGERY'), kind),
    organisationEntry(closed, kind),
    organisationEntry(board, { objectClass: 'nhsOrg', type: 'ICB', typeCode: 'RO318' }),
    systemEntry(systemOf(asid), approval),
    handlerEntry(handlerOf('S90001', read, 'https://gp.example/fhir'), contract, approval),
    handlerEntry(handlerOf('S90002', gp2gp, 'https://gp.example/messages'), contract, approval),
    handlerEntry(
      handlerOf('S90003', reliable, 'https://spine.example/reliable', 'YES'),
      contract,
      approval,
    ),
  ];
  for (const entry of entries) await directory.add(entry, 'test');
}

describe('the directory', () => {
  let ground: TokenGround;
  let directory: Directory;
  before(async function () {
    this.timeout(60_000);
    ground = await startTokenGround();
    directory = openDirectory(ground.platform.store);
    await fill(directory);
  });
  after(() => ground.end());

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the test names the members it expects
  const loose = (value: unknown): any => value;
  const none = { 'x-request-id': 'none' };

  describe('by SDS FHIR', () => {
    const base = '/spine-directory/FHIR/R4';
    const sds = (path: string, headers: Record<string, string> = {}, env = '') =>
      call(`${ground.platform.url}${env}${base}${path}`, { headers: { ...none, ...headers } });
    const device = `/Device?organization=${ods}Y90001&identifier=${byInteraction}${read}`;
    const int = '/env/int';

    it('R152 gives endpoint and ASID for an organisation and an interaction', async () => {
      const systems = await sds(device);
      assert.equal(systems.status, 200, systems.text);
      assert.deepEqual(r4Faults(systems.json), []);
      const [{ resource }] = systems.json.entry;
      const identifier = (system: string) =>
        resource.identifier.find(
          (one: { system: string }) => one.system === `https://fhir.nhs.uk/Id/${system}`,
        ).value;
      assert.deepEqual(
        [identifier('nhsSpineASID'), identifier('nhsMhsPartyKey')],
        [asid, partyKey],
      );
      const found = await sds(
        `/Endpoint?identifier=${byInteraction}${read}&identifier=${byPartyKey}${partyKey}`,
      );
      assert.equal(found.json.total, 1);
      assert.deepEqual(r4Faults(found.json), []);
      assert.equal(found.json.entry[0].resource.address, 'https://gp.example/fhir');
      assert.equal(
        found.json.link[0].url.startsWith(`${ground.platform.url}${base}/Endpoint?`),
        true,
      );
    });

    it('sends messages that are forwarded to the intermediary', async () => {
      const { json } = await sds(
        `/Endpoint?organization=${ods}Y90001&identifier=${byInteraction}${gp2gp}`,
      );
      assert.equal(json.entry[0].resource.address, 'https://spine.example/reliable');
    });

    it('answers a stock FHIR client', async () => {
      const client = new Client({ baseUrl: `${ground.platform.url}${base}` });
      const searchParams = { organization: `${ods}Y90001`, identifier: `${byInteraction}${read}` };
      for (const resourceType of ['Device', 'Endpoint']) {
        const bundle = loose(await client.search({ resourceType, searchParams }));
        assert.equal(bundle.total, 1);
        assert.equal(bundle.entry[0].resource.resourceType, resourceType);
      }
      const refused = await client
        .search({ resourceType: 'Device', searchParams: { organization: 'Y90001' } })
        .catch((error: unknown) => loose(error));
      assert.equal(refused.response.status, 400);
      assert.equal(refused.response.data.issue[0].details.coding[0].code, 'BAD_REQUEST');
    });

    it('takes bars that are not encoded', async () => {
      const { port } = new URL(ground.platform.url);
      const status = await new Promise((done, fail) => {
        request({ port, path: base + device }, (answer) => {
          answer.resume();
          done(answer.statusCode);
        })
          .on('error', fail)
          .end();
      });
      assert.equal(status, 200);
    });

    it('answers as its document says', async () => {
      const doc = loadOpenApi(join(root, 'spine/sds/fhir-openapi.json'));
      for (const [path, headers, env] of [
        [device, {}, ''],
        ['/Device', {}, ''],
        [device, { accept: 'text/html' }, ''],
        [device, {}, int],
        [device, { 'x-correlation-id': 'x' }, ''],
        [
          `/Endpoint?organization=${ods}Y90001&identifier=${byPartyKey}${partyKey}`,
          { accept: 'application/json' },
          '',
        ],
      ] as const) {
        const answer = await sds(path, headers, env);
        const fields = Object.fromEntries(answer.headers);
        assert.deepEqual(
          answerFaults(doc, 'GET', path.split('?')[0] ?? '', answer.status, fields, answer.json),
          [],
          path,
        );
      }
    });

    it('asks for a key or token in integration, and says so in the national form', async () => {
      for (const headers of [{}, { apikey: 'unknown' }, { authorization: 'Bearer unknown1' }]) {
        const { status, json, headers: fields } = await sds(device, headers, int);
        assert.equal(status, 401);
        assert.equal(json.id, fields.get('x-correlation-id'));
        const [{ details }] = json.issue;
        assert.deepEqual(details.coding, [
          {
            system: 'https://fhir.nhs.uk/STU3/ValueSet/Spine-ErrorOrWarningCode-1',
            ...{ code: 'ACCESS_DENIED', display: 'Access has been denied to process this request' },
          },
        ]);
      }
      assert.equal((await sds(device, { apikey: 'demo-app-int' }, int)).status, 200);
      const token = tokenIn(await withAssertion(ground, assertionOf(ground)));
      const bearer = await sds(device, { authorization: `Bearer ${token}` }, int);
      assert.equal(bearer.status, 200, bearer.text);
      const other = await sds(device, { apikey: 'demo-smart-public-int' }, int);
      assert.equal(other.status, 403);
      assert.equal(other.json.issue[0].details.coding[0].code, 'ACCESS_DENIED');
    });

    it('refuses a caller before it looks at ids and queries', async () => {
      const { status } = await sds('/Device?x=1', { 'x-correlation-id': 'x', apikey: 'no' }, int);
      assert.equal(status, 401);
    });

    it('welcomes a key in the sandbox, and refuses one that does not work there', async () => {
      assert.equal((await sds(device, { apikey: 'demo-app-sandbox' })).status, 200);
      assert.equal((await sds(device, { apikey: 'none-of-ours' })).status, 200);
      assert.equal((await sds(device, { apikey: 'demo-app-int' })).status, 401);
      assert.equal((await sds(device, { apikey: 'demo-revoked-sandbox' })).status, 403);
    });

    it('shows each view its own entries, and what has changed at once', async () => {
      const made = await call(`${ground.platform.url}/_sandbox/workspaces`, {
        method: 'POST',
        body: {},
      });
      const id: string = made.json.id;
      const own = { 'x-gatehouse-workspace': id };
      const total = async (headers = {}) => (await sds(device, headers)).json.total;
      assert.deepEqual([await total(own), await total()], [1, 1]);
      await directory.in(id).add(systemEntry(systemOf('200000009002'), approval), 'test');
      await setImmediate();
      assert.deepEqual([await total(own), await total()], [2, 1]);
      const unknown = await sds(device, { 'x-gatehouse-workspace': 'none-of-ours' });
      assert.equal(unknown.status, 404);
      assert.equal(unknown.json.issue[0].details.coding[0].code, 'NO_RECORD_FOUND');
    });

    it('keeps an answer, says how old it is, and makes a new one when asked to', async () => {
      const query = `${device}&use_cpm=iwanttogetdatafromcpm`;
      const first = await sds(query);
      ground.clock.time += 5000;
      const kept = await sds(query, { 'x-correlation-id': '11c46f5f-cdef-4865-94b2-0ee0edcc26da' });
      assert.equal(kept.text, first.text);
      assert.equal(kept.headers.get('age'), '5');
      assert.equal(kept.headers.get('x-correlation-id'), '11c46f5f-cdef-4865-94b2-0ee0edcc26da');
      const fresh = await sds(query, { 'cache-control': 'no-cache' });
      assert.notEqual(fresh.json.id, first.json.id);
    });

    it('takes GET alone, and knows no other paths', async () => {
      const posted = await call(`${ground.platform.url}${base}/Device`, {
        method: 'POST',
        headers: none,
      });
      assert.equal(posted.status, 405);
      assert.equal(posted.headers.get('allow'), 'GET');
      assert.equal((await sds('/Patient')).json.issue[0].diagnostics, 'HTTP endpoint not found');
    });

    it('tells monitors how it is', async () => {
      assert.equal((await sds('/_ping', {}, int)).status, 200);
      assert.equal((await sds('/_status', {}, int)).status, 401);
      const key = readFileSync(join(ground.dataDir, 'keys', 'status-api.key'), 'utf8').trim();
      const { json: status } = await sds('/_status', { apikey: key }, int);
      const { healthcheck } = status.checks;
      assert.deepEqual([status.status, healthcheck.responseCode], ['pass', 200]);
      assert.ok(healthcheck.links.self.endsWith(`${base}/healthcheck/deep`));
      const plain = await sds('/healthcheck', {}, int);
      assert.deepEqual([plain.status, plain.text], [200, '']);
      const deep = await sds('/healthcheck/deep', {}, int);
      assert.deepEqual([deep.status, deep.json], [200, healthcheck.outcome]);
      assert.equal(deep.json.details.ldap.status, 'pass');
    });

    it('lets in 40 calls at once and answers more with 429 in the national form', async () => {
      ground.clock.time += 120_000;
      const headers = { apikey: 'demo-two-keys-int' };
      const answers = await Promise.all(
        Array.from({ length: 41 }, () => sds(device, headers, int)),
      );
      assert.equal(answers.filter(({ status }) => status === 200).length, 40);
      const refused = answers.find(({ status }) => status === 429);
      assert.ok(refused);
      assert.equal(refused.json.issue[0].details.coding[0].code, 'TOO_MANY_REQUESTS');
      assert.equal(refused.headers.get('retry-after'), '1');
      ground.clock.time += 120_000;
    });

    it('offers its document', async () => {
      for (const name of ['spine-directory', 'ods-fhir', 'ods-ord']) {
        const { status, json } = await call(`${ground.platform.url}/specifications/${name}.json`);
        assert.deepEqual([status, json.openapi], [200, '3.0.3']);
      }
    });
  });

  describe('by the FHIR look-up of organisations', () => {
    const stu3 = (path: string, headers: Record<string, string> = {}, env = '') =>
      call(`${ground.platform.url}${env}/STU3${path}`, { headers });
    const codes = async (query: string) => {
      const { status, json, text } = await stu3(`/Organization?${query}`);
      assert.equal(status, 200, text);
      const entries: { resource: { id: string } }[] = json.entry ?? [];
      assert.equal(json.total, entries.length);
      return entries.map(({ resource }) => resource.id);
    };

    it('reads an organisation, in the sandbox and in integration', async () => {
      for (const env of ['', '/env/int']) {
        const { status, json, headers } = await stu3('/Organization/y90001', {}, env);
        assert.equal(status, 200);
        assert.match(headers.get('content-type') ?? '', /^application\/fhir\+json/);
        assert.deepEqual(
          [json.identifier, json.type.coding.code, json.address.postalCode],
          [{ system: ods.slice(0, -1), value: 'Y90001' }, '1', 'LS1 6AE'],
        );
        assert.equal(
          json.meta.profile,
          'https://fhir.nhs.uk/STU3/StructureDefinition/ODSAPI-Organization-1',
        );
      }
      const missing = await stu3('/Organization/NONE');
      assert.equal(missing.status, 404);
      assert.equal(missing.json.issue[0].details.coding[0].code, 'NO_RECORD_FOUND');
    });

    it('finds by code, name, place, state, role and date', async () => {
      const all = ['QZZ', 'Y90001', 'Y90002'];
      const practices = ['Y90001', 'Y90002'];
      for (const [query, expected] of [
        ['', all],
        ['_id=Y90001', ['Y90001']],
        [`identifier=${ods}Y90001`, ['Y90001']],
        ['identifier=y90001', ['Y90001']],
        ['name=exam', ['QZZ', 'Y90001']],
        ['name:contains=exam', all],
        ['name:exact=EXAMPLE SURGERY', ['Y90001']],
        ['name:exact=Example Surgery', []],
        ['active=true', ['QZZ', 'Y90001']],
        ['active=false', ['Y90002']],
        ['address-postalcode=ls1', all],
        ['address-postalcode:contains=6ae', all],
        ['address-city=Lee&active=false', ['Y90002']],
        ['_lastUpdated=gt2026-01-14', ['Y90001']],
        ['_lastUpdated=gt2026-01-15', []],
        ['ods-org-role=76', practices],
        ['ods-org-role=76&ods-org-role=261', []],
        ['ods-org-role=76,261', all],
        [
          `ods-org-role=https://directory.spineservices.nhs.uk/STU3/CodeSystem/ODSAPI-OrganizationRole-1|76,261`,
          all,
        ],
        ['ods-org-role=76&ods-org-primaryRole=true', []],
        ['ods-org-role=177&ods-org-primaryRole=true', practices],
      ] as const)
        assert.deepEqual(await codes(query), expected, query);
    });

    it('gives pages and their links, and numbers alone', async () => {
      const first = (await stu3('/Organization?_count=2')).json;
      assert.deepEqual([first.total, first.entry.length], [3, 2]);
      const next = first.link.find((one: { relation: string }) => one.relation === 'next');
      const second = (await call(next.url)).json;
      assert.deepEqual(
        [second.entry[0].resource.id, second.link.map((one: { relation: string }) => one.relation)],
        ['Y90002', ['self', 'previous']],
      );
      const counted = (await stu3('/Organization?_summary=count')).json;
      assert.deepEqual([counted.total, counted.entry], [3, undefined]);
    });

    const refused = [
      ['surname=x', 'INVALID_PARAMETER'],
      ['constructor=x', 'INVALID_PARAMETER'],
      ['ods-org-other=1', 'INVALID_PARAMETER'],
      ['ods-org-primaryRole=true', 'INVALID_PARAMETER'],
      ['name=ab', 'INVALID_VALUE'],
      [`name=${'a'.repeat(101)}`, 'INVALID_VALUE'],
      ['name=%3Cb%3Ebold', 'INVALID_VALUE'],
      ['active=yes', 'INVALID_VALUE'],
      ['address-postalcode=L', 'INVALID_VALUE'],
      ['address-postalcode=LS1-6', 'INVALID_VALUE'],
      ['_lastUpdated=2026-01-01', 'INVALID_VALUE'],
      ['_lastUpdated=gt2026-02-30', 'INVALID_VALUE'],
      ['_count=x', 'INVALID_VALUE'],
      ['_summary=text', 'INVALID_VALUE'],
      ['identifier=https://example.org|Y90001', 'INVALID_IDENTIFIER_SYSTEM'],
      [`identifier=${ods}`, 'INVALID_IDENTIFIER_VALUE'],
      ['_id=a b', 'INVALID_IDENTIFIER_VALUE'],
      ['ods-org-role=https://example.org|76', 'INVALID_CODE_SYSTEM'],
      ['ods-org-role=practice', 'INVALID_CODE_VALUE'],
      ['ods-org-role=9999', 'INVALID_CODE_VALUE'],
    ] as const;

    it('refuses a query that is not as it must be, with the code of its fault', async () => {
      ground.clock.time += 120_000;
      for (const [query, code] of refused) {
        const { status, json, text } = await stu3(`/Organization?${query}`);
        assert.equal(status, 400, query);
        assert.equal(json.issue[0].details.coding[0].code, code, query);
        assert.doesNotMatch(text, /<b>/);
      }
    });

    it('answers in XML too, refusals as well', async () => {
      for (const [path, headers] of [
        ['/Organization/Y90001?_format=xml', {}],
        ['/Organization/Y90001', { accept: 'application/fhir+xml' }],
      ] as const) {
        const { headers: fields, text } = await stu3(path, headers);
        assert.match(fields.get('content-type') ?? '', /^application\/fhir\+xml/);
        const organization = parseXml(text, usualXmlLimits);
        assert.deepEqual(
          [organization.name, organization.uri],
          ['Organization', 'http://hl7.org/fhir'],
        );
        assert.equal(valueOf(organization, 'name'), 'EXAMPLE SURGERY');
        const extension = childOf(organization, 'extension');
        assert.match(
          extension?.attributes.find(({ name }) => name === 'url')?.value ?? '',
          /ActivePeriod-1$/,
        );
      }
      const bundle = parseXml(
        (await stu3('/Organization?name=exam&_format=xml')).text,
        usualXmlLimits,
      );
      const entry = childOf(bundle, 'entry');
      const resource = entry && childOf(entry, 'resource');
      assert.ok(resource && childOf(resource, 'Organization'));
      const refused = await stu3('/Organization?surname=x', { accept: 'application/fhir+xml' });
      assert.equal(refused.status, 400);
      assert.equal(parseXml(refused.text, usualXmlLimits).name, 'OperationOutcome');
      assert.equal((await stu3('/Organization', { accept: 'image/png' })).status, 406);
      assert.equal((await stu3('/Organization?_format=csv')).status, 406);
    });

    it('tells codes and what it can do, and takes GET alone', async () => {
      const roles = (await stu3('/CodeSystem/ODSAPI-OrganizationRole-1')).json;
      assert.ok(roles.concept.some((one: { code: string }) => one.code === '76'));
      assert.equal(
        (await stu3('/ValueSet/ODSAPI-OrganizationRole-1')).json.resourceType,
        'ValueSet',
      );
      assert.equal((await stu3('/CodeSystem/none')).status, 404);
      const statement = (await stu3('/metadata')).json;
      assert.deepEqual([statement.fhirVersion, statement.acceptUnknown], ['3.0.1', 'no']);
      assert.equal(statement.rest[0].resource[0].type, 'Organization');
      const posted = await call(`${ground.platform.url}/STU3/Organization`, {
        method: 'POST',
        body: {},
      });
      assert.equal(posted.status, 405);
      assert.equal(posted.headers.get('allow'), 'GET');
    });

    it('answers as its document says', async () => {
      const doc = loadOpenApi(join(root, 'spine/sds/ods-fhir-openapi.json'));
      for (const path of [
        '/Organization',
        '/Organization?name=x',
        '/Organization/Y90001',
        '/Organization/NONE',
        '/metadata',
        '/CodeSystem/ODSAPI-OrganizationRole-1',
        '/ValueSet/none',
      ]) {
        const { status, headers, json } = await stu3(path);
        const faults = answerFaults(
          doc,
          'GET',
          path.split('?')[0] ?? '',
          status,
          Object.fromEntries(headers),
          json,
        );
        // The judge holds resources against R4 too, and these are none.
        assert.deepEqual(
          faults.filter((one) => !one.includes(' R4: ')),
          [],
          path,
        );
      }
    });

    it('shows a change at once', async () => {
      const late = organisationOf('Y90003', 'LATE EXAMPLE SURGERY');
      await directory.in('integration').add(organisationEntry(late, kind), 'test');
      await setImmediate();
      assert.equal((await stu3('/Organization/Y90003', {}, '/env/int')).status, 200);
      assert.equal((await stu3('/Organization/Y90003')).status, 404);
    });
  });

  describe('by the ORD look-up of organisations', () => {
    const ord = (path: string, headers: Record<string, string> = {}) =>
      call(`${ground.platform.url}/ORD/2-0-0${path}`, { headers });
    before(() => {
      ground.clock.time += 120_000;
    });

    it('reads a whole record', async () => {
      const { status, json } = await ord('/organisations/Y90001');
      assert.equal(status, 200);
      const { Organisation: found } = json;
      assert.deepEqual(found.OrgId, {
        ...{
          root: '2.16.840.1.113883.2.1.3.2.4.18.48',
          assigningAuthorityName: 'HSCIC',
          extension: 'Y90001',
        },
      });
      assert.deepEqual(found.Roles.Role[0], {
        ...{ id: 'RO177', uniqueRoleId: 1, primaryRole: true, Status: 'Active' },
        Date: [{ Type: 'Operational', Start: '1990-04-01' }],
      });
      assert.equal('primaryRole' in found.Roles.Role[1], false);
      assert.deepEqual(found.Rels.Rel[0].Target.PrimaryRoleId, { id: 'RO261', uniqueRoleId: 9 });
      assert.deepEqual(
        [found.orgRecordClass, found.GeoLoc.Location.UPRN, found.Succs],
        ['RC1', 72000000001, undefined],
      );
      const { Organisation: old } = (await ord('/organisations/Y90002')).json;
      assert.deepEqual(
        [old.Status, old.Date[0].End, old.Succs.Succ[0].Type],
        ['Inactive', '2020-03-31', 'Successor'],
      );
      const missing = await ord('/organisations/NONE');
      assert.deepEqual(missing.json, {
        errorCode: 404,
        errorText: 'No organisation has this code',
      });
    });

    it('finds by what is asked, all of which must hold', async () => {
      for (const [query, expected] of [
        ['Name=surgery', ['Y90001', 'Y90002']],
        ['Name=surgery&Status=Active', ['Y90001']],
        ['PostCode=LS1', ['QZZ', 'Y90001', 'Y90002']],
        ['PrimaryRoleId=RO177,RO261', ['QZZ', 'Y90001', 'Y90002']],
        ['PrimaryRoleId=RO76', []],
        ['NonPrimaryRoleId=RO76', ['Y90001', 'Y90002']],
        ['Roles=RO261', ['QZZ']],
        ['OrgRecordClass=RC2', []],
        ['LastChangeDate=2026-01-15', ['Y90001']],
        ['RelTypeId=RE4&TargetOrgId=QZZ&RelStatus=active', ['Y90001', 'Y90002']],
        ['RelTypeId=RE6', []],
      ] as const) {
        const { status, json, headers, text } = await ord(`/organisations?${query}`);
        assert.equal(status, 200, text);
        const found = json.Organisations.map(({ OrgId }: { OrgId: string }) => OrgId);
        assert.deepEqual(found, expected, query);
        assert.equal(headers.get('x-total-count'), String(expected.length));
      }
      const { json } = await ord('/organisations?Name=EXAMPLE SURGERY&Status=Active');
      assert.deepEqual(json.Organisations, [
        {
          ...{ Name: 'EXAMPLE SURGERY', OrgId: 'Y90001', Status: 'Active', OrgRecordClass: 'RC1' },
          ...{ PostCode: 'LS1 6AE', LastChangeDate: '2026-01-15', PrimaryRoleId: 'RO177' },
          PrimaryRoleDescription: 'PRESCRIBING COST CENTRE',
          OrgLink: `${ground.platform.url}/ORD/2-0-0/organisations/Y90001`,
        },
      ]);
    });

    it('gives pages, and the links between them', async () => {
      const first = await ord('/organisations?PostCode=LS1&Limit=2');
      assert.equal(first.json.Organisations.length, 2);
      assert.equal(first.headers.get('x-total-count'), '3');
      const link = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
      const second = await call(link);
      assert.deepEqual(
        second.json.Organisations.map(({ OrgId }: { OrgId: string }) => OrgId),
        ['Y90002'],
      );
      assert.match(second.headers.get('link') ?? '', /Offset=1>; rel="prev"$/);
    });

    it('refuses a query that is not as it must be with 406', async () => {
      ground.clock.time += 120_000;
      for (const query of [
        ...[
          '',
          'Status=Active',
          'RelStatus=Active',
          'Limit=5',
          'Name=ab',
          'Name=',
          'name=abc',
          'PostCode=L',
        ],
        ...[
          'Name=abc&Offset=0',
          'Name=abc&Limit=0',
          'Name=abc&Limit=1001',
          'Name=abc&Limit=x',
          'Name=abc&Name=abd',
        ],
        ...[
          'Name=abc&Status=Open',
          'Roles=76',
          'Roles=RO1,',
          'LastChangeDate=2026-02-30',
          'LastChangeDate=now',
        ],
        ...[
          'Name=abc&_format=xml',
          'OrgRecordClass=RO1',
          'RelTypeId=RO1',
          'constructor=abc',
          'Name=abc&%3Cb%3E=1',
        ],
      ]) {
        const { status, json, headers } = await ord(`/organisations?${query}`);
        assert.equal(status, 406, query);
        assert.equal(json.errorCode, 406);
        assert.equal(typeof json.errorText, 'string');
        assert.equal(headers.get('x-content-type-options'), 'nosniff');
      }
      assert.equal(
        (await ord('/organisations?Name=abc', { accept: 'application/xml' })).status,
        406,
      );
    });

    it('tells what has changed, as long ago as it promises', async () => {
      const today = new Date(ground.clock.time);
      const day = (ago: number) =>
        new Date(today.getTime() - ago * 86_400_000).toISOString().slice(0, 10);
      const changed = organisationOf('Y90001', 'EXAMPLE SURGERY', { lastChange: day(3) });
      await directory.replace(organisationEntry(changed, kind), 'test');
      await setImmediate();
      const { json, headers } = await ord(`/sync?LastChangeDate=${day(3)}`);
      assert.deepEqual(json, {
        Organisations: [{ OrgLink: `${ground.platform.url}/ORD/2-0-0/organisations/Y90001` }],
      });
      assert.equal(headers.get('x-total-count'), '1');
      assert.deepEqual((await ord(`/sync?LastChangeDate=${day(2)}`)).json, { Organisations: [] });
      assert.equal((await ord(`/sync?LastChangeDate=${day(185)}`)).status, 200);
      for (const query of [
        '',
        `?LastChangeDate=${day(186)}`,
        '?LastChangeDate=x',
        `?LastChangeDate=${day(1)}&x=1`,
      ])
        assert.equal((await ord(`/sync${query}`)).status, 406, query);
    });

    it('tells its code lists', async () => {
      const { json } = await ord('/roles/RO197');
      assert.deepEqual(json, {
        Roles: [{ id: 'RO197', code: '197', displayName: 'NHS TRUST', primaryRole: 'true' }],
      });
      assert.ok((await ord('/roles')).json.Roles.length > 10);
      assert.equal((await ord('/roles/RO9999')).status, 404);
      assert.ok(
        (await ord('/rels')).json.Relationships.some(({ id }: { id: string }) => id === 'RE6'),
      );
      assert.equal((await ord('/recordclasses')).json.RecordClasses.length, 2);
      assert.equal((await ord('/none')).json.errorCode, 404);
    });

    it('answers as its document says', async () => {
      const doc = loadOpenApi(join(root, 'spine/sds/ord-openapi.json'));
      for (const path of [
        '/organisations?Name=surgery',
        '/organisations',
        '/organisations/Y90001',
        '/organisations/Y90002',
        '/organisations/NONE',
        '/roles',
        '/roles/RO197',
        '/roles/none',
        '/rels',
        '/recordclasses',
        '/sync',
        `/sync?LastChangeDate=${new Date(ground.clock.time).toISOString().slice(0, 10)}`,
      ]) {
        const { status, headers, json } = await ord(path);
        assert.deepEqual(
          answerFaults(
            doc,
            'GET',
            path.split('?')[0] ?? '',
            status,
            Object.fromEntries(headers),
            json,
          ),
          [],
          path,
        );
      }
    });
  });
});

function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find(
    (one): one is XmlElement => typeof one !== 'string' && one.name === name,
  );
}

function valueOf(element: XmlElement, name: string): string | undefined {
  return childOf(element, name)?.attributes.find((one) => one.name === 'value')?.value;
}
