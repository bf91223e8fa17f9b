import assert from 'node:assert/strict';
import { openClient, type ManagementClient } from '../scripts/gatehouse/client.ts';
import { isSigned } from '../spine/postman/signature.ts';
import { meshCaller, v2, type MeshCallerOf } from './mesh-ground.ts';
import {
  answering,
  pushOf,
  startEndpoint,
  subscribe,
  until,
  type Endpoint,
} from './postman-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

/** Seconds: so that what is tried again is tried soon. */
const contract = { retries: 5, interval: 1, lifetime: 600 };
const workflow = 'API-DOCS-TEST';

describe('the postman', () => {
  let platform: TestPlatform;
  let manage: ManagementClient;
  let alice: MeshCallerOf;
  let bob: MeshCallerOf;
  let endpoint: Endpoint;
  const made: string[] = [];

  const on = async (mailbox: string, fields: object = {}, path = '/in') => {
    const wish = { mailbox, url: `${endpoint.url}${path}`, contract, ...fields };
    const subscription = await subscribe(manage, wish);
    made.push(subscription.id);
    return subscription;
  };
  const sent = async (to: string, body: string, headers = {}) => {
    const answer = await alice.send(to, workflow, body, headers);
    assert.equal(answer.status, 202, answer.text);
    return String(answer.json.messageID);
  };
  const ended = (subscription: string, id: string, state: string) =>
    until(async () => {
      const push = await pushOf(manage, subscription, id).catch(() => undefined);
      return push?.state === state && push;
    }, `a push that is ${state}`);

  before(async function () {
    this.timeout(180_000);
    platform = await startTestPlatform();
    manage = openClient({ dataDir: platform.dataDir });
    alice = meshCaller(platform.url, 'ALICE');
    bob = meshCaller(platform.url, 'BOB');
  });
  beforeEach(async () => {
    endpoint = await startEndpoint();
  });
  afterEach(async () => {
    for (const id of made.splice(0)) await manage.call('DELETE', `/push-subscriptions/${id}`);
    await endpoint.close();
    const left = (await bob.inbox('', v2)).json.messages as string[];
    for (const id of left) await bob.acknowledge(id);
  });
  after(() => platform.end());

  it('pushes what is accepted, signed, and a 2xx acknowledges it', async () => {
    const { id: subscription, secret } = await on('BOB');
    const id = await sent('BOB', 'good day', { 'mex-localid': 'l-1', 'mex-subject': 'hello' });
    await ended(subscription, id, 'done');
    const [only, ...more] = endpoint.pushed;
    assert.ok(only);
    assert.deepEqual(more, []);
    const { headers, body } = only;
    assert.equal(body.toString(), 'good day');
    assert.deepEqual(
      ['x-message-id', 'x-attempt', 'mex-from', 'mex-to', 'mex-localid', 'mex-workflowid'].map(
        (name) => headers[name],
      ),
      [id, '1', 'ALICE', 'BOB', 'l-1', workflow],
    );
    assert.ok(Date.parse(String(headers['x-first-attempt-at'])) > 0);
    const given = {
      timestamp: String(headers['x-timestamp']),
      signature: String(headers['x-signature']),
      body,
    };
    assert.equal(isSigned(secret, given, Date.now()), true);
    assert.equal(isSigned('another', given, Date.now()), false);
    assert.equal(isSigned(secret, { ...given, body: Buffer.from('x') }, Date.now()), false);
    assert.equal(isSigned(secret, given, Date.now() + 301_000), false);
    const tracked = (await alice.track(id, v2)).json;
    assert.equal(tracked.status, 'acknowledged');
    assert.match(tracked.status_description, /endpoint/);
  });

  it('tries again what the endpoint could not take, under the same id, and tells the attempt', async () => {
    const { id: subscription } = await on('BOB');
    const faults = [500, 502, 503, 429, 408];
    endpoint.treat = (pushed, response) => {
      const status = faults.shift() ?? 204;
      answering(status, {}, `attempt ${String(pushed.headers['x-attempt'])}`)(pushed, response);
    };
    const id = await sent('BOB', 'again and again');
    const push = await ended(subscription, id, 'done');
    assert.deepEqual(
      endpoint.pushed.map(({ headers }) => [headers['x-message-id'], headers['x-attempt']]),
      ['1', '2', '3', '4', '5', '6'].map((n) => [id, n]),
    );
    const first = new Set(endpoint.pushed.map(({ headers }) => headers['x-first-attempt-at']));
    assert.equal(first.size, 1);
    const attempts = push.made as { status: number; answer?: string; n: number }[];
    assert.deepEqual(
      attempts.map(({ status }) => status),
      [500, 502, 503, 429, 408, 204],
    );
    assert.equal(attempts[0]?.answer, 'attempt 1');
  });

  it('waits as long as the endpoint asks', async () => {
    const { id: subscription } = await on('BOB', { contract: { ...contract, lifetime: 86_400 } });
    endpoint.treat = answering(503, { 'retry-after': '1800' });
    const id = await sent('BOB', 'later');
    const push = await until(async () => {
      const one = await pushOf(manage, subscription, id).catch(() => undefined); // it may be handed in a moment later
      return one?.state === 'waiting' && one.attempts === 1 && one;
    });
    const wait = Date.parse(String(push.due)) - Date.now();
    assert.ok(wait > 1_700_000 && wait <= 1_800_000, String(wait));
  });

  for (const status of [400, 401, 403, 404, 405, 413, 415, 422, 418, 302, 307])
    it(`makes a dead letter of what is answered ${status}, and leaves the message in the mailbox`, async () => {
      const { id: subscription } = await on('BOB');
      endpoint.treat = answering(status, { location: `${endpoint.url}/elsewhere` });
      const id = await sent('BOB', 'never');
      const push = await ended(subscription, id, 'dead');
      assert.match(String(push.reason), new RegExp(`answered ${status}`));
      assert.equal(endpoint.pushed.length, 1);
      assert.ok((await bob.inbox('', v2)).json.messages.includes(id));
    });

  it('suspends a subscription that is answered 410, and goes on when it is told to', async () => {
    const { id: subscription } = await on('BOB');
    endpoint.treat = answering(410);
    const first = await sent('BOB', 'gone?');
    await ended(subscription, first, 'dead');
    const shown = async () =>
      (await manage.call('GET', `/push-subscriptions/${subscription}`)).body;
    assert.deepEqual([(await shown()).state, (await shown()).reason], ['suspended', 'the endpoint answered 410']); // prettier-ignore
    const second = await sent('BOB', 'waits');
    await until(async () => (await shown()).waiting === 1);
    assert.equal(endpoint.pushed.length, 1);
    endpoint.treat = answering(200);
    const body = { state: 'active' };
    await manage.call('PUT', `/push-subscriptions/${subscription}/state`, { body });
    await ended(subscription, second, 'done');
  });

  it('pushes a message again that was put back into its inbox, each time', async () => {
    const { id: subscription } = await on('BOB');
    const id = await sent('BOB', 'once more');
    await ended(subscription, id, 'done');
    for (const generation of [1, 2]) {
      await manage.call('POST', `/mesh/sandbox/mailboxes/BOB/messages/${id}/restore`);
      const push = await until(async () => {
        const one = await pushOf(manage, subscription, id);
        return one.state === 'done' && one.generation === generation && one;
      }, `push ${generation} of what was put back`);
      assert.equal((push.made as { generation: number }[]).length, generation + 1);
    }
    assert.deepEqual(
      endpoint.pushed.map(({ headers, body }) => [headers['x-message-id'], body.toString()]),
      [1, 2, 3].map(() => [id, 'once more']),
    );
    assert.equal((await alice.track(id, v2)).json.status, 'acknowledged');
  });

  it('counts attempts, and tells what waits for each endpoint and since when', async () => {
    const { id: taking } = await on('BOB');
    const { id: refusing } = await on('BOB', {}, '/no');
    const { id: away } = await on('BOB', {}, '/away');
    endpoint.treat = (pushed, response) => {
      const status = pushed.path === '/no' ? 400 : pushed.path === '/away' ? 503 : 200;
      answering(status, { 'retry-after': '1000' })(pushed, response);
    };
    const id = await sent('BOB', 'to three');
    await ended(taking, id, 'done');
    const shown = async () => (await fetch(`${platform.url}/metrics`)).text();
    const line = (name: string, subscription: string, more = '') =>
      new RegExp(
        `^${name}\\{environment="sandbox",subscription="${subscription}"${more}\\} (?!0$)`,
        'm',
      );
    await until(async () =>
      line('push_attempts_total', away, ',result="again"').test(await shown()),
    );
    await until(async () => line('push_waiting', away).test(await shown()), 'the depth', 40_000);
    const text = await shown();
    for (const wanted of [
      line('push_attempts_total', taking, ',result="taken"'),
      line('push_attempts_total', refusing, ',result="dead"'),
      line('push_dead_letters', refusing),
      line('push_oldest_waiting_seconds', away),
    ])
      assert.ok(wanted.test(text), String(wanted));
    assert.ok(!text.includes(endpoint.url));
  }).timeout(90_000);

  it('R166 gives up when the attempts are used up, tells the sender, and pushes anew when an operator says so', async () => {
    const receipts = ['accepted', 'delivered', 'failed'];
    const few = { ...contract, retries: 1 };
    const { id: subscription } = await on('BOB', { contract: few, receipts });
    endpoint.treat = answering(500);
    const id = await sent('BOB', 'please', { 'mex-localid': 'mine' });
    const dead = await ended(subscription, id, 'dead');
    assert.match(String(dead.reason), /retries used up.*500/);
    const receiptsOf = async () => {
      const list = (await alice.inbox('', v2)).json.messages as string[];
      const all = await Promise.all(list.map((one) => alice.fetch(one)));
      return all
        .filter(({ headers }) => headers.get('mex-linkedmsgid') === id)
        .map(({ headers }) => headers);
    };
    const subjects = async () =>
      (await receiptsOf()).map((headers) => String(headers.get('mex-subject'))).sort();
    await until(async () => (await subjects()).length === 2);
    assert.deepEqual(await subjects(), ['Receipt: accepted', 'Receipt: failed']);
    endpoint.treat = answering(200);
    const path = encodeURIComponent(String(dead.id));
    await manage.call('POST', `/pushes/${path}/replay`);
    const done = await ended(subscription, id, 'done');
    assert.equal(done.generation, 1);
    assert.equal(endpoint.pushed.at(-1)?.headers['x-message-id'], id);
    await until(async () => (await subjects()).length === 3);
    const delivered = (await receiptsOf()).find(
      (headers) => headers.get('mex-subject') === 'Receipt: delivered',
    );
    assert.deepEqual(
      ['mex-messagetype', 'mex-statussuccess', 'mex-localid', 'mex-statusevent'].map((name) =>
        delivered?.get(name),
      ),
      ['REPORT', 'SUCCESS', 'mine', 'RECEIPT'],
    );
    for (const one of (await alice.inbox('', v2)).json.messages as string[])
      await alice.acknowledge(one);
  });

  it('pushes what waited before there was a subscription', async () => {
    const id = await sent('BOB', 'early');
    const { id: subscription } = await on('BOB');
    await ended(subscription, id, 'done');
    assert.equal(endpoint.pushed[0]?.body.toString(), 'early');
  });

  it('leaves the message in the inbox where a 2xx is not to acknowledge it', async () => {
    const { id: subscription } = await on('BOB', { acknowledge: false });
    const id = await sent('BOB', 'keep');
    await ended(subscription, id, 'done');
    assert.ok((await bob.inbox('', v2)).json.messages.includes(id));
    assert.equal((await alice.track(id, v2)).json.status, 'accepted');
  });

  it('does not push what the recipient has fetched and acknowledged meanwhile', async () => {
    const { id: subscription } = await on('BOB');
    endpoint.treat = answering(503);
    const id = await sent('BOB', 'fetched');
    await until(() => endpoint.pushed.length === 1);
    await bob.acknowledge(id);
    endpoint.treat = answering(200);
    await ended(subscription, id, 'done');
    assert.equal(endpoint.pushed.length, 1);
  });

  it('pushes those of one ordering key strictly one after the other', async () => {
    await on('BOB', { ordering: 'key' });
    const open = new Map<string, number>();
    let most = 0;
    let faults = 3;
    const order: string[] = [];
    endpoint.treat = (pushed, response) => {
      const [key = '', n = ''] = pushed.body.toString().split(' ');
      open.set(key, (open.get(key) ?? 0) + 1);
      most = Math.max(most, open.get(key) ?? 0);
      setImmediate(() => {
        open.set(key, (open.get(key) ?? 1) - 1);
        const fails = n === '1' && faults-- > 0;
        if (!fails) order.push(`${key} ${n}`);
        response.writeHead(fails ? 503 : 200).end();
      });
    };
    const keys = ['a', 'b', 'c'];
    for (let n = 0; n < 5; n++)
      for (const key of keys) await sent('BOB', `${key} ${n}`, { 'x-ordering-key': key });
    await until(() => order.length === 15);
    assert.equal(most, 1);
    for (const key of keys)
      assert.deepEqual(
        order.filter((one) => one.startsWith(key)),
        [0, 1, 2, 3, 4].map((n) => `${key} ${n}`),
      );
  });

  it('keeps those behind a dead letter back where that is wanted, and no others', async () => {
    const { id: subscription } = await on('BOB', { ordering: 'key', onDead: 'hold' });
    endpoint.treat = (pushed, response) => {
      response.writeHead(pushed.body.toString() === 'bad' ? 422 : 200).end();
    };
    const bad = await sent('BOB', 'bad', { 'x-ordering-key': 'p' });
    const behind = await sent('BOB', 'behind', { 'x-ordering-key': 'p' });
    const other = await sent('BOB', 'other', { 'x-ordering-key': 'q' });
    const dead = await ended(subscription, bad, 'dead');
    await ended(subscription, other, 'done');
    assert.equal((await pushOf(manage, subscription, behind)).state, 'waiting');
    const body = { reason: 'a person looked' };
    await manage.call('POST', `/pushes/${encodeURIComponent(String(dead.id))}/discard`, { body });
    await ended(subscription, behind, 'done');
    assert.equal((await pushOf(manage, subscription, bad)).state, 'cancelled');
  });

  it('leaves a dead endpoint alone but for trials, with at most eight calls at a time before', async () => {
    const slow = { retries: 100, interval: 600, lifetime: 86_400 };
    const { id: subscription } = await on('BOB', { contract: slow });
    let running = 0;
    let most = 0;
    const held: (() => void)[] = [];
    endpoint.treat = (_pushed, response) => {
      most = Math.max(most, ++running);
      held.push(() => {
        running--;
        response.writeHead(500).end();
      });
    };
    for (let n = 0; n < 20; n++) await sent('BOB', `dead ${n}`);
    await until(() => held.length === 8);
    for (const answer of held.splice(0)) answer();
    const failed = async () => {
      const path = `/pushes?subscription=${subscription}&state=waiting&limit=50`;
      const { items } = (await manage.call('GET', path)).body;
      return (items as { attempts: number }[]).filter(({ attempts }) => attempts === 1).length;
    };
    await until(async () => (await failed()) === 8);
    // The circuit is open from the fifth on: of the twelve others one goes as a trial at each step.
    await until(() => held.length === 1, 'a trial');
    assert.equal(endpoint.pushed.length, 9);
    assert.equal(most, 8);
    endpoint.treat = answering(200);
    for (const answer of held.splice(0)) answer();
  });

  it('pushes dead letters anew by filter, and one to another endpoint', async () => {
    const { id: subscription } = await on('BOB');
    const { id: standIn } = await on('BOB', {}, '/stand-in');
    endpoint.treat = (pushed, response) => {
      response.writeHead(pushed.path === '/in' ? 400 : 503).end();
    };
    const ids = [await sent('BOB', 'one'), await sent('BOB', 'two'), await sent('BOB', 'three')];
    for (const id of ids) await ended(subscription, id, 'dead');
    endpoint.treat = answering(200);
    const [first = '', ...others] = ids;
    const push = await pushOf(manage, subscription, first);
    const body = { subscription: standIn };
    const path = `/pushes/${encodeURIComponent(String(push.id))}/redirect`;
    await manage.call('POST', path, { body });
    await ended(standIn, first, 'done');
    assert.equal((await pushOf(manage, subscription, first)).state, 'cancelled');
    const all = { subscription, perSecond: 1000 };
    const { replayed } = (await manage.call('POST', '/pushes/replay', { body: all })).body;
    assert.equal(replayed, 2);
    for (const id of others) await ended(subscription, id, 'done');
  });
});
