import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRequest } from '../../../certs/make-request.ts';
import { Problem } from '../../../core/problem.ts';
import { OpensslCa, whyNoOpenssl } from '../../../test/openssl-ca.ts';
import { refuseOtherKey } from './cert-files.ts';

describe('the files of a certificate', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-cert-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const file = () => join(folder, 'a.example.crt');
  const isRefused = (why: RegExp) => (error: unknown) =>
    error instanceof Problem && error.kind === 'conflict' && why.test(error.message);

  it('are made where none are', async () => {
    refuseOtherKey(file(), (await makeRequest('a.example')).csr);
    refuseOtherKey(file(), undefined);
  });

  it('are not written over where nobody can tell whose they are', async () => {
    writeFileSync(file(), 'something else');
    const { csr } = await makeRequest('a.example');
    assert.throws(
      () => {
        refuseOtherKey(file(), csr);
      },
      isRefused(/no certificate that can be read\. Next: .*--dir .*--force/),
    );
    assert.throws(
      () => {
        refuseOtherKey(file(), undefined);
      },
      isRefused(/--force/),
    );
  });

  it('are written over by a certificate of the same key alone', async function () {
    if (whyNoOpenssl() !== undefined) this.skip();
    const ca = new OpensslCa();
    try {
      const { certificate } = ca.client('a.example');
      writeFileSync(file(), certificate);
      refuseOtherKey(file(), certificate);
      const { csr } = await makeRequest('a.example');
      for (const other of [csr, ca.client('a.example').certificate, undefined])
        assert.throws(
          () => {
            refuseOtherKey(file(), other);
          },
          isRefused(/not known to be of the same key/),
        );
      refuseOtherKey(file(), 'no request: the server tells'); // nothing comes back
    } finally {
      ca.end();
    }
  });
});
