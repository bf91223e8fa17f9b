import assert from 'node:assert/strict';
import { plainAddress } from '../core/exchange.ts';
import { createAddresses } from './addresses.ts';

describe('addresses of environments', () => {
  const laptop = createAddresses(() => 'http://localhost:9000', 'sandbox');
  const live = createAddresses(() => 'https://api.example.org', 'production');

  it('recommend the plain address for the environment it leads to, else a path', () => {
    assert.equal(laptop.of('sandbox', '/x'), 'http://localhost:9000/x');
    assert.equal(laptop.of('uat', '/x'), 'http://localhost:9000/env/int/x');
    assert.equal(laptop.of('production', '/x'), 'http://localhost:9000/env/prod/x');
    assert.equal(live.of('production', '/x'), 'https://api.example.org/x');
    assert.equal(live.of('sandbox', '/x'), 'https://api.example.org/env/sandbox/x');
    assert.equal(live.root, 'https://api.example.org');
  });

  it('come back as the caller addressed the environment', () => {
    assert.equal(laptop.as(plainAddress, '/x'), 'http://localhost:9000/x');
    assert.equal(
      laptop.as({ host: '', path: '/env/uat' }, '/x'),
      'http://localhost:9000/env/uat/x',
    );
    assert.equal(laptop.as({ host: 'int.', path: '' }, '/x'), 'http://int.localhost:9000/x');
    assert.equal(live.as({ host: 'uat.', path: '' }, '/x'), 'https://uat.api.example.org/x');
  });

  it('are known in every spelling, the recommended one first and none twice', () => {
    assert.deepEqual(laptop.all('uat', '/t'), [
      'http://localhost:9000/env/int/t',
      'http://localhost:9000/env/uat/t',
      'http://uat.localhost:9000/t',
      'http://int.localhost:9000/t',
    ]);
    const production = live.all('production', '/t');
    assert.equal(production[0], 'https://api.example.org/t');
    assert.equal(new Set(production).size, production.length);
  });

  it('of one environment are none of another', () => {
    const uat = new Set(laptop.all('uat', '/t'));
    for (const other of ['sandbox', 'development', 'sit', 'production'] as const)
      assert.ok(laptop.all(other, '/t').every((address) => !uat.has(address)));
  });

  it('follow the public address, which is known late when the port is', () => {
    let port = 0;
    const addresses = createAddresses(() => `http://localhost:${port}`, 'sandbox');
    port = 4711;
    assert.equal(addresses.of('sandbox', '/x'), 'http://localhost:4711/x');
  });
});
