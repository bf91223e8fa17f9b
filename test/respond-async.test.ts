/** Calls that are answered later, over the gateway and real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient, Refusal, textIn, type ManagementClient } from '../scripts/gatehouse/client.ts';
import { pdsApiId } from '../server/pds-proxies.ts';
import { hostingGround, type HostedAnswer, type HostingGround } from './hosting-ground.ts';
import { meshCaller } from './mesh-ground.ts';
import { until } from './postman-ground.ts';
import { startServerProcess } from './server-process.ts';

/** A back end that answers when it is told to. */
class Slow {
  readonly waiting: ServerResponse[] = [];
  readonly bodies: string[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        this.bodies.push(body);
        this.waiting.push(response);
      });
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async answer(status: number, body: string): Promise<void> {
    const response = await until(() => this.waiting.shift());
    response.writeHead(status, { 'content-type': 'text/plain', 'x-made': 'slowly' }).end(body);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

const prefer = { prefer: 'respond-async' };

describe('a call that is answered later', () => {
  let ground: HostingGround;
  let slow: Slow;
  let target: string;
  before(async function () {
    this.timeout(60_000);
    ground = await hostingGround();
    slow = new Slow();
    target = await slow.listen();
  });
  after(async () => {
    await slow.close();
    await ground.end();
  });

  const definition = (
    id: string,
    config: object = {},
    policies: object[] = [{ policy: 'open' }],
  ) => ({
    base: `/${id}`,
    backend: { kind: 'http', url: target, timeout: 60_000 },
    policies: [...policies, { policy: 'respond-async', config }],
  });
  const host = async (id: string, config: object = {}, fields: object = {}) => {
    await ground.api(id, fields);
    await ground.deploy(id, 'sandbox', definition(id, config));
    await until(async () => (await ground.call(`/${id}/_ping`)).status === 200);
  };
  const post = (path: string, body = 'work', headers: Record<string, string> = prefer) =>
    ground.call(path, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', ...headers },
      body,
    });
  const locationOf = ({ headers }: HostedAnswer) => String(headers.location);
  const later = (path: string, headers = {}) =>
    until(async () => {
      const answer = await ground.call(path, { headers });
      return answer.status !== 202 && answer;
    });

  it('R164 is acknowledged as received with an id for tracking, and not as processed', async () => {
    await host('later');
    const accepted = await post('/later/jobs');
    assert.equal(accepted.status, 202);
    const told = JSON.parse(accepted.text) as { id: string; status: string; href: string };
    assert.deepEqual([told.status, told.href], ['accepted', locationOf(accepted)]);
    assert.match(told.href, new RegExp(`^/later/_async/${told.id}$`));
    assert.equal(accepted.headers['preference-applied'], 'respond-async');
    const running = await ground.call(told.href);
    assert.deepEqual([running.status, running.headers['retry-after']], [202, '1']);
    await slow.answer(201, 'done at last');
    const answer = await later(told.href);
    assert.deepEqual(
      [answer.status, answer.text, answer.headers['x-made']],
      [201, 'done at last', 'slowly'],
    );
    assert.deepEqual((await ground.call(told.href)).text, 'done at last', 'as often as asked');
    assert.equal(slow.bodies.at(-1), 'work');
  });

  it('R168 is for work that takes long, and a message that needs no answer is left as well', async () => {
    const accepted = await post('/later/report', 'long', { prefer: 'return=minimal, Respond-Async; x=1' }); // prettier-ignore
    assert.equal(accepted.status, 202);
    await slow.answer(200, 'the report');
    assert.equal((await later(locationOf(accepted))).text, 'the report');
    // A message one way: taken, and nobody waits for an answer.
    const mailbox = (id: string) =>
      ground.manage
        .call('POST', '/mesh/sandbox/mailboxes', { body: { id, name: id, odsCode: 'Y90001' } })
        .then(({ body }) => textIn(body, 'password'));
    const password = await mailbox('ONEWAY1');
    await mailbox('ONEWAY2');
    const sender = meshCaller(ground.platform.url, 'ONEWAY1', { password });
    const sent = await sender.send('ONEWAY2', 'API-DOCS-TEST', 'for your information');
    assert.equal(sent.status, 202, sent.text);
    assert.ok(sent.json.messageID);
  });

  it('is answered at once where that is not preferred', async () => {
    for (const headers of [{}, { prefer: 'return=minimal' }, { prefer: 'not-respond-async' }]) {
      const call = post('/later/now', 'work', headers);
      await slow.answer(200, 'now');
      assert.deepEqual([(await call).status, (await call).text], [200, 'now']);
    }
  });

  it('keeps what its back end refuses, and what goes wrong', async () => {
    const refused = await post('/later/bad');
    await slow.answer(422, 'no');
    assert.deepEqual([(await later(locationOf(refused))).status], [422]);
    const broken = await post('/later/broken');
    (await until(() => slow.waiting.shift())).destroy();
    assert.equal((await later(locationOf(broken))).status, 502);
  });

  it('is not there under an id that was never given, or of another Api', async () => {
    await host('elsewhere');
    const accepted = await post('/later/mine');
    const path = locationOf(accepted);
    assert.equal((await ground.call(path.replace('/later/', '/elsewhere/'))).status, 404);
    assert.equal((await ground.call(`/later/_async/${crypto.randomUUID()}`)).status, 404);
    await slow.answer(200, 'mine');
    await later(path);
  });

  it('is for the same caller alone', async () => {
    await ground.api('keyed-later');
    await ground.manage.call('POST', '/products', {
      body: { id: 'keyed-later', name: 'Keyed', apis: ['keyed-later'] },
    });
    await ground.deploy('keyed-later', 'sandbox', definition('keyed-later', {}, [{ policy: 'api-key' }, { policy: 'subscription' }])); // prettier-ignore
    const { key: mine } = await ground.key('keyed-later', 'sandbox');
    const { key: other } = await ground.key('keyed-later', 'sandbox');
    const accepted = await until(async () => {
      const answer = await post('/keyed-later/x', 'w', { ...prefer, apikey: mine });
      return answer.status === 202 && answer;
    });
    await slow.answer(200, 'a secret');
    const path = locationOf(accepted);
    assert.equal((await later(path, { apikey: mine })).text, 'a secret');
    assert.equal((await ground.call(path, { headers: { apikey: other } })).status, 404);
    assert.equal((await ground.call(path)).status, 401);
    assert.equal((await post('/keyed-later/x', 'w', prefer)).status, 401, 'refused at once');
  });

  it('is bounded: in its body, its answer, and how many run at a time', async () => {
    await host('bounded', { body: 10, answer: 10, running: 2 });
    assert.equal((await post('/bounded/x', 'x'.repeat(11))).status, 413);
    const long = await post('/bounded/x', 'short');
    await slow.answer(200, 'y'.repeat(11));
    const told = await later(locationOf(long));
    assert.equal(told.status, 502);
    const [first, second] = [await post('/bounded/x', '1'), await post('/bounded/x', '2')];
    assert.deepEqual([first.status, second.status], [202, 202]);
    const third = await post('/bounded/x', '3');
    assert.deepEqual([third.status, third.headers['retry-after']], [429, '5']);
    await slow.answer(200, '1');
    await slow.answer(200, '2');
    await later(locationOf(first));
    await later(locationOf(second));
    const fourth = await post('/bounded/x', '4');
    assert.equal(fourth.status, 202);
    await slow.answer(200, '4');
    await later(locationOf(fourth));
  });

  it('is forgotten when its time is over', async () => {
    const accepted = await post('/later/short');
    await slow.answer(200, 'soon gone');
    await later(locationOf(accepted));
    ground.clock.shift = 3_601_000;
    try {
      assert.equal((await ground.call(locationOf(accepted))).status, 404);
    } finally {
      ground.clock.shift = 0;
    }
  });

  it('has its end in the audit of a sensitive Api', async () => {
    await host('sensitive-later', {}, { sensitive: true });
    const accepted = await post('/sensitive-later/x');
    await slow.answer(201, 'done');
    await later(locationOf(accepted));
    const file = join(ground.platform.dataDir, 'audit', 'main', '00000001.audit');
    await until(() => {
      const lines = readFileSync(file, 'latin1')
        .split('\n')
        .filter((line) => line.includes('"api":"sensitive-later"'));
      const of = (status: number) => lines.filter((line) => line.includes(`"status":${status}`));
      // Of the call, of its end, and of the look at its answer.
      return of(202).length >= 1 && of(201).length === 2;
    });
  });

  it('is refused by the check of a deployment for PDS', async () => {
    const body = { definition: { ...definition('pds-later'), backend: { kind: 'service', service: 'pds' } } }; // prettier-ignore
    const path = `/apis/${pdsApiId}/environments/development/deployments?check=true`;
    const told = await ground.manage.call('POST', path, { body }).then(
      ({ body: answer }) => JSON.stringify(answer),
      (error: unknown) => JSON.stringify(error instanceof Refusal ? error.faults : String(error)),
    );
    assert.match(told, /never later/);
  });
});

describe('a call that runs when the server is killed', () => {
  it('is told as interrupted afterwards, and what was done before is still there', async function () {
    this.timeout(120_000);
    const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    const slow = new Slow();
    const url = await slow.listen();
    const settings = { DATA_DIR: dataDir, PORT: '0' };
    const first = startServerProcess(settings);
    let address = await first.ready;
    const manage: ManagementClient = openClient({ dataDir, url: address });
    const api = { id: 'killed', title: 'k', owner: 'Y90001', contact: 'a@example.org', sensitive: false }; // prettier-ignore
    await manage.call('POST', '/apis', { body: api });
    const definition = {
      base: '/killed',
      backend: { kind: 'http', url, timeout: 60_000 },
      policies: [{ policy: 'open' }, { policy: 'respond-async' }],
    };
    const path = '/apis/killed/environments/sandbox/deployments';
    await manage.call('POST', path, { body: { definition } });
    const ask = () => fetch(`${address}/killed/x`, { method: 'POST', headers: prefer, body: 'w' });
    const one = await until(async () => {
      const answer = await ask();
      return answer.status === 202 && answer;
    });
    await slow.answer(200, 'whole');
    const done = one.headers.get('location') ?? '';
    await until(async () => (await fetch(address + done)).status === 200);
    const two = await ask();
    const cut = two.headers.get('location') ?? '';
    await until(() => slow.waiting.length === 1);
    first.child.kill('SIGKILL');
    await first.exit;
    const again = startServerProcess(settings);
    address = await again.ready;
    assert.equal(await (await fetch(address + done)).text(), 'whole');
    const told = await fetch(address + cut);
    assert.equal(told.status, 503);
    assert.match(await told.text(), /not known/);
    again.child.kill('SIGTERM');
    await again.exit;
    await slow.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
});
