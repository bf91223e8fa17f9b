import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { makeRequest } from './make-request.ts';
import { checkRequest } from './requests.ts';

describe('a request made here', () => {
  for (const kind of ['P-256', 'P-384', 'RSA-2048'] as const)
    it(`passes the checks, with a key of ${kind}`, async () => {
      const fqdn = 'ward.y90001.int.thirdparty.gatehouse.test';
      const { csr, privateKey } = await makeRequest(fqdn, kind);
      const keyFault = () => Promise.resolve(undefined);
      const { publicKey, notes } = await checkRequest(csr, { fqdn, keyFault });
      assert.deepEqual(notes, []);
      const own = createPublicKey(createPrivateKey(privateKey));
      assert.deepEqual(own.export({ type: 'spki', format: 'der' }), publicKey);
    });
});
