import assert from 'node:assert/strict';
import { Problem } from '../../../core/problem.ts';
import type { Reply } from '../../../core/exchange.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import {
  developer,
  extract,
  operator,
  second,
  stranger,
  systemsGround,
  update,
  type SystemsGround,
} from '../../../test/systems-ground.ts';
import { managementApi } from '../api.ts';
import type { App } from '../apps.ts';
import { certificateActs, certificateFacts } from './certificate-routes.ts';
import { deploymentActs, deploymentFacts } from './deployment-routes.ts';

const people = [developer, operator, second, stranger];

describe('the routes of deployments and certificates', () => {
  let ground: SystemsGround;
  let api: ReturnType<typeof managementApi>;
  let app: App;
  let tests = 0;
  before(async () => {
    ground = await systemsGround();
    const { systems, administration, clock } = ground;
    api = managementApi({
      administration,
      acts: { ...deploymentActs(systems), ...certificateActs(systems) },
      facts: { ...deploymentFacts, ...certificateFacts },
      // A person's id stands in for a token.
      authenticate: ({ headers }) => {
        const found = people.find(({ id }) => id === headers.authorization);
        if (!found) throw new Problem('unauthenticated', 'No such token');
        return Promise.resolve(found);
      },
      newId: () => clock.newId(),
    });
  });
  beforeEach(async () => {
    tests++;
    app = await ground.app('uat', 'production');
  });
  after(() => ground.end());

  interface Init {
    readonly body?: unknown;
    readonly as?: string;
    readonly match?: string;
  }

  const call = async (route: string, { body, as = developer.id, match }: Init = {}) => {
    const [method = '', target = ''] = route.split(' ');
    const [path = '', rawQuery = ''] = target.split('?');
    const reply: Reply = await api(
      exchangeFor({
        ...{ method, path, rawQuery, query: new URLSearchParams(rawQuery) },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        headers: {
          authorization: as,
          'content-type': 'application/json',
          ...(match === undefined ? {} : { 'if-match': match }),
        },
      }),
    );
    const text = typeof reply.body === 'string' ? reply.body : '';
    assert.ok(reply.status < 500, `${route}: ${text}`);
    assert.equal(reply.headers?.['cache-control'], 'no-store');
    return { ...reply, text, json: JSON.parse(text) };
  };
  const wish = (more: object = {}) => ({
    ...{ app: app.id, odsCode: `Y90${String(300 + tests)}`, environment: 'int' },
    ...{ interactions: [update, extract], product: { name: 'Ward round', version: '1' }, ...more },
  });
  const deployed = async (more: object = {}) =>
    (await call('POST /deployments', { body: wish(more) })).json;

  it('are each told in the document, and none besides', async () => {
    const templates = (names: object) =>
      Object.keys(names).map((name) => name.replace(/:(\w+)/g, '{$1}'));
    const acts = { ...deploymentActs(ground.systems), ...certificateActs(ground.systems) };
    assert.deepEqual(
      templates(acts).sort(),
      Object.keys({ ...deploymentFacts, ...certificateFacts }).sort(),
    );
    const { json } = await call('GET /openapi.json');
    assert.ok(json.paths['/deployments/{id}/live'].post);
  });

  it('walk a deployment from request to suspension', async () => {
    const made = await call('POST /deployments', { body: wish({ receives: [extract] }) });
    assert.equal(made.status, 201);
    assert.equal(made.headers?.location, `/management/v1/deployments/${made.json.id}`);
    assert.equal(made.json.environment, 'uat');
    assert.match(made.json.search.filter, /uniqueIdentifier=93\d{10}/);
    assert.match(made.json.next, /gatehouse deployment endpoint/);
    const path = `/deployments/${made.json.id}`;
    const shown = await call(`GET ${path}`);
    assert.equal(shown.json.state, 'approved');
    const early = await call(`POST ${path}/live`);
    assert.equal(`${early.status} ${early.json.code}`, '409 STEPS_MISSING');
    const endpoint = await call(`PUT ${path}/endpoints/${encodeURIComponent(extract)}`, {
      body: { url: `https://${made.json.fqdn}/mhs` },
    });
    assert.equal(endpoint.json.endpoints[0].contract, 'synchronous');
    assert.equal((await call(`GET ${path}/endpoints`)).json.items.length, 1);
    const issued = await call(`POST ${path}/certificates`, { body: { csr: 'a request' } });
    assert.equal(issued.status, 201);
    assert.equal(issued.json.pem, 'a certificate');
    assert.equal(issued.json.chain, 'a chain');
    assert.match(issued.json.test, new RegExp(`^curl --cert ${made.json.fqdn}.crt .*NHSD-ASID`));
    assert.equal((await call(`POST ${path}/live`)).json.state, 'live');
    assert.equal((await call(`POST ${path}/approve`)).json.state, 'live');
    const stopped = await call(`POST ${path}/suspend`, { body: { reason: 'a breach' } });
    assert.equal(stopped.json.suspended.reason, 'a breach');
    assert.equal(stopped.json.search.listed, false);
    assert.equal((await call(`POST ${path}/resume`)).json.state, 'live');
    const changed = await call(`PATCH ${path}`, { body: { receives: [] }, match: '*' });
    assert.deepEqual(changed.json.receives, []);
    const removed = await call(`DELETE ${path}/endpoints/${encodeURIComponent(extract)}`);
    assert.deepEqual(removed.json.endpoints, []);
    const listed = await call(`GET /deployments?app=${app.id}`);
    assert.equal(listed.json.items.length, 1);
    assert.equal((await call(`GET /deployments?asid=${made.json.asid}`)).json.items.length, 1);
  });

  it('show, renew and revoke a certificate', async () => {
    const { id } = await deployed();
    const issued = await call(`POST /deployments/${id}/certificates`, { body: { csr: 'one' } });
    const { thumbprint } = issued.json;
    assert.equal((await call(`GET /certificates/${thumbprint}`)).json.pem, 'a certificate');
    assert.equal(
      (await call(`POST /certificates/${thumbprint}/renew`, { body: { csr: 'two' } })).status,
      201,
    );
    assert.equal((await call(`GET /deployments/${id}/certificates`)).json.items.length, 2);
    const held = await call(`POST /certificates/${thumbprint}/revoke`, {
      body: { reason: 'certificateHold' },
    });
    assert.equal(held.json.revoked.reason, 'certificateHold');
    assert.equal((await call(`POST /certificates/${thumbprint}/lift`)).json.state, 'active');
    const told = await call('POST /certificates/explain', { body: { pem: 'x' } });
    assert.equal(told.json.kind, 'nothing');
  });

  it('make a certificate of production wait for a second person', async () => {
    const { id } = await deployed({ environment: 'prod' });
    assert.equal((await call(`POST /deployments/${id}/approve`)).status, 403);
    assert.equal((await call(`POST /deployments/${id}/approve`, { as: operator.id })).status, 200);
    const waiting = await call(`POST /deployments/${id}/certificates`, { body: { csr: 'one' } });
    assert.equal(waiting.status, 202);
    assert.match(waiting.json.next, /gatehouse cert issue .* --request .*second person/);
    assert.equal((await call(`GET /deployments/${id}/certificate-requests`)).json.items.length, 1);
    const path = `/deployments/${id}/certificate-requests/${waiting.json.id}`;
    assert.equal((await call(`POST ${path}/approve`)).status, 403);
    const issued = await call(`POST ${path}/approve`, { as: operator.id });
    assert.equal(issued.status, 201);
    assert.equal(issued.json.approvedBy, operator.id);
    const again = await call(`POST ${path}/reject`, { as: second.id, body: { reason: 'late' } });
    assert.equal(again.status, 409);
  });

  it('tell refused handshakes', async () => {
    const { fqdn } = await deployed();
    ground.handshakes.splice(0, Infinity, {
      ...{ at: 0, address: '127.0.0.1', listener: 'TLS_PORT', reason: 'CERT_HAS_EXPIRED' },
      names: [fqdn],
    });
    const { items } = (await call(`GET /handshakes?fqdn=${fqdn}`)).json;
    assert.equal(items[0].at, '1970-01-01T00:00:00.000Z');
    assert.equal((await call(`GET /handshakes?fqdn=${fqdn}`, { as: stranger.id })).status, 403);
  });

  for (const [route, body, status] of [
    ['POST /deployments', {}, 400],
    ['POST /deployments', '{', 400],
    ['POST /deployments', { app: 'none', odsCode: 'Y90003', environment: 'moon' }, 400],
    ['GET /deployments/none', undefined, 404],
    ['GET /deployments/%00', undefined, 404],
    ['GET /deployments?limit=0', undefined, 400],
    ['GET /deployments?asid=%00', undefined, 200],
    ['PATCH /deployments/none', { receives: [] }, 428],
    ['POST /deployments/none/live', undefined, 404],
    ['POST /deployments/none/suspend', { reason: 1, more: 2 }, 400],
    ['POST /deployments/none/certificates', {}, 400],
    ['POST /deployments/none/certificates', { csr: 'a', certificate: 'b' }, 400],
    ['POST /deployments/none/certificates', { csr: 'a'.repeat(40_000) }, 400],
    ['PUT /deployments/none/endpoints/x', { url: 'x', contract: 'y' }, 400],
    ['DELETE /deployments/none/endpoints/x', undefined, 404],
    ['GET /certificates/none', undefined, 404],
    ['POST /certificates/none/revoke', { reason: 'removeFromCRL' }, 400],
    ['POST /certificates/none/lift', undefined, 404],
    ['POST /certificates/explain', { pem: 'x', environment: 'moon' }, 400],
    ['GET /handshakes?limit=100000', undefined, 400],
    ['GET /handshakes', undefined, 400],
  ] as const)
    it(`answers ${status} to ${route} with ${JSON.stringify(body ?? 'nothing').slice(0, 60)}`, async () => {
      const reply = await call(route, body === undefined ? {} : { body });
      assert.equal(reply.status, status, reply.text);
    });
});
