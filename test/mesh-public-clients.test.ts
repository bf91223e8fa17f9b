/** Published clients of MESH, as they are, in the sandbox and over mutual TLS in integration. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { liveSystem } from './live-system.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

const installed = join(root, 'var', 'test');
const scripts = join(import.meta.dirname, 'mesh-clients');

interface Client {
  readonly name: string;
  readonly program: string;
  readonly parameters: readonly string[];
  /** All that its script tells when all went well. */
  readonly told: readonly string[];
}

const national: Client = {
  name: 'the national Python client',
  program: join(installed, 'mesh-client', 'bin', 'python'),
  parameters: [join(scripts, 'national.py')],
  told: [
    ...['handshake', 'send and retrieve', 'acknowledge and track', 'chunks, plain and compressed'],
    ...['a payload packed by its sender', 'iterate and acknowledge over pages'],
    ...['filter by workflow', 'look up', 'refusal is understood', 'wrong password'],
  ],
};

const older: Client = {
  name: 'the Python client before it, of version 1',
  program: join(installed, 'mesh-client-1', 'bin', 'python'),
  parameters: [join(scripts, 'older.py')],
  told: [
    ...['handshake', 'send, retrieve, track, acknowledge', 'chunks, plain and compressed'],
    ...['iterate', 'look up at the older address', 'refusal is understood'],
  ],
};

const javascript: Client = {
  name: 'the JavaScript client',
  program: process.execPath,
  parameters: [join(scripts, 'javascript.mjs'), join(installed, 'mesh-client-js')],
  told: ['handshake', 'send, read and mark as read', 'a compressed message', 'chunks'],
};

describe('published clients of MESH', () => {
  let platform: TestPlatform | undefined;
  let files: readonly string[];

  before(async function () {
    this.timeout(120_000);
    const needed = [national.program, older.program, join(installed, 'mesh-client-js')];
    if (needed.some((file) => !existsSync(file))) {
      console.log('    needs Python and the clients: run test/mesh-clients/build');
      this.skip();
    }
    const started = await startTestPlatform({});
    platform = started;
    const { sent } = await liveSystem(started);
    // The listener's own certificate is of the environment that an address without a name means.
    const trusted = (['sandbox', 'uat'] as const).flatMap((environment) =>
      started.certificates.authority.of(environment).trust.authorities(),
    );
    const file = (name: string, text: string) => {
      const path = join(started.dataDir, name);
      writeFileSync(path, text);
      return path;
    };
    files = [
      file('client.pem', sent.cert),
      file('client.key', sent.key),
      file('authorities.pem', trusted.map(({ pem }) => pem).join('')),
    ];
  });
  after(() => platform?.end()); // none where this was skipped

  const run = async (
    { program, parameters }: Client,
    ...more: readonly string[]
  ): Promise<string[]> => {
    const all = [...parameters, ...more];
    // Without what this machine says of certificates: older libraries would trust it instead of ours.
    const options = { timeout: 100_000, env: {} };
    const { stdout } = await promisify(execFile)(program, all, options);
    return stdout.trim().split('\n');
  };

  // One after the other: they share the mailboxes.
  for (const client of [national, older, javascript]) {
    it(`${client.name} does all that it can in the sandbox`, async function () {
      this.timeout(120_000);
      assert.deepEqual(await run(client, platform?.url ?? ''), client.told);
    });

    it(`${client.name} does the same over mutual TLS in integration`, async function () {
      this.timeout(120_000);
      const address = `https://localhost:${platform?.tls?.test ?? 0}/env/int`;
      assert.deepEqual(await run(client, address, ...files), client.told);
    });
  }
});
