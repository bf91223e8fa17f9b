/** Messages of an invented practice system for tests: whole requests in SOAP and ebXML, from their parts. */
import type { XmlElement } from '../core/xml.ts';
import { writeXml } from '../core/xml-write.ts';
import { writeEbxml, payloadReference, type HeaderParts } from '../spine/ebxml/write-envelope.ts';
import { envelopePart, payloadPart, writeMultipart } from '../spine/ebxml/write-multipart.ts';
import { writeControlAct, type ControlActParts } from '../spine/hl7v3/control-act.ts';
import { writeTransmission } from '../spine/hl7v3/wrapper.ts';
import { contractOfPattern, type Pattern } from '../spine/interactions-contract.ts';
import { toRetrieval } from '../spine/pds/retrieval.ts';
import { writeSoap } from '../spine/soap/write-envelope.ts';

/** Of the default directory: the national services, and two practices' systems. */
export const spine = { asid: '928942012545', partyKey: 'YES-0000806' };
export const practice = { asid: '200000010003', odsCode: 'Y90001', partyKey: 'Y90001-820003' };

export const services = 'urn:nhs:names:services:';

export interface Sent {
  readonly id: string;
  readonly service: string;
  readonly action: string;
  readonly senderAsid?: string;
  readonly receiverAsid?: string;
  readonly act: Omit<ControlActParts, 'system'>;
}

/** The HL7 message. */
export function hl7Message({ id, action, senderAsid, receiverAsid, act }: Sent): XmlElement {
  const system = senderAsid ?? practice.asid;
  return writeTransmission({
    ...{ interaction: action, id, creationTime: '20261101120000', senderAsid: system },
    receiverAsid: receiverAsid ?? spine.asid,
    controlAct: writeControlAct({ system, ...act }),
  });
}

/** A request in SOAP. */
export function soapRequest(sent: Sent): string {
  return writeSoap({
    ...{ messageId: sent.id, action: `${sent.service}/${sent.action}`, to: 'https://spine.test/' },
    senderAsid: sent.senderAsid ?? practice.asid,
    receiverAsid: sent.receiverAsid ?? spine.asid,
    body: hl7Message(sent),
  });
}

/** A retrieval of a person's record. */
export function retrievalOf(nhsNumber: string, id: string): Sent {
  return {
    ...{ id, service: `${services}pdsquery`, action: 'QUPA_IN000008UK02' },
    act: { query: toRetrieval({ nhsNumber, history: false, items: ['person.allData'] }) },
  };
}

export interface EbxmlSent extends Partial<HeaderParts> {
  readonly pattern: Pattern;
}

/** A message in ebXML: its body, and the fields that go with it. */
export function ebxmlRequest(sent: Sent, header: EbxmlSent) {
  const { pattern, ...more } = header;
  const parts: HeaderParts = {
    ...{ fromParty: practice.partyKey, toParty: spine.partyKey, cpaId: 'S2001YES001' },
    ...{ conversationId: sent.id, service: sent.service, action: sent.action },
    ...{ messageId: sent.id, timestamp: '2026-11-01T12:00:00Z', ...more },
  };
  const envelope = writeEbxml({
    ...parts,
    contract: contractOfPattern(pattern),
    references: [payloadReference(parts.messageId, parts.action, 'client')],
    style: 'client',
  });
  const payload = writeXml(hl7Message(sent), { declaration: true });
  const { body, contentType } = writeMultipart([
    envelopePart(envelope),
    payloadPart(payload, parts.messageId),
  ]);
  if (!Buffer.isBuffer(body)) throw new Error('a message of texts is in memory');
  const soapaction = `${parts.service}/${parts.action}`;
  return { body, headers: { 'content-type': contentType, soapaction } };
}

/** Posts XML; gives status, media type and text. */
export async function post(
  url: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = { 'content-type': 'text/xml' },
) {
  const sent = typeof body === 'string' ? body : new Uint8Array(body);
  const response = await fetch(url, { method: 'POST', headers, body: sent });
  const text = await response.text();
  return { status: response.status, type: response.headers.get('content-type'), text };
}
