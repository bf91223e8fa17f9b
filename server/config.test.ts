import assert from 'node:assert/strict';
import { loadConfig, settings } from './config.ts';

describe('the configuration', () => {
  it('starts a laptop on port 9000 without any variable', () => {
    const config = loadConfig({});
    assert.equal(config.port, 9000);
    assert.equal(config.dataDir, 'var');
    assert.equal(config.publicUrl, 'http://localhost:9000');
    assert.equal(config.installation, 'laptop');
    assert.equal(config.auditHeadsDir, 'var/audit-heads');
  });

  it('makes the public address from the port unless it is given', () => {
    assert.equal(loadConfig({ PORT: '8000' }).publicUrl, 'http://localhost:8000');
    assert.equal(
      loadConfig({ PORT: '8000', PUBLIC_URL: 'https://pds.example.org' }).publicUrl,
      'https://pds.example.org',
    );
  });

  it('names each wrong variable, what it got and what it wants, all at once', () => {
    assert.throws(
      () => loadConfig({ PORT: '70000', INSTALLATION: 'cloud', PUBLIC_URL: 'pds.example.org/' }),
      (error: Error) => {
        assert.match(error.message, /PORT is "70000" but must be a whole number from 0 to 65535/);
        assert.match(error.message, /INSTALLATION is "cloud" but must be laptop or live/);
        assert.match(error.message, /PUBLIC_URL is "pds\.example\.org\/" but must be an http/);
        return true;
      },
    );
  });

  it('takes an empty variable for one that is not set', () => {
    assert.equal(loadConfig({ PORT: '' }).port, 9000);
  });

  it('describes every setting', () => {
    for (const { name, description, wants } of settings) {
      assert.match(name, /^[A-Z_]+$/);
      assert.ok(description.length > 20 && wants.length > 5, name);
    }
  });
});
