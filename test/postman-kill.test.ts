import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient } from '../scripts/gatehouse/client.ts';
import { meshCaller } from './mesh-ground.ts';
import { startEndpoint, subscribe, until } from './postman-ground.ts';
import { startServerProcess } from './server-process.ts';

describe('pushes of a server that is killed', () => {
  it('reach the endpoint at least once for all that was accepted, each whole and under its own id', async function () {
    this.timeout(180_000);
    const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    const settings = { DATA_DIR: dataDir, PORT: '0' };
    const endpoint = await startEndpoint();
    const accepted = new Map<string, string>();
    const seen = new Map<string, Set<string>>();
    endpoint.treat = ({ headers, body }, response) => {
      const id = String(headers['x-message-id']);
      seen.set(id, (seen.get(id) ?? new Set()).add(body.toString()));
      response.writeHead(Math.random() < 0.2 ? 503 : 200).end();
    };
    for (let round = 0; round < 2; round++) {
      const server = startServerProcess(settings);
      const url = await server.ready;
      if (round === 0) {
        const contract = { retries: 500, interval: 1, lifetime: 86_400 };
        const wish = { mailbox: 'BOB', url: `${endpoint.url}/in`, contract };
        await subscribe(openClient({ dataDir, url }), wish);
      }
      const alice = meshCaller(url, 'ALICE');
      let count = 0;
      const work = async (n: number) => {
        for (;;) {
          const text = `${round} ${n} ${count} ${'x'.repeat(n % 2 === 0 ? 10 : 20_000)}`;
          const sent = await alice.send('BOB', 'API-DOCS-TEST', text);
          if (sent.status !== 202) throw new Error(sent.text);
          accepted.set(String(sent.json.messageID), text);
          if (++count === 40) server.child.kill('SIGKILL');
        }
      };
      await Promise.allSettled([0, 1, 2, 3].map(work)); // ends with the server
      await server.exit;
    }
    const last = startServerProcess(settings);
    await last.ready;
    await until(() => [...accepted.keys()].every((id) => seen.has(id)), 'all that was accepted');
    for (const [id, text] of accepted) assert.deepEqual([...(seen.get(id) ?? [])], [text]);
    assert.ok(accepted.size >= 60);
    last.child.kill('SIGTERM');
    await last.exit;
    await endpoint.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
});
