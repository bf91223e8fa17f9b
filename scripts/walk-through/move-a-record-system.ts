/**
 * The messaging of a GP system, as small as it can be: looks receivers up, sends through the intermediary with its own
 * certificate, takes what comes in over TLS, keeps it before it acknowledges, and knows again what came before. Owns no
 * record transfer (move-a-record-messages.ts).
 */
import { once } from 'node:events';
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import { parseXml, usualXmlLimits, type XmlElement } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import { acknowledgmentAction, writeAcknowledgment } from '../../spine/ebxml/acknowledgement.ts';
import { kindOf, readEbxml, type EbxmlEnvelope } from '../../spine/ebxml/envelope.ts';
import type { ReferenceParts } from '../../spine/ebxml/manifest.ts';
import { openMessage, xmlBytes } from '../../spine/ebxml/multipart.ts';
import { payloadReference, writeEbxml } from '../../spine/ebxml/write-envelope.ts';
import {
  envelopePart,
  payloadPart,
  writeMultipart,
  type OutgoingPart,
} from '../../spine/ebxml/write-multipart.ts';
import { isoTimestampOf } from '../../spine/hl7v3/datatypes.ts';
import { readTransmission, type Transmission } from '../../spine/hl7v3/wrapper.ts';
import { contractOfPattern } from '../../spine/interactions-contract.ts';

/** A system as it was registered: its names, and where its key and certificate lie. */
export interface Registration {
  readonly name: string;
  readonly odsCode: string;
  readonly asid: string;
  readonly partyKey: string;
  readonly fqdn: string;
  /** Where it listens on this machine. */
  readonly port: number;
  /** Its app's key for the directory. */
  readonly apiKey: string;
}

export interface Places {
  /** With `<fqdn>.key`, `.crt` and `.ca`; what is received goes below it. */
  readonly folder: string;
  /** SDS FHIR. */
  readonly directory: string;
  /** The reliable intermediary. */
  readonly intermediary: string;
  /** The supplier of both systems, which tells them from others of the same practice. */
  readonly supplier: string;
}

/** The other system, as the directory has it. */
export interface Peer {
  readonly odsCode: string;
  readonly asid: string;
  readonly partyKey: string;
  readonly cpaId: string;
}

export interface Outgoing {
  readonly to: string;
  readonly interaction: string;
  readonly conversationId: string;
  readonly messageId: string;
  readonly refToMessageId?: string;
  readonly payload: (peer: Peer) => XmlElement;
  /** Beside the payload's. */
  readonly references?: readonly ReferenceParts[];
  readonly attachments?: readonly OutgoingPart[];
}

export interface Incoming {
  readonly envelope: EbxmlEnvelope;
  readonly message: Transmission;
  /** Files by content id. */
  readonly files: ReadonlyMap<string, string>;
}

/** What becomes of a message that comes in: `cut` takes it, and its acknowledgement is lost. */
export type Fate = 'take' | 'fail' | 'cut';

const service = 'urn:nhs:names:services:gp2gp';
const ids = 'https://fhir.nhs.uk/Id';
/** Six hours and a quarter, as senders of records write. */
const timeToLive = 6.25 * 60 * 60_000;

export function newId(): string {
  return crypto.randomUUID().toUpperCase();
}

export class GpSystem {
  readonly registration: Registration;
  fate: (envelope: EbxmlEnvelope) => Fate = () => 'take';
  readonly #places: Places;
  readonly #say: (line: string) => void;
  readonly #tls: { key: string; cert: string; ca: string };
  readonly #known = new Set<string>();
  /** Ids of messages that the intermediary has acknowledged. */
  readonly #acknowledged = new Set<string>();
  readonly #arrived: Incoming[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #server;

  constructor(registration: Registration, places: Places, say: (line: string) => void) {
    this.registration = registration;
    this.#places = places;
    this.#say = (line) => {
      say(`${registration.name.padEnd(18)} ${line}`);
    };
    const file = (kind: string) =>
      readFileSync(join(places.folder, `${registration.fqdn}.${kind}`), 'utf8');
    this.#tls = { key: file('key'), cert: file('crt'), ca: file('ca') };
    const options = { ...this.#tls, requestCert: true, rejectUnauthorized: true };
    this.#server = createServer(options, (incoming, response) => {
      this.#take(incoming, response).catch((error: unknown) => {
        this.#say(`could not take a message: ${error instanceof Error ? error.message : ''}`);
        response.writeHead(500).end();
      });
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(this.registration.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  say(line: string): void {
    this.#say(line);
  }

  /** Takes the first message of this kind out of what has come, or waits for it. */
  async next(is: (incoming: Incoming) => boolean): Promise<Incoming> {
    for (;;) {
      const at = this.#arrived.findIndex(is);
      const [found] = at < 0 ? [] : this.#arrived.splice(at, 1);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Whether the intermediary has acknowledged a message, waiting for it so many milliseconds. */
  async hop(messageId: string, patience: number): Promise<boolean> {
    const until = AbortSignal.timeout(patience);
    const late = new Promise<void>((resolve) => {
      until.addEventListener('abort', () => {
        resolve();
      });
    });
    while (!this.#acknowledged.has(messageId) && !until.aborted)
      await Promise.race([late, new Promise<void>((resolve) => this.#waiting.add(resolve))]);
    return this.#acknowledged.has(messageId);
  }

  /** Who takes an interaction at an organisation. */
  async find(odsCode: string, interaction: string): Promise<Peer> {
    const device = await this.#ask('Device', odsCode, interaction, {
      'manufacturing-organization': `${ids}/ods-organization-code|${this.#places.supplier}`,
    });
    const partyKey = valueIn(device, 'nhsMhsPartyKey');
    const endpoint = await this.#ask('Endpoint', odsCode, interaction, {
      identifier: `${ids}/nhsMhsPartyKey|${partyKey}`,
    });
    const asid = valueIn(device, 'nhsSpineASID');
    return { odsCode, asid, partyKey, cpaId: valueIn(endpoint, 'nhsMhsCPAId') };
  }

  /** Sends a message; resolves when the intermediary has answered 202. */
  async send(sent: Outgoing): Promise<void> {
    const { to, interaction, messageId, attachments = [], references = [] } = sent;
    const { partyKey: fromParty } = this.registration;
    const peer = await this.find(to, interaction);
    const envelope = writeEbxml({
      ...{ fromParty, toParty: peer.partyKey, cpaId: peer.cpaId, service, action: interaction },
      ...{ messageId, conversationId: sent.conversationId, timestamp: isoTimestampOf(Date.now()) },
      timeToLive: isoTimestampOf(Date.now() + timeToLive),
      ...(sent.refToMessageId === undefined ? {} : { refToMessageId: sent.refToMessageId }),
      contract: contractOfPattern('forward-reliable'),
      references: [payloadReference(messageId, interaction, 'client'), ...references],
      style: 'client',
    });
    const payload = writeXml(sent.payload(peer), { declaration: true });
    const parts = [envelopePart(envelope), payloadPart(payload, messageId), ...attachments];
    const { contentType, contentLength, body } = writeMultipart(parts);
    const headers = {
      ...{ 'content-type': contentType, 'content-length': contentLength },
      soapaction: `"${service}/${interaction}"`,
    };
    const { status, text } = await this.#post(headers, body);
    if (status !== 202) throw new Error(`${interaction} was answered with ${status}: ${text}`);
  }

  async #post(headers: Record<string, string | number>, body: Buffer | Readable) {
    const outgoing = request(this.#places.intermediary, {
      ...{ method: 'POST', headers, agent: false, ...this.#tls },
    });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>; // its only argument
    outgoing.on('error', () => undefined); // an answer may come before all is sent; without one `once` tells
    const source = Buffer.isBuffer(body) ? Readable.from([body]) : body;
    source.pipe(outgoing);
    const [response] = await answered;
    source.destroy();
    return { status: response.statusCode ?? 0, text: String(await bytesOf(response)) };
  }

  async #ask(
    kind: string,
    odsCode: string,
    interaction: string,
    more: Readonly<Record<string, string>>,
  ): Promise<FoundEntry> {
    const query = new URLSearchParams({ organization: `${ids}/ods-organization-code|${odsCode}` });
    query.append('identifier', `${ids}/nhsServiceInteractionId|${service}:${interaction}`);
    for (const [name, value] of Object.entries(more)) query.append(name, value);
    const headers = { apikey: this.registration.apiKey, 'x-request-id': crypto.randomUUID() };
    const response = await fetch(`${this.#places.directory}/${kind}?${query.toString()}`, {
      headers,
    });
    const bundle = (await response.json()) as { entry?: { resource: FoundEntry }[] }; // SDS FHIR's own
    const [found, second] = bundle.entry ?? [];
    if (!found || second)
      throw new Error(`The directory has not exactly one ${kind} of ${odsCode} for ${interaction}`);
    return found.resource;
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    // the server is one on TLS
    const { CN } = (incoming.socket as TLSSocket).getPeerCertificate().subject;
    if (!String(CN).startsWith('gatehouse.')) throw new Error(`${String(CN)} is no intermediary`);
    const body = openMessage(incoming, incoming.headers['content-type'] ?? '');
    const { envelope: part, payload } = await body.first();
    const envelope = readEbxml(xmlBytes(part));
    if (kindOf(envelope) !== 'message') {
      this.#signalled(envelope);
      response.writeHead(202).end();
      return;
    }
    const { messageId, action } = envelope;
    const fate = this.fate(envelope);
    if (fate === 'fail' || !payload) {
      incoming.resume();
      this.#say(`${action} is lost: answers 500 before it is kept`);
      response.writeHead(500).end();
      return;
    }
    const again = this.#known.has(messageId);
    const files = new Map<string, string>();
    await body.attachments(async ({ contentId }, content) => {
      const name = contentId.replaceAll(/[^\w.-]/g, '_');
      const file = join(this.#places.folder, `${messageId}-${name}`);
      if (again) content.resume();
      else await pipeline(content, createWriteStream(file));
      files.set(contentId, file);
    });
    if (again) this.#say(`${action} came again: known, acknowledged, not taken twice`);
    else {
      writeFileSync(join(this.#places.folder, `${messageId}.xml`), xmlBytes(payload));
      this.#known.add(messageId);
      const root = parseXml(xmlBytes(payload), usualXmlLimits);
      this.#arrived.push({ envelope, message: readTransmission(root), files });
    }
    if (fate === 'cut') {
      this.#say(`${action} is kept, but its acknowledgement is lost on the way`);
      incoming.socket.destroy();
    } else {
      const parts = { messageId: newId(), timestamp: isoTimestampOf(Date.now()) };
      const text = writeAcknowledgment(envelope, parts);
      response.writeHead(200, { 'content-type': 'text/xml', soapaction: acknowledgmentAction });
      response.end(text);
    }
    this.#wake();
  }

  #signalled({ acknowledgment, errors, refToMessageId }: EbxmlEnvelope): void {
    if (acknowledgment) this.#acknowledged.add(acknowledgment.refToMessageId);
    const [error] = errors?.errors ?? [];
    if (error)
      this.#say(`is told ${error.errorCode} of ${refToMessageId ?? ''}: ${error.description}`);
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

interface FoundEntry {
  readonly identifier: readonly { readonly system: string; readonly value: string }[];
}

function valueIn({ identifier }: FoundEntry, name: string): string {
  return identifier.find(({ system }) => system === `${ids}/${name}`)?.value ?? '';
}

async function bytesOf(source: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source as AsyncIterable<Buffer>) chunks.push(chunk); // no encoding is set
  return Buffer.concat(chunks);
}
