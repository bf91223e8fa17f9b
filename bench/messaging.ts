/**
 * What Spine messaging costs: translating a record between HL7 V3 and FHIR, passing large attachments on, and taking a
 * message while very many conversations are open. Owns the invented messages and the data folders. Asserts nothing.
 */
import { cpSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { deliveryCollection, type Delivery } from '../core/outbox.ts';
import { retrieveView } from '../fhir/pds/projection.ts';
import { proxyCollection, revisionCollection, revisionId } from '../server/catalogue/proxies.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../server/store/embedded.ts';
import { childNamed, parseXml, usualXmlLimits, type XmlElement } from '../core/xml.ts';
import { interactionIn, readTransmission } from '../spine/hl7v3/wrapper.ts';
import { readControlAct } from '../spine/hl7v3/control-act.ts';
import { hl7 } from '../spine/hl7v3/datatypes.ts';
import { interactionOf } from '../spine/interactions.ts';
import { topics } from '../spine/mhs/deliveries.ts';
import { demographics } from '../spine/mhs/demographics.ts';
import { messageCollection, type KeptMessage } from '../spine/mhs/kept-message.ts';
import { fromRetrievalAnswer } from '../spine/pds/retrieval.ts';
import { toAdvancedTrace } from '../spine/pds/traces.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { readSoap } from '../spine/soap/envelope.ts';
import { answerTo, writeSoap } from '../spine/soap/write-envelope.ts';
import { hl7v3Ground } from '../test/hl7v3-ground.ts';
import { deployRecords } from '../test/pds-remote-ground.ts';
import { spineClientGround } from '../test/spine-client-ground.ts';
import {
  ebxmlRequest,
  hl7Message,
  practice,
  retrievalOf,
  services,
  soapRequest,
  spine,
} from '../test/spine-messages.ts';
import { startTestPlatform } from '../test/start-platform.ts';
import { compare, type Load, type Result } from './rounds.ts';
import { memory, startGatehouse, type Running } from './servers.ts';

const id = () => crypto.randomUUID().toUpperCase();

// ---- translation ----

/** Lines with the processor time of one record both ways, of messages as long as they come. */
export async function translation(): Promise<readonly string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const ground = await hl7v3Ground(dir);
  const lines: string[] = [];
  for (const number of ['9000000009', '9000000025', '9000000033'])
    lines.push(await oneRecord(ground, number));
  await ground.close();
  await rm(dir, { recursive: true, force: true });
  return lines;
}

async function oneRecord(ground: Awaited<ReturnType<typeof hl7v3Ground>>, nhsNumber: string) {
  const answer = demographics({ ...ground, now: () => ground.clock.now(), newId: id });
  const asking = ground.asking('bench');
  const served = async (text: string) => {
    const envelope = readSoap(Buffer.from(text));
    const element = interactionIn(envelope.body);
    const interaction = interactionOf(envelope.action ?? '');
    if (!element || !interaction) throw new Error('the request is no message');
    const message = readTransmission(element);
    const answered = await answer({ interaction, message, ...asking });
    const about = { messageId: id(), interaction: answered.interaction };
    const body = hl7('retrievalQueryResponse', {}, [answered.element]);
    return writeSoap(answerTo(envelope, { ...about, body }));
  };
  const asked = () => soapRequest(retrievalOf(nhsNumber, id()));
  const shown = (text: string) => {
    const element = interactionIn(bodyIn(text));
    const act = element && readTransmission(element).controlAct;
    const [subject] = act ? readControlAct(act).subjects : [];
    if (!subject) throw new Error('the answer holds nobody');
    return JSON.stringify(retrieveView(fromRetrievalAnswer(subject).record, asking.caller));
  };
  const text = await served(asked());
  const size = Buffer.byteLength(text);
  const there = await median(() => asked());
  const back = await median(() => shown(text));
  const theirs = await median(() => served(asked()));
  return `${(size / 1000).toFixed(1)} KB: question written ${ms(there)}, answer read into FHIR ${ms(back)}, together ${ms(there + back)}; the other side, store and matching included, ${ms(theirs)}`;
}

function bodyIn(text: string): XmlElement {
  const body = childNamed(parseXml(text, usualXmlLimits), 'Body');
  if (!body) throw new Error('the answer has no body');
  return body;
}

const ms = (microseconds: number) => `${(microseconds / 1000).toFixed(2)} ms CPU`;

/** Microseconds of processor time: the median of batches. */
async function median(work: () => unknown): Promise<number> {
  const batch = 50;
  const times: number[] = [];
  for (let i = 0; i < 60; i++) {
    const before = process.cpuUsage();
    for (let n = 0; n < batch; n++) await work();
    const { user, system } = process.cpuUsage(before);
    if (i >= 10) times.push((user + system) / batch); // the first are warming up
  }
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
}

// ---- attachments ----

/** A line with the memory that messages with this much attached took at most, over what the server had before. */
export async function attachments(megabytes: number, count = 10): Promise<string> {
  const receiver = await startReceiver();
  const ground = await preparedFolder(receiver.port);
  const server = await startGatehouse(ground.dir);
  const warm = 60;
  for (let i = 0; i < warm; i++) await sendLarge(server, ground, 0.05); // what calls load and leave behind
  await receiver.got(warm);
  const before = memory(server.pid).anonymous;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, memory(server.pid).anonymous);
  }, 10);

  for (let i = 0; i < count; i++) await sendLarge(server, ground, megabytes);
  const bytes = await receiver.got(warm + count);
  clearInterval(watch);
  await server.stop();
  receiver.close();
  await rm(ground.dir, { recursive: true, force: true });
  return `${count} messages with ${megabytes} MB attached, passed on one after the other (${Math.round(bytes / 1e6)} MB received): ${Math.round(most - before)} MiB more than the ${Math.round(before)} before`;
}

interface Ground {
  readonly dir: string;
  readonly receiver: { readonly asid: string; readonly partyKey: string; readonly cpaId: string };
}

/** A folder with the default data, where a receiver of record transfers listens on this port. */
async function preparedFolder(port: number): Promise<Ground> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  await (await startGatehouse(dir)).stop();
  const store = await openEmbeddedStore({ dir });
  const directory = openDirectory(store).in('shared');
  const interaction = `${services}gp2gp:RCMR_IN010000UK05`;
  const systems = await directory.systems({ interaction }, 3);
  const found = systems.find(({ partyKey }) => partyKey !== practice.partyKey);
  if (!found) throw new Error('nobody takes record transfers');
  const { asid, partyKey } = found;
  const handlers = await directory.handlers({ partyKey });
  for (const handler of handlers) {
    const entry = await directory.entry(`uniqueIdentifier=${handler.id},ou=Services,o=nhs`);
    const nhsMHSEndPoint = [`http://127.0.0.1:${port}/in`];
    if (entry)
      await directory.replace(
        { ...entry, attributes: { ...entry.attributes, nhsMHSEndPoint } },
        'bench',
      );
  }
  const [one] = await directory.handlers({ partyKey, interaction }, 1);
  await store.close();
  return { dir, receiver: { asid, partyKey, cpaId: one?.cpaId ?? '' } };
}

/** Sends one message with an attachment that is made while it is sent. */
async function sendLarge(server: Running, { receiver }: Ground, megabytes: number): Promise<void> {
  const messageId = id();
  const { asid: receiverAsid, partyKey: toParty, cpaId } = receiver;
  const subject = hl7Message(retrievalOf('9000000009', id()));
  const action = 'RCMR_IN010000UK05';
  const sent = { id: messageId, service: `${services}gp2gp`, action, receiverAsid };
  const { body, headers } = ebxmlRequest(
    { ...sent, act: { subjects: [subject] } },
    { pattern: 'forward-reliable', toParty, cpaId },
  );
  const boundary = /boundary="?([^";]+)/.exec(headers['content-type'])?.[1] ?? '';
  const text = body.toString();
  const contentId = `Attachment1@${messageId}`;
  const reference = `<eb:Reference xlink:href="cid:${contentId}" eb:id="A1"/></eb:Manifest>`;
  const withReference = text.replace('</eb:Manifest>', reference);
  const opening = withReference.slice(0, withReference.lastIndexOf(`--${boundary}--`));
  const head = `--${boundary}\r\nContent-Id: <${contentId}>\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\n`;
  const line = Buffer.from(`${'gatehouse '.repeat(100)}\r\n`);
  const lines = Math.round((megabytes * 1e6) / line.length);
  await new Promise<void>((resolve, reject) => {
    const outgoing = request(`${server.url}/reliablemessaging/forwardreliable`, {
      method: 'POST',
      headers,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let told = '';
      response.on('data', (chunk: Buffer) => (told += chunk.toString()));
      response.on('end', () => {
        if (response.statusCode === 202) resolve();
        else reject(new Error(`a message was answered with ${response.statusCode ?? 0}: ${told}`));
      });
    });
    Readable.from(
      (function* () {
        yield Buffer.from(opening + head);
        for (let n = 0; n < lines; n++) yield line;
        yield Buffer.from(`\r\n--${boundary}--\r\n`);
      })(),
      { objectMode: false },
    ).pipe(outgoing);
  });
}

/** Takes messages and forgets them; `got` resolves with all bytes when so many have come. */
async function startReceiver() {
  let count = 0;
  let bytes = 0;
  let wake: () => void = () => undefined;
  const server = createServer((incoming, response) => {
    const isMessage = (incoming.headers['content-type'] ?? '').includes('multipart');
    incoming.on('data', (chunk: Buffer) => (bytes += chunk.length));
    incoming.on('end', () => {
      response.writeHead(202).end();
      if (isMessage) count++;
      wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port, // a listening TCP server's
    async got(wanted: number) {
      while (count < wanted) await new Promise<void>((resolve) => (wake = resolve));
      return bytes;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

// ---- conversations ----

/** Updates taken a second, with nothing open and with so many conversations open. */
export async function conversations(open: number, load: Load): Promise<Result[]> {
  const folders = [await folderWith(0), await folderWith(open)];
  const servers = await Promise.all(folders.map(({ dir }) => startGatehouse(dir)));
  const contenders = servers.map((server, i) => ({
    name: `${i === 0 ? 0 : open} conversations open`,
    server,
    requests: [takenAnew(folders[i]?.cpaId ?? '')],
  }));
  const results = await compare(contenders, { ...load, connections: 16 });
  for (const server of servers) await server.stop();
  for (const { dir } of folders) await rm(dir, { recursive: true, force: true });
  return results;
}

/** A query for the asynchronous face, with new ids each time it is sent. */
function takenAnew(cpaId: string) {
  const fixed = id();
  const criteria = { family: 'Nobody', given: [], fuzzy: false, exact: false, history: false };
  const birthDate = { from: '1990-01-01', to: '1990-01-01' };
  const query = toAdvancedTrace({ ...criteria, birthDate, maxResults: 1 });
  const action = 'QUPA_IN000006UK02';
  const sent = { id: fixed, service: `${services}pdsquery`, action, act: { query } };
  const { body, headers } = ebxmlRequest(sent, { pattern: 'async-express', cpaId });
  const text = body.toString();
  return {
    method: 'POST' as const,
    path: '/reliablemessaging/queryrequest',
    headers,
    setupRequest: (given: object) => ({ ...given, body: text.replaceAll(fixed, id()) }),
  };
}

async function folderWith(open: number): Promise<{ dir: string; cpaId: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  await (await startGatehouse(dir)).stop();
  const store = await openEmbeddedStore({ dir });
  const query = {
    partyKey: spine.partyKey,
    interaction: `${services}pdsquery:QUPA_IN000006UK02`,
  };
  const [handler] = await openDirectory(store).in('shared').handlers(query, 1);
  await unlimited(store, 'sandbox.spine-async');
  if (open > 0) {
    await store.bulk(messageCollection, messagesOf(open, Date.now()));
    await store.bulk(deliveryCollection, deliveriesOf(open, Date.now()));
  }
  await store.close();
  return { dir, cpaId: handler?.cpaId ?? '' };
}

/** Takes the limits of a Proxy away: what is measured is not how calls are turned away. */
export async function unlimited(store: Pick<EmbeddedStore, 'open'>, proxy: string): Promise<void> {
  const revisions = store.open(revisionCollection);
  const active = (await store.open(proxyCollection).get(proxy))?.value.active ?? 0;
  const stored = await revisions.get(revisionId(proxy, active));
  if (!stored) throw new Error(`there is no ${proxy}`);
  const { definition } = stored.value;
  const policies = definition.policies.filter(
    ({ policy }) => !['spike-arrest', 'product-limits'].includes(policy),
  );
  const changed = { ...stored.value, by: 'bench', definition: { ...definition, policies } };
  await revisions.put(stored.id, changed, { expected: stored.version });
}

const openKey = (n: number) => `answer|open ${n}`;

/** Answers on their way to a practice whose acknowledgement has not come. */
function* messagesOf(count: number, now: number): Generator<{ id: string; value: KeptMessage }> {
  const body = { size: 6_000, inline: 'a'.repeat(8_000) };
  for (let n = 0; n < count; n++)
    yield {
      id: openKey(n),
      value: {
        ...{ ...aboutOpen(n), kind: 'answer', contentType: 'multipart/related', body },
        ...{ soapAction: 'bench', acknowledged: true, received: now, until: now + 3_600_000 },
      },
    };
}

function* deliveriesOf(count: number, now: number): Generator<{ id: string; value: Delivery }> {
  for (let n = 0; n < count; n++) {
    const key = openKey(n);
    const id = `${topics.send}|${key}`;
    const schedule = { retries: 2, interval: 60_000, lifetime: 86_400_000 };
    const { messageId, conversationId } = aboutOpen(n);
    yield {
      id,
      value: {
        ...{ id, topic: topics.send, body: key, about: {}, refs: [messageId, conversationId] },
        ...{ lane: `sandbox ${practice.partyKey}`, schedule, state: 'sent', attempts: 1 },
        ...{ created: now, due: now + 3_600_000, expires: now + 86_400_000 },
      },
    };
  }
}

function aboutOpen(n: number) {
  const messageId = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  return {
    ...{ environment: 'sandbox', workspace: 'shared', cpaId: 'S2001YES001', messageId },
    ...{ fromParty: spine.partyKey, toParty: practice.partyKey, conversationId: messageId },
    ...{ service: `${services}pds`, action: 'PRPA_IN000202UK01', refToMessageId: undefined },
  };
}

// ---- through a back end ----

/** FHIR reads through a back end that speaks HL7 V3 only, over mutual TLS, beside the same reads of stored records. */
export async function throughBackEnd(load: Load): Promise<Result[]> {
  const port = 17_100 + Math.floor(Math.random() * 800);
  const platform = await startTestPlatform();
  const ground = await spineClientGround(platform);
  await ground.nationalAt({ url: `https://localhost:${port}`, fqdn: 'localhost' });
  await ground.ownAt({ url: `https://localhost:${port}`, fqdn: 'localhost' });
  const answering = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  await unlimited(platform.store, 'sandbox.spine-sync');
  await deployRecords(platform, ground.records, 'sandbox', Date.now);
  await unlimited(platform.store, 'sandbox.personal-demographics');
  await platform.stop();
  cpSync(platform.dataDir, answering, { recursive: true });
  const theirs = await startGatehouse(answering, { TLS_PORT: String(port) });
  const ours = await startGatehouse(platform.dataDir);
  const path = '/personal-demographics/FHIR/R4/Patient/9000000009';
  const headers = { 'x-request-id': '60e0b220-8136-4ca5-ae46-1d97ef59d068' };
  const requests = [{ method: 'GET' as const, path, headers }];
  const results = await compare([{ name: 'through HL7 V3', server: ours, requests }], {
    ...load,
    connections: 16,
  });
  for (const server of [ours, theirs]) await server.stop();
  for (const dir of [platform.dataDir, answering]) await rm(dir, { recursive: true, force: true });
  return results;
}
