import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventOf, mnsCaller, wishFor } from './events-ground.ts';
import { meshCaller, v2 } from './mesh-ground.ts';
import { until } from './postman-ground.ts';
import { startServerProcess } from './server-process.ts';
import { call } from './start-platform.ts';

const jane = '9000000009';

describe('events of a server that is killed', () => {
  it('are told once each, whether they were published or follow from a change of a record', async function () {
    this.timeout(300_000);
    const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    const settings = { DATA_DIR: dataDir, PORT: '0' };
    const published = new Set<string>();
    const maybe = new Set<string>();
    const versions = new Set<string>();
    for (let round = 0; round < 2; round++) {
      const server = startServerProcess(settings);
      const url = await server.ready;
      const mns = mnsCaller(url);
      if (round === 0)
        for (const type of ['patientflags-change-1', 'pds-record-change-2'])
          assert.equal((await mns.subscribe(wishFor(`eventType=${type}`))).status, 201);
      let count = 0;
      const publish = async () => {
        for (;;) {
          const event = eventOf();
          maybe.add(event.id);
          const answer = await mns.publish(event);
          if (answer.status !== 200) throw new Error(answer.text);
          published.add(event.id);
          // At once: what was answered a moment ago has hardly left.
          if (++count === 30) server.child.kill('SIGKILL');
        }
      };
      const change = async () => {
        const address = `${url}/personal-demographics/FHIR/R4/Patient/${jane}`;
        for (;;) {
          const before = await call(address);
          const value = before.json.gender === 'male' ? 'female' : 'male';
          const answer = await call(address, {
            method: 'PATCH',
            headers: { 'if-match': before.headers.get('etag') ?? '' },
            body: { patches: [{ op: 'replace', path: '/gender', value }] },
          });
          if (answer.status !== 200) throw new Error(answer.text);
          versions.add(String(answer.headers.get('etag')));
        }
      };
      await Promise.allSettled([publish(), publish(), publish(), change()]); // ends with the server
      await server.exit;
    }
    const last = startServerProcess(settings);
    const bob = meshCaller(await last.ready, 'BOB');
    const told: string[] = [];
    const waiting = () => [...published, ...versions].filter((one) => !told.includes(one));
    await until(
      async () => {
        const ids = (await bob.inbox('', v2)).json.messages as string[];
        for (const id of ids) {
          const event = JSON.parse((await bob.fetch(id)).text) as {
            id: string;
            versionid?: string;
          };
          told.push(event.versionid ?? event.id);
          await bob.acknowledge(id);
        }
        return waiting().length === 0;
      },
      'each event',
      60_000,
    );
    // Nothing comes later, and nothing came twice.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    assert.deepEqual((await bob.inbox('', v2)).json.messages, []);
    assert.equal(new Set(told).size, told.length);
    const events = told.filter((one) => !one.startsWith('W/'));
    assert.ok(events.every((one) => maybe.has(one)));
    assert.ok(published.size >= 60);
    assert.ok(versions.size >= 2, `${versions.size} changes`);
    last.child.kill('SIGTERM');
    await last.exit;
    rmSync(dataDir, { recursive: true, force: true });
  });
});
