import assert from 'node:assert/strict';
import { exchangeFor } from '../../test/exchange-for.ts';
import { assemble, type Handler, type Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { AccreditedSystem, Directory, MessageHandler } from './directory.ts';
import { sdsFhirApi, type ForwardAddress } from './fhir-api.ts';
import { createAnswerCache } from './fhir-cache.ts';
import { sdsHealth, sdsProbe } from './fhir-health.ts';
import { sdsIds } from './fhir-ids.ts';
import { sdsOutcomes } from './fhir-outcomes.ts';

const ods = 'https://fhir.nhs.uk/Id/ods-organization-code|';
const interaction = 'https://fhir.nhs.uk/Id/nhsServiceInteractionId|';
const partyKey = 'https://fhir.nhs.uk/Id/nhsMhsPartyKey|';
const svc = 'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05';
const good = `organization=${ods}Y12345&identifier=${interaction}${svc}`;
const correlation = '11c46f5f-cdef-4865-94b2-0ee0edcc26da';

const product = { key: '1', name: 'Record', version: '1' };
const system: AccreditedSystem = {
  ...{ asid: '200000000149', odsCode: 'Y12345', partyKey: 'Y12345-820388', product },
  ...{ interactions: [svc], clients: [], manufacturer: 'YGM24' },
};
const handler: MessageHandler = {
  ...{ id: 'S1', cpaId: 'S1', odsCode: 'Y12345', partyKey: 'Y12345-820388', interaction: svc },
  ...{ service: 'urn:nhs:names:services:gp2gp', action: 'RCMR_IN010000UK05', fqdn: 'a.example' },
  ...{ endpoints: ['https://a.example/one', 'https://a.example/two'], actors: [], product },
  ...{ interactionType: 'HL7', retries: '2', retryInterval: 'PT1M' },
};

/** Answers every look-up with the same entries, and notes what it was asked. */
function directoryOf(
  found: { systems?: () => unknown; handlers?: () => unknown } = {},
  asked: unknown[] = [],
): Directory {
  const answer = (what: () => unknown) => (query: unknown) => {
    asked.push(query);
    return Promise.resolve().then(what);
  };
  const directory = {
    in: (view: string) => {
      asked.push(view);
      return directory;
    },
    systems: answer(found.systems ?? (() => [system])),
    handlers: answer(found.handlers ?? (() => [handler])),
  };
  return directory as unknown as Directory; // what this face uses of it
}

interface Ground {
  readonly directory?: Directory;
  readonly now?: () => number;
  readonly forwardAddress?: ForwardAddress;
}

function faceOf({ directory = directoryOf(), now = () => 0, forwardAddress }: Ground = {}) {
  let made = 0;
  const newId = () => `00000000-0000-4000-8000-${(++made).toString(16).padStart(12, '0')}`;
  const cache = createAnswerCache({ now });
  const api = sdsFhirApi({
    ...{ directory, cache, newId, base: () => 'https://sandbox.example/spine-directory/FHIR/R4' },
    forwardAddress: forwardAddress ?? (() => Promise.resolve(undefined)),
  });
  const face: Handler = assemble([sdsIds(newId), sdsOutcomes(newId)], api);
  return {
    cache,
    call: (...args: Parameters<typeof call> extends [Handler, ...infer R] ? R : never) =>
      call(face, ...args),
  };
}

/** All bodies of this face are texts or bytes. */
function textOf(body: Reply['body']): string {
  return typeof body === 'string' ? body : Buffer.isBuffer(body) ? body.toString() : '';
}

async function call(
  face: Handler,
  path: string,
  rawQuery = '',
  { method = 'GET', workspace = '', ...headers }: Record<string, string> = {},
) {
  const reply = await face(exchangeFor({ method, path, rawQuery, headers, workspace }));
  const { status, headers: fields = {} } = reply;
  const text = textOf(reply.body);

  return { status, headers: fields, json: JSON.parse(text) };
}

describe('SDS FHIR', () => {
  const told = async (path: string, query: string, headers: Record<string, string> = {}) => {
    const { status, json, headers: fields } = await faceOf().call(path, query, headers);
    assert.equal(json.resourceType, 'OperationOutcome', `${path}?${query}`);
    assert.equal(json.id, fields['x-correlation-id']);
    assert.equal(json.issue.length, 1);
    const [{ severity, code, details, diagnostics }] = json.issue;
    assert.equal(severity, 'error');
    const [coding] = details.coding;
    assert.equal(coding.system, 'https://fhir.nhs.uk/STU3/ValueSet/Spine-ErrorOrWarningCode-1');
    assert.equal(fields['content-type'], 'application/fhir+json');
    return { status, code, spine: coding.code, display: coding.display, diagnostics, fields };
  };

  it('finds accredited systems by organisation and interaction', async () => {
    const asked: unknown[] = [];
    const { call } = faceOf({ directory: directoryOf({}, asked) });
    const { status, json, headers } = await call('/Device', good, { workspace: 'w1' });
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/fhir+json');
    assert.deepEqual(asked, ['w1', { odsCode: 'Y12345', interaction: svc }]);
    const { id, entry, ...rest } = json;
    assert.match(id, /^[0-9A-F-]{36}$/);
    assert.deepEqual(rest, {
      resourceType: 'Bundle',
      type: 'searchset',
      total: 1,
      link: [
        { relation: 'self', url: `https://sandbox.example/spine-directory/FHIR/R4/Device?${good}` },
      ],
    });
    const [{ fullUrl, resource, search }] = entry;
    assert.equal(fullUrl, `https://sandbox.example/spine-directory/FHIR/R4/Device/${resource.id}`);
    assert.notEqual(resource.id, id);
    assert.deepEqual(search, { mode: 'match' });
    assert.equal(resource.identifier[0].value, '200000000149');
  });

  it('takes tokens in any order, with bars raw or encoded, blanks around values, and the switch', async () => {
    const asked: unknown[] = [];
    const { call } = faceOf({ directory: directoryOf({}, asked) });
    const manufacturer = `manufacturing-organization=${encodeURIComponent(`${ods}YGM24`)}`;
    const query = `identifier=${encodeURIComponent(`${partyKey}K-1`)}&${manufacturer}&identifier=${interaction}${svc}&organization=${ods}%20Y1%20&use_cpm=iwanttogetdatafromcpm`;
    const { json } = await call('/Device', query);
    assert.deepEqual(asked[1], {
      ...{ odsCode: 'Y1', interaction: svc, partyKey: 'K-1', manufacturer: 'YGM24' },
    });
    assert.equal(json.link[0].url.split('?')[1], decodeURIComponent(query));
  });

  it('finds endpoints by any two or three of organisation, interaction and party key', async () => {
    const asked: unknown[] = [];
    const { call } = faceOf({ directory: directoryOf({}, asked) });
    const byKey = `identifier=${interaction}${svc}&identifier=${partyKey}Y12345-820388`;
    for (const query of [
      good,
      byKey,
      `organization=${ods}Y12345&identifier=${partyKey}K`,
      `${good}&identifier=${partyKey}K`,
    ])
      assert.equal((await call('/Endpoint', query)).status, 200, query);
    assert.deepEqual(asked[3], { interaction: svc, partyKey: 'Y12345-820388' });
    const { json } = await call('/Endpoint', good);
    const addresses = json.entry.map(
      ({ resource }: { resource: { address: string } }) => resource.address,
    );
    assert.deepEqual(addresses, handler.endpoints);
    assert.equal(json.total, 2);
  });

  it('puts the intermediary in place of the address where messages are forwarded', async () => {
    const forwardAddress = () => Promise.resolve('https://spine.example/reliablemessaging');
    const { json } = await faceOf({ forwardAddress }).call('/Endpoint', good);
    assert.equal(json.total, 1);
    const [{ resource }] = json.entry;
    assert.equal(resource.address, 'https://spine.example/reliablemessaging');
    assert.equal(resource.identifier[1].value, 'Y12345-820388');
  });

  it('answers nothing found with an empty Bundle', async () => {
    const { status, json } = await faceOf({
      directory: directoryOf({ systems: () => [] }),
    }).call('/Device', good);
    assert.deepEqual([status, json.total, json.entry], [200, 0, []]);
  });

  it('answers under the name of JSON that was asked for', async () => {
    for (const [accept, type] of [
      ['*/*', 'application/fhir+json'],
      ['application/fhir+JSON', 'application/fhir+json'],
      ['application/fhir+json;charset=utf-8', 'application/fhir+json'],
      ['application/json', 'application/json'],
      ['application/json, text/plain, */*', 'application/json'],
    ] as const) {
      const { status, headers } = await faceOf().call('/Device', good, { accept });
      assert.deepEqual([status, headers['content-type']], [200, type], accept);
    }
  });

  it('refuses what it cannot give with 406', async () => {
    for (const accept of [
      'application/fhir+xml',
      'text/html',
      'application/json;q=0',
      'x',
      'constructor',
    ]) {
      const { fields, ...rest } = await told('/Device', good, { accept });
      assert.deepEqual(rest, {
        ...{ status: 406, code: 'not-supported', spine: 'MISSING_OR_INVALID_HEADER' },
        display: 'There is a required header missing or invalid',
        diagnostics: 'Accept type not supported',
      });
      assert.ok(fields);
    }
  });

  it('mirrors the correlation id and the request id, and makes the first where none is sent', async () => {
    const sent = await faceOf().call('/Device', good, {
      'x-correlation-id': correlation,
      'x-request-id': 'any-1',
    });
    assert.equal(sent.headers['x-correlation-id'], correlation);
    assert.equal(sent.headers['x-request-id'], 'any-1');
    const none = await faceOf().call('/Device', good);
    assert.match(String(none.headers['x-correlation-id']), /^[0-9A-F-]{36}$/);
    assert.equal(none.headers['x-request-id'], undefined);
  });

  it('refuses a correlation id that is no UUID, also for an answer that is kept', async () => {
    const face = faceOf();
    await face.call('/Device', good);
    const { status, json, headers } = await face.call('/Device', good, {
      'x-correlation-id': '<b>not one</b>',
    });
    assert.equal(status, 400);
    assert.match(
      json.issue[0].diagnostics,
      /^Invalid X-Correlation-ID header\. Should be an UUIDv4/,
    );
    assert.equal(json.id, headers['x-correlation-id']);
    assert.doesNotMatch(JSON.stringify([json, headers]), /<b>/);
  });

  const missing = (name: string, system: string) =>
    `Missing or invalid '${name}' query parameter. Should be '${name}=${system}value'`;
  const either = `Missing or invalid 'identifier' query parameter. Should be one or both of: ['identifier=${interaction}value', 'identifier=${partyKey}value']`;

  const refused = [
    ['/Device', '', missing('organization', ods)],
    ['/Device', `identifier=${interaction}${svc}`, missing('organization', ods)],
    ['/Device', `organization=${ods}Y12345`, missing('identifier', interaction)],
    [
      '/Device',
      `organization=${ods}Y1&identifier=${partyKey}K`,
      missing('identifier', interaction),
    ],
    ['/Device', good.replace('Y12345', '%20'), missing('organization', ods)],
    ['/Device', good.replace(ods, ''), missing('organization', ods)],
    ['/Device', good.replace(ods, 'https://fhir.nhs.uk/Id/other|'), missing('organization', ods)],
    [
      '/Device',
      `organization=${ods}Y1&identifier=${interaction}`,
      missing('identifier', interaction),
    ],
    ['/Device', `${good}&identifier=x`, either],
    [
      '/Device',
      `${good}&manufacturing-organization=YGM24`,
      missing('manufacturing-organization', ods),
    ],
    ['/Device', `${good}&_count=1`, "Illegal query parameter '_count'"],
    ['/Device', `${good}&constructor=1`, "Illegal query parameter 'constructor'"],
    ['/Device', `${good}&use_cpm=yes`, missing('use_cpm', 'iwanttogetdatafromcpm|')],
    [
      '/Device',
      `${good}&organization=${ods}Y2`,
      "Query parameter 'organization' was given more often than it may be",
    ],
    [
      '/Endpoint',
      `${good}&manufacturing-organization=${ods}Y1`,
      "Illegal query parameter 'manufacturing-organization'",
    ],
  ] as const;

  it('refuses a query that is not as it must be, and names the parameter', async () => {
    for (const [path, query, diagnostics] of refused) {
      const { fields, ...rest } = await told(path, query);
      assert.ok(fields);
      assert.deepEqual(rest, {
        ...{ status: 400, code: 'required', spine: 'BAD_REQUEST', display: 'Bad request' },
        diagnostics,
      });
    }
  });

  it('refuses endpoints of an organisation, an interaction or a party key alone', async () => {
    for (const query of [
      '',
      `organization=${ods}Y1`,
      `identifier=${interaction}${svc}`,
      `identifier=${partyKey}K`,
    ]) {
      const { status, diagnostics } = await told('/Endpoint', query);
      assert.equal(status, 400);
      assert.match(
        diagnostics,
        /^Missing or invalid query parameters\. Should be one of following combinations: \['organization=/,
      );
    }
  });

  it('takes GET alone, and says so', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const { fields, ...rest } = await told('/Endpoint', good, { method });
      assert.deepEqual(rest, {
        ...{
          status: 405,
          code: 'not-supported',
          spine: 'NOT_IMPLEMENTED',
          display: 'Not implemented',
        },
        diagnostics: 'HTTP operation not supported',
      });
      assert.equal(fields.allow, 'GET');
    }
  });

  it('knows no other paths', async () => {
    for (const path of ['', '/', '/Patient', '/device', '/Device/1']) {
      const { fields, ...rest } = await told(path, good);
      assert.ok(fields);
      assert.deepEqual(rest, {
        ...{ status: 404, code: 'not-found', spine: 'NO_RECORD_FOUND', display: 'No record found' },
        diagnostics: 'HTTP endpoint not found',
      });
    }
  });

  it('tells what is wrong with the directory, and nothing of how', async () => {
    for (const [error, status, code, diagnostics] of [
      [new Error('secret'), 500, 'exception', 'Something went wrong'],
      [new Problem('internal', 'Two intermediaries'), 500, 'exception', 'Two intermediaries'],
      [new Problem('upstream', 'x'), 502, 'exception', 'Invalid LDAP response received'],
      [new Problem('timeout', 'x'), 504, 'timeout', 'LDAP request timed out'],
      [new Problem('unavailable', 'Busy'), 503, 'transient', 'Busy'],
      [new Problem('throttled', 'Slow down'), 429, 'value', 'Slow down'],
      [new Problem('unauthenticated', 'Who?'), 401, 'forbidden', 'Who?'],
      [new Problem('too-large', 'Long'), 413, 'exception', 'Long'],
    ] as const) {
      const systems = () => Promise.reject(error);
      const { json, ...rest } = await faceOf({ directory: directoryOf({ systems }) }).call(
        '/Device',
        good,
      );
      assert.equal(rest.status, status);
      assert.deepEqual([json.issue[0].code, json.issue[0].diagnostics], [code, diagnostics]);
    }
  });

  it('keeps answers for half an hour, for each view, path and query', async () => {
    let now = 0;
    const asked: unknown[] = [];
    const face = faceOf({ directory: directoryOf({}, asked), now: () => now });
    const looks = async (workspace: string, headers: Record<string, string> = {}) => {
      const before = asked.length;
      const { headers: fields } = await face.call('/Device', good, { workspace, ...headers });
      return [asked.length > before, fields.age];
    };
    assert.deepEqual(await looks('a'), [true, '0']);
    now = 90_000;
    assert.deepEqual(await looks('a'), [false, '90']);
    assert.deepEqual(await looks('b'), [true, '0']);
    assert.deepEqual(await looks('a', { 'cache-control': 'no-cache' }), [true, '0']);
    now += 30 * 60_000 - 1;
    assert.deepEqual(await looks('a'), [false, '1799']);
    now += 1;
    assert.deepEqual(await looks('a'), [true, '0']);
    face.cache.drop();
    assert.deepEqual(await looks('a'), [true, '0']);
  });

  it('says whether the directory can be read', async () => {
    const check = async (directory: Directory, path: string) => {
      const reply = await sdsHealth(directory)(exchangeFor({ path }));
      return [
        reply?.status,
        reply?.body === undefined ? undefined : JSON.parse(textOf(reply.body)),
      ];
    };
    const broken = directoryOf({ handlers: () => Promise.reject(new Error('secret')) });
    assert.deepEqual(await check(broken, '/healthcheck'), [200, undefined]);
    assert.deepEqual(await check(broken, '/healthcheck/deep'), [
      500,
      {
        status: 'fail',
        details: { ldap: { status: 'fail', output: 'The directory cannot be read' } },
      },
    ]);
    assert.deepEqual(await check(directoryOf(), '/healthcheck/deep'), [
      200,
      { status: 'pass', details: { ldap: { status: 'pass', output: '' } } },
    ]);
    assert.deepEqual(await check(broken, '/healthchecks'), [undefined, undefined]);
    const probed = await sdsProbe(broken, 'https://a.example/healthcheck/deep');
    assert.deepEqual([probed.status, probed.responseCode], ['fail', 500]);
  });
});
