import assert from 'node:assert/strict';
import { actorOf, administrationGround } from '../test/administration-ground.ts';
import { exchangeFor } from '../test/exchange-for.ts';
import { openEventsManagement } from './events-api.ts';

describe('the management of events', () => {
  it('lets operators act, auditors look, and developers neither; what is refused is in the audit', async () => {
    const ground = await administrationGround();
    try {
      const replay = () => Promise.resolve({ count: 3 });
      const { acts, facts } = openEventsManagement({ ...ground, events: { replay } });
      const body = { subscription: 's', from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };
      const call = (route: string, role: Parameters<typeof actorOf>[0], params = {}) => {
        const act = acts[route] ?? assert.fail(route);
        const headers = { 'content-type': 'application/json' };
        const exchange = exchangeFor({
          ...{ headers, body: JSON.stringify(body) },
          params: { environment: 'sandbox', ...params },
        });
        return act(actorOf(role, 'A1B2'), exchange);
      };
      for (const route of Object.keys(facts))
        await assert.rejects(
          call(route, 'developer', { id: 'x' }),
          /is not for the role developer/,
        );
      const replays = 'POST /events/:environment/replays';
      await assert.rejects(call(replays, 'auditor'), /is not for the role auditor/);
      assert.equal((await call('GET /events/:environment/queues', 'auditor')).status, 200);
      const done = await call(replays, 'operator');
      assert.deepEqual([done.status, done.body], [201, '{"count":3}']);
      await assert.rejects(call(replays, 'operator', { environment: 'moon' }), /environment/);
      const told = (await ground.entries()).map(({ action, status, user }) => [
        action,
        status,
        user,
      ]);
      const refused = told.filter(([, status]) => status === 403).map(([action]) => action);
      assert.deepEqual(refused, ['queue.put', 'queue.remove', 'event.replay', 'event.replay']);
      assert.equal(
        told.filter(([action, status]) => action === 'event.replay' && status === 200).length,
        1,
      );
    } finally {
      await ground.end();
    }
  });
});
