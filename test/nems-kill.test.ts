import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import {
  child,
  event,
  idIn,
  nemsCaller,
  nemsSystem,
  subscription,
  uncertified,
} from './nems-ground.ts';
import { meshCaller } from './mesh-ground.ts';
import { until } from './postman-ground.ts';
import { startServerProcess } from './server-process.ts';
import { startTestPlatform } from './start-platform.ts';

const criteria = `&Patient.identifier=http://fhir.nhs.net/Id/nhs-number|${child.nhsNumber}&MessageHeader.event=vaccinations-1`;

describe('event messages of a server that is killed', () => {
  it('are in the mailbox after the next start, each that was accepted, once and whole', async function () {
    this.timeout(240_000);
    const platform = await startTestPlatform();
    const system = await nemsSystem(platform);
    idIn(await system.subscribe(subscription(`${criteria}&tag=one`)));
    idIn(await system.subscribe(subscription(`${criteria}&tag=two`)));
    await platform.stop();
    const settings = {
      ...{ DATA_DIR: platform.dataDir, PORT: '0', TLS_PORT: '0', TLS_PORT_PRODUCTION: '0' },
      ...{ LDAP_PORT: '0', LDAPS_PORT: '0' },
    };
    const sent = new Map<string, boolean>();
    for (let round = 0; round < 3; round++) {
      const server = startServerProcess(settings);
      // Believed without a certificate: the system is in the directory.
      const calling = nemsCaller({ url: await server.ready }, system);
      let count = 0;
      const work = async () => {
        for (;;) {
          const message = event();
          sent.set(message, false);
          const answer = await calling.publish(message, { certificate: uncertified });
          if (answer.status !== 202) throw new Error(answer.text);
          sent.set(message, true);
          if (++count === 25) server.child.kill('SIGKILL');
        }
      };
      await Promise.allSettled([0, 1, 2, 3].map(work)); // ends with the server
      await server.exit;
    }
    const last = startServerProcess(settings);
    const box = meshCaller(await last.ready, 'Y90001GP001');
    const accepted = [...sent].filter(([, isAccepted]) => isAccepted).map(([message]) => message);
    assert.ok(accepted.length >= 60);
    const arrived = new Map<string, number>();
    const take = async () => {
      for (const id of (await box.inbox('?max_results=500')).json.messages as string[]) {
        const { text } = await box.fetch(id);
        arrived.set(text, (arrived.get(text) ?? 0) + 1);
        await box.acknowledge(id);
      }
    };
    await until(
      async () => {
        await take();
        return accepted.every((message) => arrived.has(message));
      },
      'all that was accepted',
      60_000,
    );
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await take();
    for (const [message, count] of arrived) {
      assert.equal(count, 1);
      assert.ok(sent.has(message), 'as it was sent');
    }
    last.child.kill('SIGTERM');
    await last.exit;
    rmSync(platform.dataDir, { recursive: true, force: true });
  });
});
