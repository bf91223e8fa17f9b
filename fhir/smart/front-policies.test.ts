import assert from 'node:assert/strict';
import { callerWith, smartGround } from '../../test/smart-ground.ts';

const jane = `/Patient/9000000009`;
const worker = callerWith('worker', 'user/*.rs');
const known = 'https://app.example';
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe('the ids of a call to the SMART base', () => {
  const { ask } = smartGround();

  it('are echoed as sent, on refusals too', async () => {
    const headers = {
      'x-request-id': crypto.randomUUID().toUpperCase(),
      'x-correlation-id': 'c 1',
    };
    for (const caller of [worker, undefined]) {
      const answer = await ask(caller, jane, { headers });
      assert.equal(answer.headers['x-request-id'], headers['x-request-id']);
      assert.equal(answer.headers['x-correlation-id'], 'c 1');
    }
  });

  it('are made where none was sent or none that is a UUID', async () => {
    for (const sent of [undefined, '', '1', 'x'.repeat(10_000), '<b>']) {
      const answer = await ask(worker, jane, {
        headers: sent === undefined ? {} : { 'x-request-id': sent },
      });
      assert.equal(answer.status, 200);
      assert.match(String(answer.headers['x-request-id']), uuid);
    }
  });
});

describe('browsers at the SMART base', () => {
  const { ask } = smartGround();
  const preflight = (path: string, origin: string) =>
    ask(undefined, path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET' },
    });

  it('read what is open from any page', async () => {
    for (const origin of ['https://evil.example', 'null'])
      for (const path of ['/metadata', '/.well-known/smart-configuration']) {
        const { headers } = await ask(undefined, path, { headers: { origin } });
        assert.equal(headers['access-control-allow-origin'], '*');
        assert.equal((await preflight(path, origin)).headers['access-control-allow-origin'], '*');
      }
  });

  it('read the rest from registered pages only', async () => {
    const mine = await ask(worker, jane, { headers: { origin: known } });
    assert.equal(mine.headers['access-control-allow-origin'], known);
    assert.equal(
      mine.headers['access-control-expose-headers'],
      'etag, location, x-request-id, www-authenticate',
    );
    for (const origin of ['https://evil.example', 'null', `${known}.evil.example`, '']) {
      const other = await ask(worker, jane, { headers: { origin } });
      assert.equal('access-control-allow-origin' in other.headers, false);
      assert.equal(other.headers.vary, 'origin');
    }
    assert.equal((await ask(worker, jane)).headers.vary, 'origin');
  });

  it('can read a refusal', async () => {
    const answer = await ask(undefined, jane, { headers: { origin: known } });
    assert.deepEqual([answer.status, answer.headers['access-control-allow-origin']], [401, known]);
  });

  it('are answered their preflight without a token', async () => {
    const answer = await preflight(jane, known);
    assert.equal(answer.status, 204);
    assert.equal(answer.headers['access-control-allow-origin'], known);
    assert.equal(
      answer.headers['access-control-allow-headers'],
      'authorization, content-type, accept, if-match, if-none-match, prefer, x-request-id, x-correlation-id',
    );
    assert.match(String(answer.headers['access-control-allow-methods']), /PATCH/);
    const refused = await preflight(jane, 'https://evil.example');
    assert.deepEqual([refused.status, refused.headers], [204, { vary: 'origin' }]);
  });

  it('are never let send credentials', async () => {
    for (const answer of [
      await preflight(jane, known),
      await ask(worker, jane, { headers: { origin: known } }),
    ])
      assert.equal('access-control-allow-credentials' in answer.headers, false);
  });

  it('get no answer to an OPTIONS that is no preflight', async () => {
    assert.equal((await ask(worker, jane, { method: 'OPTIONS' })).status, 405);
  });
});

describe('the CapabilityStatement of the SMART base', () => {
  const { ask } = smartGround();

  it('tells anyone where to be authorised, and what there is', async () => {
    const { status, headers, json } = await ask(undefined, '/metadata');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/fhir+json');
    const [rest] = json.rest;
    assert.equal(rest.security.service[0].coding[0].code, 'SMART-on-FHIR');
    assert.deepEqual(rest.security.extension, [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: [
          { url: 'authorize', valueUri: 'https://gatehouse.example/smart/authorize' },
          { url: 'token', valueUri: 'https://gatehouse.example/smart/token' },
        ],
      },
    ]);
    assert.equal(json.implementation.url, 'https://gatehouse.example/fhir/R4');
    const told = rest.resource.map(
      ({ type, interaction }: { type: string; interaction: { code: string }[] }) =>
        `${type} ${interaction.map(({ code }) => code).join(' ')}`,
    );
    assert.deepEqual(told, [
      'Patient read search-type patch create',
      'RelatedPerson search-type',
      'Coverage search-type create',
    ]);
  });
});
