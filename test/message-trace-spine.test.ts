/** Traces of Spine messages over the wire: what came of each, across calls, the work behind them, and a restart. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { outboxEntry } from '../core/outbox.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { openClient } from '../scripts/gatehouse/client.ts';
import { messagesCommand } from '../scripts/gatehouse/commands/messages.ts';
import { messageTrace } from '../server/message-trace-api.ts';
import { openTraceKeeper, type TraceKeeper } from '../server/observe/trace-keeper.ts';
import { processing } from '../spine/mhs/deliveries.ts';
import { messageCollection, messageKey } from '../spine/mhs/kept-message.ts';
import { toUpdate } from '../spine/pds/update-request.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { actorOf } from './administration-ground.ts';
import { acknowledging, Handler, moveEndpoints } from './message-handler.ts';
import { lookOver, step, stepsOf, traceWhen } from './message-trace-ground.ts';
import {
  ebxmlRequest,
  hl7Message,
  post,
  practice,
  retrievalOf,
  services,
  soapRequest,
  spine,
  type EbxmlSent,
  type Sent,
} from './spine-messages.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const id = () => crypto.randomUUID().toUpperCase();
const jane = '9000000009';

/** What reads beside the platform's own, which writes twice a second. */
function keeperOf({ store }: TestPlatform, clock: Clock): TraceKeeper {
  const log: Log = { log: () => undefined, child: () => log };
  const time = { now: () => clock.now(), newId: () => clock.newId() };
  return openTraceKeeper({ store, ...time, log, most: 1_000_000, keptFor: 1_000_000 });
}

describe('traces of Spine messages', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let own: Handler;
  let other: Handler;
  let offset = 0;
  const receiver = { asid: '', partyKey: '', cpaId: '' };
  const clock = { now: () => Date.now() + offset, newId: () => crypto.randomUUID() };
  /** As an operator, within the process: a clock that jumps ends every token. */
  const look = (one: string) => {
    const { store, journal } = platform;
    const find = (ids: readonly string[]) => keeperOf(platform, clock).find(ids);
    return messageTrace({ store, journal, clock, keeper: { find } }, actorOf('operator'), one);
  };
  const view = () => openDirectory(platform.store).in('shared');
  const cpaOf = async (interaction: string, partyKey = spine.partyKey) =>
    (await view().handlers({ partyKey, interaction }, 1))[0]?.cpaId ?? '';
  const send = (sent: Sent, header: EbxmlSent, path = 'reliablerequest', more = {}) => {
    const { body, headers } = ebxmlRequest(sent, header);
    return post(`${platform.url}/reliablemessaging/${path}`, body, { ...headers, ...more });
  };
  const forward = (messageId: string, header: Partial<EbxmlSent> = {}) => {
    const act = { subjects: [hl7Message(retrievalOf(jane, id()))] };
    const what = { service: `${services}gp2gp`, action: 'RCMR_IN010000UK05' };
    const { partyKey: toParty, cpaId, asid: receiverAsid } = receiver;
    return send(
      { ...what, id: messageId, receiverAsid, act },
      { pattern: 'forward-reliable', toParty, cpaId, ...header },
      'forwardreliable',
    );
  };
  const update = async (messageId: string): Promise<Sent> => {
    const stored = await platform.store.open(patientCollection).in('shared').get(jane);
    assert.ok(stored);
    const { patient } = stored.value;
    const gender = patient.gender === 'female' ? 'male' : 'female';
    const request = toUpdate(stored.value, { ...stored.value, patient: { ...patient, gender } });
    assert.ok(request);
    const what = { service: `${services}pds`, action: 'PRPA_IN000203UK03' };
    return { ...what, id: messageId, act: { subjects: [request] } };
  };
  const sendUpdate = async (messageId: string, more = {}) => {
    const cpaId = await cpaOf(`${services}pds:PRPA_IN000203UK03`);
    const header = { pattern: 'async-reliable', cpaId, conversationId: id() } as const;
    const answer = await send(await update(messageId), header, 'reliablerequest', more);
    assert.equal(answer.status, 202, answer.text);
    return header.conversationId;
  };

  before(async () => {
    platform = await startTestPlatform({ clock });
    own = new Handler();
    other = new Handler();
    own.answer = acknowledging;
    await moveEndpoints(view(), practice.partyKey, await own.listen());
    const interaction = `${services}gp2gp:RCMR_IN010000UK05`;
    const systems = await view().systems({ interaction }, 3);
    const found = systems.find(({ partyKey }) => partyKey !== practice.partyKey);
    assert.ok(found);
    const { asid, partyKey } = found;
    Object.assign(receiver, { asid, partyKey, cpaId: await cpaOf(interaction, partyKey) });
    await moveEndpoints(view(), partyKey, await other.listen());
  });
  after(async () => {
    await platform.end();
    await own.close();
    await other.close();
  });

  it('tell of a query what was asked and answered, and name the person for the audit alone', async () => {
    const messageId = id();
    const sent = soapRequest(retrievalOf(jane, messageId));
    const answer = await post(`${platform.url}/sync-service`, sent);
    assert.equal(answer.status, 200, answer.text);
    const wire = lookOver(openClient({ dataDir: platform.dataDir }));
    const trace = await traceWhen(wire, messageId.toLowerCase(), ({ steps }) => steps.length > 5);
    const translated = step(trace, (one) => one.step === 'translated');
    assert.equal(translated.texts, 'whole');
    assert.match(translated.before ?? '', /QUPA_IN000008UK02[^]*9000000009/);
    assert.match(translated.after ?? '', /QUPA_IN000009UK03/);
    const order = trace.steps.map(({ at }) => at);
    assert.deepEqual(order, [...order].sort());
    assert.equal(trace.steps.at(-1)?.step, 'answered');
  });

  it('are told by the command line, as text and as JSON, with what people did', async () => {
    const [messageId, given] = [id(), id()];
    await post(`${platform.url}/sync-service`, soapRequest(retrievalOf(jane, messageId)));
    const printed: string[] = [];
    const { log } = console;
    const flags = ['--data-dir', platform.dataDir, '--url', platform.url];
    const run = (...args: readonly string[]) =>
      messagesCommand().parseAsync(['trace', ...args, ...flags], { from: 'user' });
    console.log = (line: string) => printed.push(line);
    try {
      await run(messageId);
      await run(messageId, '--json');
      await assert.rejects(run('none'), /gatehouse messages list/);
      other.answer = () => ({ status: 500, body: '' });
      await forward(given);
      const place = { environment: 'sandbox', fromParty: practice.partyKey };
      const delivery = `spine-send|${messageKey({ ...place, messageId: given })}`;
      const first = 'delivery, attempt 1 of 3: refused';
      await traceWhen(look, given, (trace) => stepsOf(trace).includes(first));
      for (const [name, ...more] of [['abandon', '--reason', 'moved'], ['retry']] as const)
        await messagesCommand().parseAsync([name, delivery, ...more, ...flags], { from: 'user' });
      const told = await traceWhen(look, given, (trace) => stepsOf(trace, 'management').length > 1);
      assert.deepEqual(stepsOf(told, 'management'), [
        'management: gave-up',
        'management: received',
      ]);
    } finally {
      other.answer = acknowledging;
      console.log = log;
    }
    const [text = '', json = ''] = printed;
    assert.match(
      text,
      /^Trace of [^]*call to spine-sync in sandbox, app open-sandbox\n +\S+Z +\+0.0 ms +received/,
    );
    assert.equal((JSON.parse(json) as { id: string }).id, messageId);
  });

  it('tell of an update how it came, was processed, and its answer sent and taken', async () => {
    const messageId = id();
    const correlation = crypto.randomUUID();
    const conversationId = await sendUpdate(messageId, { 'x-correlation-id': correlation });
    for (const one of [messageId, conversationId, correlation]) {
      const trace = await traceWhen(look, one, (found) =>
        stepsOf(found, 'delivery').some((told) => told.endsWith('acknowledged')),
      );
      const steps = (place: string) =>
        stepsOf(trace, place).map((told) => told.slice(told.lastIndexOf(' ') + 1));
      assert.deepEqual(steps('call to spine-async'), [
        ...['received', 'checked', 'received', 'checked', 'looked-up'],
        ...['checked', 'checked', 'checked', 'answered', 'answered'],
      ]);
      assert.deepEqual(steps('processing'), [
        ...['received', 'checked', 'translated', 'looked-up', 'answered'],
      ]);
      assert.deepEqual(steps('delivery, attempt 1 of 3'), ['looked-up', 'sent', 'acknowledged']);
      const came = step(trace, ({ facts }) => facts?.cpaId !== undefined);
      const { fromParty, toParty, interaction } = came.facts ?? {};
      assert.deepEqual(
        [fromParty, toParty, interaction],
        [practice.partyKey, spine.partyKey, `${services}pds:PRPA_IN000203UK03`],
      );
      const translated = step(
        trace,
        ({ in: place, step: name }) => place === 'processing' && name === 'translated',
      );
      assert.match(translated.before ?? '', /PRPA_IN000203UK03/);
      assert.match(translated.after ?? '', /PRPA_IN000202UK01/);
    }
  });

  it('tell of a forwarded message each attempt, and the acknowledgement that came by itself', async () => {
    const messageId = id();
    other.answer = () => ({ status: 500, body: '' });
    assert.equal((await forward(messageId)).status, 202);
    await traceWhen(look, messageId, (trace) =>
      stepsOf(trace).includes('delivery, attempt 1 of 3: refused'),
    );
    other.answer = () => ({ status: 202, body: '' });
    offset += 61_000;
    const taken = await traceWhen(look, messageId, (trace) =>
      stepsOf(trace).includes('delivery, attempt 2 of 3: answered'),
    );
    assert.match(
      step(taken, (one) => one.step === 'refused').facts?.reason ?? '',
      /answered with 500/,
    );
    const message = other.received.find(
      ({ envelope }) => envelope.messageId === messageId,
    )?.envelope;
    assert.ok(message);
    const acknowledged = await post(
      `${platform.url}/reliablemessaging/forwardreliable`,
      acknowledging(message).body,
      {
        'content-type': 'text/xml',
        soapaction: 'urn:oasis:names:tc:ebxml-msg:service/Acknowledgment',
      },
    );
    assert.equal(acknowledged.status, 202, acknowledged.text);
    other.answer = acknowledging;
    const trace = await traceWhen(look, messageId, ({ steps }) =>
      steps.some((one) => one.step === 'acknowledged'),
    );
    const last = step(trace, (one) => one.step === 'acknowledged');
    assert.equal(last.in, 'call to spine-async');
    assert.equal(last.app, 'open-sandbox');
    assert.ok(stepsOf(trace, 'signal: acknowledgment').includes('signal: acknowledgment: sent'));
  });

  it('tell by which rule a message was refused, and who gave one up', async () => {
    const [wrongCpa, wrongAsid, given] = [id(), id(), id()];
    await forward(wrongCpa, { cpaId: 'S0000' });
    const error = step(await traceWhen(look, wrongCpa), (one) => one.step === 'refused');
    assert.deepEqual(error.facts?.code, 'ValueNotRecognized');
    const query = { ...retrievalOf(jane, wrongAsid), senderAsid: '299999999999' };
    assert.equal((await post(`${platform.url}/sync-service`, soapRequest(query))).status, 500);
    const refused = await traceWhen(look, wrongAsid);
    assert.match(
      JSON.stringify(refused.steps.filter((one) => one.step === 'refused')),
      /SENDER_ASID_UNKNOWN/,
    );
    other.answer = () => ({ status: 500, body: '' });
    await forward(given);
    const jumping = setInterval(() => (offset += 61_000), 200);
    const trace = await traceWhen(look, given, (found) =>
      found.steps.some((one) => one.step === 'gave-up'),
    );
    clearInterval(jumping);
    other.answer = acknowledging;
    assert.match(step(trace, (one) => one.step === 'gave-up').says, /retries used up/);
  });

  it('hold in production no value of any message', async () => {
    const messageId = id();
    await sendUpdate(messageId);
    const messages = platform.store.open(messageCollection);
    const stored = await messages.get(
      messageKey({ environment: 'sandbox', fromParty: practice.partyKey, messageId }),
    );
    assert.ok(stored);
    const live = {
      ...stored.value,
      environment: 'production',
      messageId: id(),
      conversationId: id(),
    };
    const key = messageKey(live);
    const outbox = [outboxEntry(processing(key, live, 60_000))];
    await messages.put(key, live, { expected: 0, outbox });
    const trace = await traceWhen(look, live.messageId, ({ steps }) =>
      steps.some((one) => one.step === 'translated'),
    );
    const translated = step(trace, (one) => one.step === 'translated');
    assert.equal(translated.texts, 'structure');
    assert.match(translated.before ?? '', /<PRPA_IN000203UK03/);
    const patient = (await platform.store.open(patientCollection).in('shared').get(jane))?.value
      .patient;
    const [name] = patient?.name ?? [];
    const [address] = patient?.address ?? [];
    const values = [
      jane,
      name?.family,
      ...(name?.given ?? []),
      patient?.birthDate,
      address?.postalCode,
      ...(address?.line ?? []),
    ];
    for (const value of values.filter((one) => one !== undefined && one.length > 2))
      assert.equal(JSON.stringify(trace).includes(String(value)), false);
  });

  it('come together again after a restart between the message and its answer', async () => {
    const messageId = id();
    own.answer = () => ({ status: 500, body: '' });
    await sendUpdate(messageId);
    await traceWhen(look, messageId, (trace) =>
      stepsOf(trace).includes('delivery, attempt 1 of 3: refused'),
    );
    await platform.stop();
    own.answer = acknowledging;
    offset += 61_000;
    const { dataDir } = platform;
    platform = await startTestPlatform({ clock, dataDir });
    const trace = await traceWhen(look, messageId, (found) =>
      stepsOf(found, 'delivery').some((told) => told.endsWith('acknowledged')),
    );
    assert.ok(stepsOf(trace).includes('call to spine-async: received'));
    assert.ok(stepsOf(trace).includes('delivery, attempt 2 of 3: acknowledged'));
  });

  it('are found by who fetches the answer, under the id it is fetched by', async () => {
    const messageId = id();
    const cpaId = await cpaOf(`${services}pdsquery:QUPA_IN000008UK02`);
    const { body, headers } = ebxmlRequest(retrievalOf(jane, messageId), {
      pattern: 'async-express',
      cpaId,
    });
    const init = { method: 'POST', headers, body: new Uint8Array(body) };
    const taken = await fetch(`${platform.url}/clinical`, init);
    const place = taken.headers.get('content-location') ?? '';
    assert.equal(taken.status, 202, await taken.text());
    for (;;) {
      const answer = await fetch(platform.url + place);
      await answer.arrayBuffer();
      if (answer.status !== 202) break;
      await pause(20);
    }
    const pollId = place.split('/').at(-1) ?? '';
    const trace = await traceWhen(look, pollId, ({ steps }) =>
      steps.some(({ says }) => says.includes('fetched')),
    );
    assert.ok(stepsOf(trace).includes('processing: answered'));
  });
});
