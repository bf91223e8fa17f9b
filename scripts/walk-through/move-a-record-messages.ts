/**
 * The messages of record transfer between GP systems: request, extract, continue, fragment index, fragment, acknowledgement.
 * Owns their HL7 payloads and how fragments are described; the record itself is an opaque document that nobody here reads.
 */
import { xmlElement, type XmlElement } from '../../core/xml.ts';
import { writeAttachmentDescription } from '../../spine/ebxml/attachment-description.ts';
import type { ReferenceParts } from '../../spine/ebxml/manifest.ts';
import type { Acknowledgement } from '../../spine/hl7v3/acknowledgement.ts';
import { writeControlAct } from '../../spine/hl7v3/control-act.ts';
import { codeElement, hl7, idElement, timestampOf } from '../../spine/hl7v3/datatypes.ts';
import { codeSystems, roots } from '../../spine/hl7v3/ids.ts';
import { writeTransmission } from '../../spine/hl7v3/wrapper.ts';

/** The message types, all of service `urn:nhs:names:services:gp2gp`. */
export const interactions = {
  request: 'RCMR_IN010000UK05',
  extract: 'RCMR_IN030000UK06',
  /** Continue, fragment index and fragment. */
  content: 'COPC_IN000001UK01',
  acknowledgement: 'MCCI_IN010000UK13',
} as const;

/** Between which systems of which practices a message goes. */
export interface Between {
  readonly messageId: string;
  readonly from: { readonly asid: string; readonly odsCode: string };
  readonly to: { readonly asid: string; readonly odsCode: string };
}

/** Asks for the record of a patient. */
export function ehrRequest(between: Between, requestId: string, nhsNumber: string): XmlElement {
  const { from, to } = between;
  const request = hl7('EhrRequest', { classCode: 'EXTRACT', moodCode: 'RQO' }, [
    idElement(requestId),
    patient(nhsNumber),
    hl7('author', { typeCode: 'AUT' }, [organisation(from.odsCode)]),
    hl7('destination', { typeCode: 'DST' }, [organisation(to.odsCode)]),
  ]);
  return transmission(interactions.request, between, request);
}

/** The record: this is its skeleton, and what it holds follows as attachments. */
export function ehrExtract(between: Between, requestId: string, nhsNumber: string): XmlElement {
  const { from, to } = between;
  const inner = hl7('EhrExtract', { classCode: 'EXTRACT', moodCode: 'EVN' }, [
    idElement(crypto.randomUUID().toUpperCase()),
    patient(nhsNumber),
    hl7('author', { typeCode: 'AUT' }, [organisation(from.odsCode)]),
    hl7('destination', { typeCode: 'DST' }, [organisation(to.odsCode)]),
    hl7('inFulfillmentOf', { typeCode: 'FLFS' }, [
      hl7('priorEhrRequest', { classCode: 'EXTRACT', moodCode: 'RQO' }, [idElement(requestId)]),
    ]),
  ]);
  return transmission(interactions.extract, between, inner);
}

/** The receiver has the extract and is ready for what follows it. */
export function continuing(between: Between, extractId: string): XmlElement {
  const { messageId, from, to } = between;
  const known = codeElement('code', '0', codeSystems.gp2gpResponse, 'Continue');
  const accepted = hl7('acknowledgement', { typeCode: 'AA' }, [
    hl7('acknowledgementDetail', { typeCode: 'IF' }, [known]),
    hl7('messageRef', {}, [idElement(extractId)]),
  ]);
  const answer = hl7('Message', { type: 'Message' }, [
    idElement(messageId),
    known,
    hl7('creationTime', { value: timestampOf(Date.now()) }),
    accepted,
  ]);
  const body = gp('Gp2gpfragment', [
    answer,
    gp('acknowledgedMessage', [{ ...idElement(extractId), uri: gp2gpUri }]),
  ]);
  return transmission(
    interactions.content,
    between,
    information(between, {
      ...{ code: 'GP2GP_PI', displayName: 'GP2GP Payload Information', type: 'RCMR_MT000002GB01' },
      subject: 'Continue Acknowledgement',
      body: payloadBody('GP2GP_PB', 'GP2GP Payload Body', messageId, body),
      ...{ from, to },
    }),
  );
}

/** A fragment, or the index of several: which of them, the manifest says. */
export function fragment(between: Between, filename: string): XmlElement {
  const { messageId, from, to } = between;
  const reference = hl7('reference', { value: filename });
  const display = 'GP2GP Large Message Attachment';
  return transmission(
    interactions.content,
    between,
    information(between, {
      code: 'GP2GPLMATTACHMENTINFO',
      displayName: `${display} Information`,
      type: 'RCMR_MT000001GB01',
      subject: `Attachment: ${filename}`,
      body: payloadBody('GP2GPLMATTACHMENT', display, messageId, reference),
      ...{ from, to },
    }),
  );
}

/** Accepts a message of the application, or refuses it with a code of record transfer. */
export function acknowledgement(
  between: Between,
  messageRef: string,
  refusal?: { readonly code: string; readonly text: string },
): XmlElement {
  const details = refusal
    ? [{ ...{ typeCode: 'ER', codeSystem: codeSystems.gp2gpResponse }, ...named(refusal) }]
    : [];
  const ack: Acknowledgement = { typeCode: refusal ? 'AE' : 'AA', messageRef, details };
  return transmission(interactions.acknowledgement, between, undefined, ack);
}

function named({ code, text }: { readonly code: string; readonly text: string }) {
  return { code, displayName: text };
}

/** What follows in a message of its own. */
export interface Following {
  readonly messageId: string;
  readonly filename: string;
  readonly contentType: string;
  readonly length: number;
  readonly compressed?: boolean;
  /** Whether that message is an index of fragments. */
  readonly large?: boolean;
  /** Whether it is the extract itself. */
  readonly skeleton?: boolean;
}

export function following(one: Following): ReferenceParts {
  return { scheme: 'mid', target: one.messageId, ...described(one) };
}

/** The attachment of the message that bears it. */
export function attached(contentId: string, one: Following): ReferenceParts {
  return { scheme: 'cid', target: contentId, ...described(one) };
}

function described(one: Following): Pick<ReferenceParts, 'id' | 'description'> {
  const description = writeAttachmentDescription({
    ...{ filename: one.filename, contentType: one.contentType, length: one.length },
    ...{ compressed: one.compressed === true, largeAttachment: one.large === true },
    originalBase64: false,
    domainData: one.skeleton === true ? 'X-GP2GP-Skeleton: Yes' : undefined,
  });
  return { id: `_${one.messageId}`, description };
}

function transmission(
  interaction: string,
  { messageId, from, to }: Between,
  subject: XmlElement | undefined,
  ack?: Acknowledgement,
): XmlElement {
  const subjects = subject ? [subject] : [];
  return writeTransmission({
    ...{ interaction, id: messageId, creationTime: timestampOf(Date.now()) },
    ...{ senderAsid: from.asid, receiverAsid: to.asid, versionCode: 'V3NPfIT3.1.10' },
    ...(ack ? { acknowledgement: ack } : {}),
    controlAct: writeControlAct({ system: from.asid, subjects, subjectContext: false }),
  });
}

function patient(nhsNumber: string): XmlElement {
  const inner = hl7('patient', { classCode: 'PAT' }, [idElement(roots.nhsNumber, nhsNumber)]);
  return hl7('recordTarget', { typeCode: 'RCT' }, [inner]);
}

function organisation(odsCode: string): XmlElement {
  const kind = { classCode: 'ORG', determinerCode: 'INSTANCE' };
  return hl7('AgentOrgSDS', { classCode: 'AGNT' }, [
    hl7('agentOrganizationSDS', kind, [idElement(roots.odsOrganisation, odsCode)]),
  ]);
}

interface Information {
  readonly code: string;
  readonly displayName: string;
  readonly type: string;
  readonly subject: string;
  readonly from: Between['from'];
  readonly to: Between['to'];
  readonly body: XmlElement;
}

const gp2gpUri = 'urn:nhs:names:services:gp2gp';
const payloadCodes = '2.16.840.1.113883.2.1.3.2.4.17.202';
const messageTypes = '2.16.840.1.113883.2.1.3.2.4.18.17';

function information({ messageId }: Between, about: Information): XmlElement {
  const type = idElement(messageTypes, about.type, 'messageType');
  const value = gp('Gp2gpfragment', [
    gp('Version', ['01']),
    gp('Recipients', [gp('Recipient', [about.to.odsCode])]),
    gp('From', [about.from.odsCode]),
    gp('subject', [about.subject]),
    gp('message-id', [messageId]),
  ]);
  return hl7('PayloadInformation', { classCode: 'OBS', moodCode: 'EVN' }, [
    codeElement('code', about.code, payloadCodes, about.displayName),
    idElement(messageId),
    { ...type, uri: 'NPFIT:HL7:Localisation' },
    hl7('value', {}, [value]),
    hl7('pertinentInformation', { typeCode: 'PERT' }, [
      hl7('sequenceNumber', { value: '1' }),
      about.body,
    ]),
  ]);
}

function payloadBody(code: string, displayName: string, id: string, value: XmlElement): XmlElement {
  return hl7('pertinentPayloadBody', { classCode: 'OBS', moodCode: 'EVN' }, [
    codeElement('code', code, payloadCodes, displayName),
    idElement(id),
    hl7('value', {}, [value]),
  ]);
}

function gp(name: string, children: readonly (XmlElement | string)[]): XmlElement {
  return xmlElement(name, children, { uri: gp2gpUri });
}
