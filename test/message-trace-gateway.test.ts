/** Traces of calls through the gateway: who finds what of them, and who does not. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ManagementClient } from '../scripts/gatehouse/client.ts';
import { searchAudit } from '../server/audit/search.ts';
import { openSandboxApp } from '../server/gateway/policies/open-lane.ts';
import { messageTrace } from '../server/message-trace-api.ts';
import { openTraceKeeper, type TraceKeeper } from '../server/observe/trace-keeper.ts';
import { allOf } from './audit-folder.ts';
import { actorOf } from './administration-ground.ts';
import { hostingGround, type HostingGround } from './hosting-ground.ts';
import { lookOver, step, stepsOf, traceWhen } from './message-trace-ground.ts';

const policies = [{ policy: 'trace' }, { policy: 'request-ids' }, { policy: 'api-key' }];
const field = 'apikey';
const newId = () => crypto.randomUUID();

describe('traces of calls through the gateway', () => {
  let ground: HostingGround;
  let key: string;
  let mine: ManagementClient;
  let theirs: ManagementClient;

  before(async function () {
    this.timeout(60_000);
    ground = await hostingGround();
    await ground.api('traced');
    await ground.api('plain');
    await ground.deploy('traced', 'dev', ground.definition('traced', policies));
    await ground.deploy(
      'plain',
      'dev',
      ground.definition('plain', [{ policy: 'request-ids' }, { policy: 'open' }]),
    );
    const product = { id: 'traced', name: 'Traced', apis: ['traced'] };
    await ground.manage.call('POST', '/products', { body: product });
    ({ key } = await ground.key('traced', 'dev'));
    mine = await ground.as('developer', 'Y90001');
    theirs = await ground.as('developer', 'Y90002');
  });
  after(() => ground.end());

  const called = async (headers: Record<string, string> = {}, path = '/env/dev/traced/a') => {
    const id = newId();
    const answer = await ground.call(path, { headers: { 'x-request-id': id, ...headers } });
    return { id, answer };
  };
  const find = (id: string, client = ground.manage) => traceWhen(lookOver(client), id);
  const ask = (id: string, client = ground.manage) =>
    client.call('GET', `/messages/${encodeURIComponent(id)}/trace`);

  it('tell what came, which back end answered, and with what, by either id of the caller', async () => {
    const correlation = `ward round ${newId()}`.replaceAll(' ', '.');
    const { id, answer } = await called({ [field]: key, 'x-correlation-id': correlation });
    assert.equal(answer.status, 200, answer.text);
    for (const one of [id, id.toUpperCase(), correlation]) {
      const trace = await find(one);
      assert.deepEqual(
        stepsOf(trace).map((told) => told.replace('call to traced: ', '')),
        ['received', 'checked', 'sent', 'answered'],
      );
      const sent = step(trace, ({ step: name }) => name === 'sent');
      assert.equal(sent.facts?.host, new URL(ground.target).host);
      assert.match(sent.at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
  });

  it('tell in which phase a call was refused and why, by the message_id of the refusal', async () => {
    const { id, answer } = await called();
    assert.equal(answer.status, 401);
    const messageId = String(answer.headers['x-gatehouse-message-id']);
    for (const one of [id, messageId]) {
      const refused = step(await find(one), ({ step: name }) => name === 'refused');
      assert.match(refused.says, /401, in the phase authenticate/);
      assert.equal(refused.facts?.message_id, messageId);
    }
    const malformed = await called({ 'x-request-id': 'not-a-uuid', [field]: key });
    const found = step(await find('not-a-uuid'), ({ step: name }) => name === 'refused');
    assert.equal(malformed.answer.status, 400);
    assert.equal(found.facts?.code, 'INVALID_VALUE');
  });

  it('are not kept of a Proxy that has no such policy', async () => {
    const { id, answer } = await called({}, '/env/dev/plain/a');
    assert.equal(answer.status, 200);
    await assert.rejects(ask(id), { kind: 'not-found' });
  });

  it('are for the organisation that has the app, and refused to others, which the audit notes', async () => {
    const { id } = await called({ [field]: key });
    assert.equal((await find(id)).steps.length, 4);
    assert.equal((await find(id, mine)).steps.length, 4);
    await assert.rejects(ask(id, theirs), { kind: 'forbidden', message: /trace\.read/ });
    const entries = await allOf(searchAudit(join(ground.platform.dataDir, 'audit'), {}));
    assert.ok(entries.some(({ action, status }) => action === 'message.trace' && status === 403));
  });

  it('answer 404 for ids that nobody has, and for what is none', async () => {
    const hostile = [
      'x',
      newId(),
      '9000000009',
      "' OR 1=1",
      '../../apps',
      '%00',
      'a'.repeat(150),
      'a'.repeat(5_000),
      '\u{1f600}',
      '[a-z]*',
      '__proto__',
      'constructor',
    ];
    for (const id of hostile) await assert.rejects(ask(id), { kind: 'not-found' }, id.slice(0, 40));
  });

  it('are not for roles that have no right to them', async () => {
    const owner = await ground.as('product-owner', 'Y90001');
    await assert.rejects(ask('x', owner), { kind: 'forbidden' });
  });

  describe('of apps of two organisations', () => {
    let keeper: TraceKeeper;
    const options = () => {
      const { store, journal } = ground.platform;
      return { store, journal, clock: ground.clock, keeper };
    };
    const person = '9000000009';
    const told = (id: string, app: string, more: readonly string[] = [], environment = 'uat') => {
      const trace = keeper.open({ what: 'call', environment, app });
      trace.named(id, ...more);
      trace.add('translated', `By ${app}`, { before: () => '<family>Featherstone</family>' });
      trace.about([person]);
      trace.end();
    };
    let apps: readonly string[];

    before(async () => {
      const { store, journal } = ground.platform;
      assert.equal(journal.failed, false);
      const log = { log: () => undefined, child: () => log };
      keeper = openTraceKeeper({
        ...{ store, log, newId, now: () => ground.clock.now(), most: 1_000, keptFor: 1_000_000 },
      });
      const made = ['Y90001', 'Y90002'].map(async (owner) => {
        const app = { name: owner, owner, kinds: ['unattended'], contact: 'team@example.org' };
        return String((await ground.manage.call('POST', '/apps', { body: app })).body.id);
      });
      apps = await Promise.all(made);
    });
    after(() => keeper.close());

    it('show nothing of another that names the same conversation', async () => {
      const [own = '', other = ''] = apps;
      told('conversation-1', other, ['their-message']);
      told('my-message', own, ['conversation-1']);
      await keeper.flush();
      for (const id of ['my-message', 'conversation-1']) {
        const trace = await messageTrace(options(), actorOf('developer', 'Y90001'), id);
        assert.deepEqual(
          trace.steps.map(({ app }) => app),
          [own],
        );
        assert.equal(trace.more, true);
        assert.doesNotMatch(JSON.stringify(trace), /their-message/i);
      }
      const all = await messageTrace(options(), actorOf('operator'), 'my-message');
      assert.equal(all.steps.length, 2);
      await assert.rejects(
        messageTrace(options(), actorOf('developer', 'Y90001'), 'their-message'),
        { kind: 'forbidden' },
      );
    });

    it('enter whose texts were seen in the audit, before they are given', async () => {
      const [own = ''] = apps;
      told('with-a-person', own);
      await keeper.flush();
      await messageTrace(options(), actorOf('developer', 'Y90001'), 'with-a-person');
      const filter = { patient: person };
      const entries = await allOf(searchAudit(join(ground.platform.dataDir, 'audit'), filter));
      const [seen] = entries.filter(({ user }) => user === 'the-developer').slice(-1);
      assert.deepEqual(
        [seen?.kind, seen?.action, seen?.environment, seen?.people],
        ['access', 'message.trace', 'uat', [person]],
      );
      const full = () => Promise.reject(new Error('disk full'));
      const failing = { ...options(), journal: { append: full } };
      await assert.rejects(messageTrace(failing, actorOf('developer', 'Y90001'), 'with-a-person'), {
        kind: 'unavailable',
      });
    });

    it('show what nobody in particular did in the sandbox to every developer, and there alone', async () => {
      told('open-1', openSandboxApp, [], 'sandbox');
      told('open-2', openSandboxApp);
      told('nobody', '', [], 'sandbox');
      await keeper.flush();
      const developer = actorOf('developer', 'Y90002');
      assert.equal((await messageTrace(options(), developer, 'open-1')).steps.length, 1);
      for (const id of ['open-2', 'nobody'])
        await assert.rejects(messageTrace(options(), developer, id), { kind: 'forbidden' });
    });
  });

  it('are counted in the metrics', async () => {
    await called({ [field]: key });
    const { text } = await ground.call('/metrics');
    assert.match(text, /message_traces_dropped_total 0/);
    assert.match(text, /message_traces_kept_total [1-9]/);
  });
});
