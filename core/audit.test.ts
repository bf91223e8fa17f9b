import assert from 'node:assert/strict';
import { exchangeFor } from '../test/exchange-for.ts';
import { audited, type AuditEntry, type Journal } from './audit.ts';
import type { Handler } from './exchange.ts';
import { Problem } from './problem.ts';

const at = 1_760_000_000_000;

describe('the audit policy', () => {
  const entries: AuditEntry[] = [];
  const journal: Journal = {
    append: (entry) => {
      entries.push(entry);
      return Promise.resolve();
    },
  };
  beforeEach(() => entries.splice(0));
  const behind = (handler: Handler, where = journal) => audited(where, 'an-api', () => at)(handler);

  it('tells what the parts behind it found out about the call', async () => {
    const answer = behind((exchange) => {
      exchange.facts.route = 'PATCH /Patient/:id';
      exchange.facts.people.push('9990000018');
      exchange.facts.commit = 12;
      exchange.facts.caller = {
        appId: 'an-app',
        appName: 'An app',
        mode: 'worker',
        scopes: [],
        userId: 'user-1',
        role: 'role-1',
        purpose: 'care',
        grants: new Set(),
      };
      return Promise.resolve({ status: 200 });
    });
    const headers = { 'x-request-id': 'r'.repeat(300), 'x-correlation-id': 'c' };
    const reply = await answer(exchangeFor({ headers, method: 'PATCH', workspace: 'w' }));
    assert.equal(reply.status, 200);
    assert.deepEqual(entries, [
      {
        at,
        kind: 'access',
        api: 'an-api',
        environment: 'sandbox',
        workspace: 'w',
        action: 'PATCH /Patient/:id',
        app: 'an-app',
        mode: 'worker',
        user: 'user-1',
        role: 'role-1',
        purpose: 'care',
        people: ['9990000018'],
        status: 200,
        code: '',
        requestId: 'r'.repeat(100),
        correlationId: 'c',
        address: '127.0.0.1',
        commit: 12,
      },
    ]);
  });

  it('audits refusals and failures with their codes, and passes them on', async () => {
    const refusal = new Problem('forbidden', 'No', { code: 'ACCESS_DENIED' });
    await assert.rejects(behind(() => Promise.reject(refusal))(exchangeFor()), refusal);
    await assert.rejects(behind(() => Promise.reject(new Error('boom')))(exchangeFor()));
    assert.deepEqual(
      entries.map(({ status, code, action }) => [status, code, action]),
      [
        [403, 'ACCESS_DENIED', 'GET'],
        [500, 'internal', 'GET'],
      ],
    );
  });

  it('lets no answer leave before the entry is written', async () => {
    let written: (() => void) | undefined;
    const slow: Journal = { append: () => new Promise((resolve) => (written = resolve)) };
    const order: string[] = [];
    const reply = behind(
      () => Promise.resolve({ status: 200 }),
      slow,
    )(exchangeFor()).then(() => order.push('answered'));
    await new Promise(setImmediate);
    order.push('written');
    written?.();
    await reply;
    assert.deepEqual(order, ['written', 'answered']);
  });

  it('answers unavailable instead of a result or a refusal that cannot be audited', async () => {
    const broken: Journal = { append: () => Promise.reject(new Error('disk full')) };
    const unavailable = (error: unknown) =>
      error instanceof Problem && error.status === 503 && error.headers?.['retry-after'] === '5';
    await assert.rejects(
      behind(() => Promise.resolve({ status: 200 }), broken)(exchangeFor()),
      unavailable,
    );
    await assert.rejects(
      behind(() => Promise.reject(new Problem('not-found', 'No')), broken)(exchangeFor()),
      unavailable,
    );
  });

  it('does not begin a call while the journal says that it has failed', async () => {
    let called = false;
    const handler: Handler = () => {
      called = true;
      return Promise.resolve({ status: 200 });
    };
    const failed: Journal = { ...journal, failed: true };
    await assert.rejects(behind(handler, failed)(exchangeFor()), Problem);
    assert.equal(called, false);
  });
});
