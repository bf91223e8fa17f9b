import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerTo, messageOf, putReceiver, sendMessage } from './fhir-messaging-ground.ts';
import { startEndpoint, until } from './postman-ground.ts';
import { startServerProcess } from './server-process.ts';
import { startTestPlatform } from './start-platform.ts';

describe('FHIR messages of a server that is killed', () => {
  it('reach their recipients, and the answers their senders, for all that was accepted', async function () {
    this.timeout(300_000);
    const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    const [hospital, ambulance] = [await startEndpoint(), await startEndpoint()];
    const first = await startTestPlatform({ dataDir });
    await putReceiver(first, 'R9A', `${hospital.url}/fhir`);
    await putReceiver(first, 'R9C', `${ambulance.url}/fhir`);
    await first.stop();
    const taken = new Set<string>();
    const answered = new Set<string>();
    hospital.treat = ({ headers }, response) => {
      const id = String(headers['x-message-id']);
      if (Math.random() < 0.2) response.writeHead(503, { 'retry-after': '1' }).end();
      else {
        taken.add(id);
        response.writeHead(200, { 'content-type': 'application/fhir+json' }).end(answerTo(id));
      }
    };
    ambulance.treat = ({ body }, response) => {
      answered.add(/"identifier":"([^"]+)"/.exec(body.toString())?.[1] ?? '');
      response.writeHead(200).end();
    };
    const accepted = new Set<string>();
    const settings = { DATA_DIR: dataDir, PORT: '0', TLS_PORT: '0', LDAP_PORT: '0' };
    for (let round = 0; round < 2; round++) {
      const server = startServerProcess(settings);
      const url = await server.ready;
      let count = 0;
      const work = async () => {
        for (;;) {
          const message = messageOf({ source: `${ambulance.url}/fhir` });
          const sent = await sendMessage(url, message, { query: '?async=true' });
          assert.equal(sent.status, 202, sent.text);
          accepted.add(message.entry[0]?.resource.id ?? '');
          if (++count === 30) server.child.kill('SIGKILL');
        }
      };
      await Promise.allSettled([0, 1, 2, 3].map(work)); // ends with the server
      await server.exit;
    }
    const last = startServerProcess(settings);
    await last.ready;
    await until(() => [...accepted].every((id) => taken.has(id)), 'all messages', 90_000);
    await until(() => [...accepted].every((id) => answered.has(id)), 'all answers', 90_000);
    assert.ok(accepted.size >= 50, String(accepted.size));
    last.child.kill('SIGTERM');
    await last.exit;
    await Promise.all([hospital.close(), ambulance.close()]);
    rmSync(dataDir, { recursive: true, force: true });
  });
});
