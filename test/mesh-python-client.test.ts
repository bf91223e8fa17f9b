import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { liveSystem } from './live-system.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

const python = join(root, 'var', 'test', 'mesh-client', 'bin', 'python');
const script = join(import.meta.dirname, 'mesh-clients', 'national.py');

/** All that the script tells when all went well. */
const told = [
  'handshake',
  'send and retrieve',
  'acknowledge and track',
  'chunks, plain and compressed',
  'a payload packed by its sender',
  'iterate and acknowledge over pages',
  'filter by workflow',
  'look up',
  'refusal is understood',
  'wrong password',
];

describe('the national Python client of MESH', () => {
  let platform: TestPlatform;
  before(async function () {
    this.timeout(60_000);
    if (!existsSync(python)) {
      console.log('    needs Python and the client: run test/mesh-clients/build');
      this.skip();
    }
    platform = await startTestPlatform({});
  });
  after(() => platform.end());

  const run = async (...parameters: string[]): Promise<string[]> => {
    const { stdout } = await promisify(execFile)(python, [script, ...parameters], {
      timeout: 50_000,
    });
    return stdout.trim().split('\n');
  };

  it('does all that it can in the sandbox', async function () {
    this.timeout(60_000);
    assert.deepEqual(await run(platform.url), told);
  });

  it('does the same over mutual TLS in integration', async function () {
    this.timeout(60_000);
    const { sent } = await liveSystem(platform);
    // The listener's own certificate is of the environment that an address without a name means.
    const trusted = (['sandbox', 'uat'] as const).flatMap((environment) =>
      platform.certificates.authority.of(environment).trust.authorities(),
    );
    const file = (name: string, text: string) => {
      const path = join(platform.dataDir, name);
      writeFileSync(path, text);
      return path;
    };
    const files = [
      file('client.pem', sent.cert),
      file('client.key', sent.key),
      file('authorities.pem', trusted.map(({ pem }) => pem).join('')),
    ];
    const address = `https://localhost:${platform.tls?.test ?? 0}/env/int`;
    assert.deepEqual(await run(address, ...files), told);
  });
});
