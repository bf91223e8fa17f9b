/** Mutual TLS with several serving processes: each has the listeners, and what one is told the others do within a second. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openClient } from '../scripts/gatehouse/client.ts';
import { liveSystem, type LiveSystem } from './live-system.ts';
import { callTls } from './mutual-tls-ground.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import { startSmartGround } from './smart-launch-ground.ts';

const path = '/env/int/personal-demographics/FHIR/R4/Patient/9000000009';

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo; // a server on a port has such an address
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('mutual TLS of several processes', function () {
  this.timeout(120_000);
  let dir: string;
  let server: ServerProcess;
  let url: string;
  let system: LiveSystem;
  let port: number;
  before(async () => {
    const ground = await startSmartGround();
    dir = ground.dataDir;
    const { store } = ground.platform;
    system = await liveSystem(ground.platform);
    for (const mark of ['default-data', 'default-directory']) await store.setMark(mark, 'finished');
    await ground.platform.stop();
    port = await freePort();
    const environment = { WORKERS: '2', TLS_PORT: String(port), TLS_PORT_PRODUCTION: '0' };
    server = startServerProcess({ PORT: '0', DATA_DIR: dir, ...environment });
    url = await server.ready;
  });
  after(async () => {
    server.child.kill('SIGTERM');
    await server.exit;
    rmSync(dir, { recursive: true, force: true });
  });

  it('ends the connections of a revoked certificate in all of them, within a second', async () => {
    const agents = Array.from({ length: 6 }, () => new Agent({ keepAlive: true, ...system.sent }));
    const read = (agent: Agent | false) =>
      callTls(port, path, undefined, {
        ...{ cert: system.sent.cert, key: system.sent.key, agent },
        headers: { 'x-request-id': crypto.randomUUID(), 'nhsd-asid': system.asid },
      });
    for (const agent of agents) assert.equal((await read(agent)).status, 200);
    const closed = agents.map((agent) => {
      const [socket] = Object.values(agent.freeSockets).flat();
      assert.ok(socket);
      return new Promise((resolve) => socket.once('close', resolve));
    });
    const client = openClient({ dataDir: dir, url });
    await client.call('POST', `/certificates/${system.sent.thumbprint}/revoke`, {
      body: { reason: 'unspecified' },
    });
    const all = Promise.all(closed).then(() => true);
    assert.equal(await Promise.race([all, sleep(1000, false)]), true);
    for (let i = 0; i < 6; i++) {
      const answer = await read(false);
      assert.equal(answer.status, 403);
      assert.match(answer.text, /CERT_REVOKED/);
    }
    for (const agent of agents) agent.destroy();
  });

  it('tells in the diary what any of them has refused', async () => {
    const client = openClient({ dataDir: dir, url });
    const { body } = await client.call('GET', `/handshakes?fqdn=${system.fqdn}`);
    assert.match(JSON.stringify(body), /CERT_REVOKED/);
  });
});
