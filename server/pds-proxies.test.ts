import assert from 'node:assert/strict';
import { backEndSite } from '../test/back-end-ground.ts';
import { environments } from './catalogue/environments.ts';
import { pdsKinds } from './pds-proxies.ts';

describe('the policies of PDS', () => {
  it('believe whom a caller says to be in the sandbox and nowhere else', () => {
    const { api, definition } = backEndSite({ kind: 'http', url: 'http://127.0.0.1:1' });
    const allowed = environments.filter(
      (environment) =>
        pdsKinds['open-lane']?.check?.({}, { api, environment, definition }).length === 0,
    );
    assert.deepEqual(allowed, ['sandbox']);
  });
});
