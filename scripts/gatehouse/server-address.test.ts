import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { writeSecretFile } from '../../server/key-files.ts';
import { serverAddress } from './server-address.ts';

describe('where commands look for the server', () => {
  let dataDir: string;
  beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-address-'))));
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  const write = (text: string) => {
    writeSecretFile(join(dataDir, 'administrator.json'), text);
  };
  const credential = {
    clientId: 'a',
    kid: 'b',
    privateKey: 'c',
    tokenUrl: 'http://localhost:9517/management/token',
    managementUrl: 'http://localhost:9517/management/v1',
  };

  it('is where the last start of the data folder was', () => {
    write(JSON.stringify(credential));
    assert.equal(serverAddress({ dataDir }), 'http://localhost:9517');
  });

  it('is where --url says, whatever is written', () => {
    write(JSON.stringify(credential));
    const url = 'https://gatehouse.example/some/path';
    assert.equal(serverAddress({ dataDir, url }), 'https://gatehouse.example');
    assert.throws(() => serverAddress({ dataDir, url: 'nonsense' }), Problem);
  });

  it('is the standard address where nothing is written that can be read', () => {
    assert.equal(serverAddress({ dataDir }), 'http://localhost:9000');
    write('{');
    assert.equal(serverAddress({ dataDir }), 'http://localhost:9000');
  });
});
