import assert from 'node:assert/strict';
import type { Refusal } from './oauth-error.ts';
import { createRefusals, mostRefusalsEach } from './refusals.ts';

let made = 0;

function refusal(fields: Partial<Refusal> = {}): Refusal {
  return {
    messageId: `m${++made}`,
    at: 0,
    environment: 'uat',
    where: 'POST /token of /oauth2',
    status: 400,
    error: 'invalid_request',
    description: 'No',
    reason: { rule: 'exp' },
    clientId: '',
    ...fields,
  };
}

describe('refusals for look-up', () => {
  it('remembers the newest 200 of an app, whatever others do', () => {
    const refusals = createRefusals({ known: (id) => id === 'ours' || id === 'theirs' });
    const mine = Array.from({ length: mostRefusalsEach + 1 }, () => refusal({ clientId: 'ours' }));
    for (const one of mine) refusals.keep(one);
    for (let i = 0; i < 2000; i++) {
      refusals.keep(refusal({ clientId: 'theirs' }));
      refusals.keep(refusal({ clientId: `made up ${i}` }));
    }
    assert.equal(refusals.find(mine[0]?.messageId ?? ''), undefined);
    assert.ok(mine.slice(1).every(({ messageId }) => refusals.find(messageId)));
  });

  it('lets callers that nobody knows share one place for each endpoint', () => {
    const refusals = createRefusals();
    const quiet = refusal({ where: 'GET /authorize of /oauth2' });
    const first = refusal({ clientId: 'x0' });
    for (const one of [quiet, first]) refusals.keep(one);
    for (let i = 1; i <= mostRefusalsEach; i++) refusals.keep(refusal({ clientId: `x${i}` }));
    assert.ok(refusals.find(quiet.messageId));
    assert.equal(refusals.find(first.messageId), undefined);
  });

  it('takes from whoever has most when there is no room', () => {
    const refusals = createRefusals({ known: () => true, most: 10 });
    const few = refusal({ clientId: 'few' });
    refusals.keep(few);
    const many = Array.from({ length: 30 }, () => refusal({ clientId: 'many' }));
    for (const one of many) refusals.keep(one);
    assert.ok(refusals.find(few.messageId));
    assert.equal(many.filter(({ messageId }) => refusals.find(messageId)).length, 9);
  });

  it('keeps no token that was sent in the wrong place', () => {
    const refusals = createRefusals();
    const jwt = `eyJhbGciOiJSUzUxMiJ9.${'x'.repeat(50)}.sig`;
    const one = refusal({ reason: { rule: 'client_id', found: `id ${jwt}`, expected: 'an id' } });
    refusals.keep(one);
    assert.deepEqual(refusals.find(one.messageId)?.reason, {
      rule: 'client_id',
      found: 'id (a JWT, not shown)',
      expected: 'an id',
    });
  });
});
