import assert from 'node:assert/strict';
import type { Caller } from '../../../core/exchange.ts';
import { backEndSite } from '../../../test/back-end-ground.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import { identityFacts } from './identity-facts.ts';

const caller: Caller = {
  appId: 'app-1',
  appName: 'An app',
  mode: 'app',
  scopes: [],
  grants: new Set(),
};
const site = backEndSite(
  { kind: 'http', url: 'http://127.0.0.1:1' },
  {
    clock: { now: () => 0, newId: () => 'new' },
    appFacts: (appId, environment) =>
      appId === 'app-1' && environment === 'sandbox'
        ? {
            organisation: 'Y90001',
            clientId: 'client',
            partyKey: 'Y90001-1',
            attributes: { 'pds.custom-attributes': 'a, b', other: 'x' },
          }
        : undefined,
  },
);

describe('what a back end is told of an app', () => {
  it('is what the catalogue knows of it in this environment', () => {
    assert.deepEqual(identityFacts(exchangeFor({ caller }), site), {
      caller,
      requestId: 'new',
      correlationId: '',
      messageId: 'new',
      organisation: 'Y90001',
      clientId: 'client',
      partyKey: 'Y90001-1',
      customAttributes: 'a, b',
      endUserOrganisation: undefined,
      spine: undefined,
    });
  });

  it('is nothing for one it does not know, and for nobody', () => {
    const other = { ...caller, appId: 'other' };
    assert.equal(identityFacts(exchangeFor({ caller: other }), site).organisation, undefined);
    assert.equal(identityFacts(exchangeFor(), site).clientId, undefined);
  });
});
