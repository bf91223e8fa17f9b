/** What comes later of FHIR messages: callers who were kept waiting too long, mailboxes that nobody reads, ids that are forgotten. */
import assert from 'node:assert/strict';
import { openClient } from '../scripts/gatehouse/client.ts';
import { delivering } from '../spine/fhir-messaging/delivering.ts';
import { expire } from '../spine/mesh/expiry.ts';
import { createCircuits } from '../spine/postman/circuits.ts';
import { storedBlobs } from '../server/store/stored-blobs.ts';
import { answerTo, messageOf, putReceiver, sendMessage } from './fhir-messaging-ground.ts';
import { meshCaller, v2 } from './mesh-ground.ts';
import { startEndpoint, until, type Endpoint } from './postman-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const hour = 3_600_000;

describe('FHIR messages, later', () => {
  let platform: TestPlatform;
  let hospital: Endpoint;
  let ambulance: Endpoint;
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead, newId: () => crypto.randomUUID() };

  before(async function () {
    this.timeout(180_000);
    platform = await startTestPlatform({ clock });
    [hospital, ambulance] = [await startEndpoint(), await startEndpoint()];
    await putReceiver(platform, 'R9A', `${hospital.url}/fhir`);
    await putReceiver(platform, 'R9C', `${ambulance.url}/fhir`);
  });
  after(() => Promise.all([hospital.close(), ambulance.close(), platform.end()]));

  const send = (body: unknown) => sendMessage(platform.url, body);
  const headerOf = (message: ReturnType<typeof messageOf>) => message.entry[0]?.resource.id ?? '';
  const sweep = () => {
    const blobs = storedBlobs(platform.store, clock);
    const own = delivering({
      ...{ store: platform.store, blobs, now: clock.now, accepted: () => [] },
      circuits: createCircuits(clock.now, Math.random),
      post: () => Promise.reject(new Error('nothing is posted')),
    });
    return own.sweep();
  };
  const told = (header: string) =>
    until(
      () =>
        ambulance.pushed.find(({ body }) => body.toString().includes(`"identifier":"${header}"`)),
      'the answer',
    );

  it('answers 202 whoever was kept waiting long enough, and sends the answer once it is there', async () => {
    const manage = openClient({ dataDir: platform.dataDir, url: platform.url });
    const proxy = '/proxies/sandbox.fhir-messaging';
    const { active } = (await manage.call('GET', proxy)).body;
    const revision = await manage.call('GET', `${proxy}/revisions/${String(active)}`);
    const definition = revision.body.definition as { backend: { config: object } };
    definition.backend.config = { ...definition.backend.config, patience: 1 };
    await manage.call('POST', '/apis/fhir-messaging/environments/sandbox/deployments', {
      body: { definition },
    });
    const waiting: (() => void)[] = [];
    hospital.treat = ({ headers }, response) => {
      waiting.push(() => {
        response.writeHead(200).end(answerTo(String(headers['x-message-id'])));
      });
    };
    const message = messageOf({ source: `${ambulance.url}/fhir` });
    const first = await send(message);
    assert.deepEqual([first.status, first.text], [202, '']);
    for (const answer of waiting) answer();
    const answer = await told(headerOf(message));
    const again = await send(message);
    assert.deepEqual([again.status, again.text], [200, answer.body.toString()]);
    hospital.treat = (_pushed, response) => response.writeHead(204).end();
    assert.equal((await send(messageOf())).status, 204);
    hospital.treat = (_pushed, response) => response.writeHead(200).end('what?');
    assert.equal((await send(messageOf())).status, 204);
  });

  it('tells the sender of a message that nobody fetched', async () => {
    const destination = { endpoint: 'mesh:BOB?workflow_id=API-DOCS-TEST' };
    const message = messageOf({ destination, source: `${ambulance.url}/fhir` });
    assert.equal((await send(message)).status, 202);
    const bob = meshCaller(platform.url, 'BOB', clock);
    await until(async () => (await bob.inbox('', v2)).json.messages.length > 0);
    assert.equal(await sweep(), 0);
    clock.ahead += 121 * hour;
    const blobs = storedBlobs(platform.store, clock);
    await until(async () => {
      await expire({ store: platform.store, blobs, now: clock.now });
      return (await sweep()) > 0;
    });
    const { body } = await told(headerOf(message));
    const [head, outcome] = JSON.parse(body.toString()).entry;
    assert.equal(head.resource.response.code, 'fatal-error');
    assert.match(outcome.resource.issue[0].diagnostics, /not collected/);
  });

  it('does a message anew whose ids were forgotten', async () => {
    hospital.treat = ({ headers }, response) => {
      response.writeHead(200).end(answerTo(String(headers['x-message-id'])));
    };
    const message = messageOf({ event: 'discharge-summary' });
    const first = await send(message);
    assert.equal(first.status, 200);
    clock.ahead += 23 * hour;
    await sweep();
    assert.equal((await send(message)).text, first.text);
    clock.ahead += 2 * hour;
    assert.ok((await sweep()) > 0);
    const anew = await send(message);
    assert.equal(anew.status, 200);
    assert.notEqual(anew.text, first.text);
  });
});
