import assert from 'node:assert/strict';
import { assemble, problemsAs, type Handler } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { configOf } from '../../../test/access-ground.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import type { PolicySite } from '../policy.ts';
import { requestIds } from './request-ids.ts';

const made = '11111111-1111-4111-8111-111111111111';
const sent = '60E0B220-8136-4CA5-AE46-1D97EF59D068';
const site = { services: { clock: { now: () => 0, newId: () => made } } } as PolicySite; // all it uses
const edge = problemsAs(({ status, code = '', headers }) => ({
  ...{ status, body: code },
  ...(headers ? { headers } : {}),
}));
const tellsId: Handler = ({ headers }) =>
  Promise.resolve({ status: 200, body: headers['x-request-id'] ?? 'none' });
const refuses: Handler = () => Promise.reject(new Problem('forbidden', 'no', { code: 'NO' }));

/** As the gateway does: rendered in front of the policy and behind it. */
const call = (headers: Record<string, string>, config = {}, handler = tellsId) =>
  assemble(
    [edge, requestIds.create(configOf(requestIds, config), site), edge],
    handler,
  )(exchangeFor({ headers, rawHeaders: Object.entries(headers).flat() }));

describe('the policy of request ids', () => {
  it('mirrors both ids as sent', async () => {
    const reply = await call({ 'x-request-id': sent, 'x-correlation-id': 'visit-7.a' });
    assert.equal(reply.body, sent);
    assert.deepEqual(reply.headers, { 'x-request-id': sent, 'x-correlation-id': 'visit-7.a' });
  });

  for (const headers of [{}, { 'x-request-id': '' }])
    it(`makes an id where ${JSON.stringify(headers)} is sent, for those behind and for the caller`, async () => {
      const reply = await call(headers);
      assert.equal(reply.body, made);
      assert.deepEqual(reply.headers, { 'x-request-id': made });
    });

  it('asks for none at the addresses of health, where it is required elsewhere', async () => {
    const policy = requestIds.create(configOf(requestIds, { required: true }), site);
    const at = (path: string) => assemble([edge, policy], tellsId)(exchangeFor({ path }));
    for (const path of ['/_ping', '/_status']) assert.equal((await at(path)).status, 200);
    for (const path of ['/_pings', '/a']) assert.equal((await at(path)).body, 'MISSING_VALUE');
  });

  it('mirrors them on refusals from behind, too', async () => {
    const reply = await call({ 'x-request-id': sent }, {}, refuses);
    assert.deepEqual([reply.status, reply.headers?.['x-request-id']], [403, sent]);
  });

  it('mirrors them on refusals that nobody behind has rendered', async () => {
    const policy = requestIds.create(configOf(requestIds, {}), site);
    const exchange = exchangeFor({ headers: { 'x-request-id': sent } });
    const reply = await assemble([edge, policy], refuses)(exchange);
    assert.deepEqual(
      [reply.status, reply.body, reply.headers?.['x-request-id']],
      [403, 'NO', sent],
    );
  });

  for (const id of ['1', `${sent}0`, `{${sent}}`, `${sent}, ${sent}`])
    it(`refuses ${id} with 400 INVALID_VALUE`, async () => {
      const reply = await call({ 'x-request-id': id });
      assert.deepEqual([reply.status, reply.body], [400, 'INVALID_VALUE']);
    });

  it('takes an id of any form where that is said', async () => {
    assert.equal((await call({ 'x-request-id': 'abc' }, { check: false })).body, 'abc');
  });

  it('refuses a call without one where it is required, and takes none of its own for it', async () => {
    const reply = await call({ 'x-correlation-id': 'c' }, { required: true });
    assert.deepEqual([reply.status, reply.body], [400, 'MISSING_VALUE']);
    assert.deepEqual(reply.headers, { 'x-correlation-id': 'c' });
    assert.equal((await call({ 'x-request-id': sent }, { required: true })).status, 200);
  });

  for (const correlation of ['a'.repeat(129), 'with blank', 'ü', 'a\r\nset-cookie: x'])
    it(`sends back no correlation id that is long or strange: ${JSON.stringify(correlation.slice(0, 20))}`, async () => {
      const reply = await call({ 'x-request-id': sent, 'x-correlation-id': correlation });
      assert.deepEqual([reply.status, reply.headers], [200, { 'x-request-id': sent }]);
    });
});
