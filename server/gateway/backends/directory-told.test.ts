import assert from 'node:assert/strict';
import { exchangeFor } from '../../../test/exchange-for.ts';
import type { DirectoryBackend, Told } from '../../catalogue/proxies.ts';
import { readDefinition } from '../../catalogue/proxy-rules.ts';
import { readTold, toldFaults, withoutTold } from './directory-told.ts';

const backend: DirectoryBackend = {
  ...{ kind: 'directory', organisation: { segment: 1 }, interaction: { fixed: 'urn:a' } },
};

describe('where a call says which system it is for', () => {
  const exchange = exchangeFor({
    path: '/Y90001/a%2Fb//Patient',
    rawQuery: 'x=1&for=urn%3Aa&x=2',
    rawHeaders: ['X-Org', ' Y1 ', 'x-two', 'a', 'X-TWO', 'b', 'X-None', ''],
  });

  const places: readonly [Told, string | undefined][] = [
    [{ fixed: 'Y9' }, 'Y9'],
    [{ header: 'x-ORG' }, 'Y1'],
    [{ header: 'X-None' }, undefined],
    [{ header: 'X-Other' }, undefined],
    [{ query: 'for' }, 'urn:a'],
    [{ segment: 1 }, 'Y90001'],
    [{ segment: 2 }, 'a/b'],
    [{ segment: 3 }, undefined],
    [{ segment: 9 }, undefined],
  ];
  for (const [told, found] of places)
    it(`is ${JSON.stringify(told)}`, () => {
      assert.equal(readTold(told, exchange), found);
    });

  for (const told of [{ header: 'X-Two' }, { query: 'x' }] as const)
    it(`is not ${JSON.stringify(told)} when there are two`, () => {
      assert.throws(() => readTold(told, exchange), /there are several/);
    });

  it('is taken out of path and query, and the rest stays as it was sent', () => {
    const rest = withoutTold(exchange, [{ segment: 1 }, { query: 'for' }, { header: 'X-Org' }]);
    assert.equal(rest.path, '/a%2Fb//Patient');
    assert.equal(rest.rawQuery, 'x=1&x=2');
    assert.equal(withoutTold(exchange, [{ fixed: 'a' }]).path, exchange.path);
  });

  it('is one place for each', () => {
    assert.deepEqual(toldFaults(backend), []);
    const twice = { ...backend, partyKey: { segment: 1 } };
    assert.deepEqual(toldFaults(twice), [
      { at: '/backend/partyKey', message: 'segment 1 of the path tells organisation already' },
    ]);
  });

  const policies = [{ policy: 'open' }];
  const definitions: readonly [object, boolean][] = [
    [backend, true],
    [{ ...backend, partyKey: { header: 'X-Party' }, kept: 0, targets: 5 }, true],
    [{ ...backend, sender: '200000000205', authorization: 'pass' }, true],
    [{ ...backend, sender: '205' }, false],
    [{ ...backend, organisation: { segment: 0 } }, false],
    [{ ...backend, organisation: { segment: 1, header: 'a' } }, false],
    [{ ...backend, organisation: {} }, false],
    [{ kind: 'directory', organisation: { fixed: 'a' } }, false],
    [{ ...backend, url: 'https://a.example' }, false],
    [{ ...backend, kept: 100_000 }, false],
    [{ kind: 'spine-secure-proxy' }, true],
    [{ kind: 'spine-secure-proxy', agreements: [{ from: '*', to: 'Y90001' }] }, true],
    [{ kind: 'spine-secure-proxy', agreements: [{ from: 'y90001', to: '*' }] }, false],
    [{ kind: 'spine-secure-proxy', agreements: [{ from: '*' }] }, false],
  ];
  for (const [end, good] of definitions)
    it(`is ${good ? 'taken' : 'refused'} in a definition: ${JSON.stringify(end)}`, () => {
      const read = readDefinition({ base: '/a', backend: end, policies });
      assert.equal('definition' in read, good, JSON.stringify(read));
    });
});
