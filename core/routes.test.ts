import assert from 'node:assert/strict';
import { exchangeFor } from '../test/exchange-for.ts';
import { Problem } from './problem.ts';
import { routes } from './routes.ts';

const table = routes({
  'GET /Patient/:id': (x) => Promise.resolve({ status: 200, body: x.params.id ?? '' }),
  'PATCH /Patient/:id': () => Promise.resolve({ status: 204 }),
  'GET /Patient/:id/RelatedPerson': () => Promise.resolve({ status: 201 }),
});

describe('routes', () => {
  it('hands the decoded parameter on', async () => {
    assert.equal((await table(exchangeFor({ path: '/Patient/a%20b' }))).body, 'a b');
  });

  it('hands on as sent what is no percent-encoded UTF-8', async () => {
    for (const id of ['%zz', '%c3%28', '%'])
      assert.equal((await table(exchangeFor({ path: `/Patient/${id}` }))).body, id);
  });

  it('tells the pattern and not the path as a fact', async () => {
    const exchange = exchangeFor({ path: '/Patient/1' });
    await table(exchange);
    assert.equal(exchange.facts.route, 'GET /Patient/:id');
  });

  it('answers HEAD by the route of GET', async () => {
    assert.equal((await table(exchangeFor({ method: 'HEAD', path: '/Patient/1' }))).status, 200);
  });

  it('throws not-found for another path and method-not-allowed with the methods there are', async () => {
    await assert.rejects(
      Promise.resolve().then(() => table(exchangeFor({ path: '/Patient' }))),
      {
        kind: 'not-found',
      },
    );
    await assert.rejects(
      Promise.resolve().then(() => table(exchangeFor({ method: 'PUT', path: '/Patient/1' }))),
      (error) => error instanceof Problem && error.headers?.allow === 'GET, PATCH',
    );
  });
});
