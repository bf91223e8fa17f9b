/** The answers of the MESH API in the shapes of both versions. Owns their spelling, which differs even inside one version. */
import type { Reply } from '../../core/exchange.ts';
import { digitsOf, lifetimes, type MeshChunk, type MeshMessage } from './messages.ts';
import type { Mailbox } from './mailboxes.ts';

export type Version = 1 | 2;

const types: Readonly<Record<Version, string>> = {
  1: 'application/json',
  2: 'application/vnd.mesh.v2+json',
};

/** A body in a version's media type; undefined: none. */
export function answer(version: Version, status: number, body?: object): Reply {
  const headers = { 'content-type': types[version], vary: 'Accept' };
  return { status, headers, body: body === undefined ? '' : JSON.stringify(body) };
}

/** The fields of a message that is fetched. @param encoding in which its bytes leave; empty: in none */
export function messageFields(
  message: MeshMessage,
  n: number,
  encoding: 'gzip' | '' = message.encoding ?? '',
): Record<string, string> {
  const { id, kind, sender, recipient, workflow, localId, subject, partnerId, checksum } = message;
  const { fileName = `${id}.dat`, encrypted, compressed, contentType, linked } = message;
  const report = kind === 'REPORT';
  const fields: Readonly<Record<string, string | undefined>> = {
    'mex-from': report ? undefined : sender,
    'mex-to': recipient,
    'mex-workflowid': workflow,
    'mex-localid': localId,
    'mex-partnerid': partnerId,
    'mex-subject': subject,
    'mex-filename': report ? undefined : fileName,
    'mex-messageid': id,
    'mex-messagetype': kind,
    'mex-chunk-range': `${n}:${message.total}`,
    'mex-total-chunks': String(message.total),
    'mex-version': '1.0',
    'mex-addresstype': 'ALL',
    'mex-content-encrypted': encrypted,
    'mex-content-checksum': checksum,
    'mex-content-type': report ? undefined : contentType,
    'mex-content-compressed': encoding === 'gzip' ? 'Y' : compressed,
    'mex-linkedmsgid': linked,
    ...statusFields(message),
  };
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, text]) => (text ? [[name, text]] : [])),
  );
}

function statusFields({ kind, report, accepted = 0 }: MeshMessage): Record<string, string> {
  const told =
    kind === 'REPORT' && report
      ? {
          ...{ code: report.code, event: report.event, text: report.text },
          success: report.code === '00' ? 'SUCCESS' : 'ERROR',
        }
      : {
          ...{ code: '00', event: 'TRANSFER', text: 'Transferred to recipient mailbox' },
          success: 'SUCCESS',
        };
  return {
    'mex-statuscode': told.code,
    'mex-statusevent': told.event,
    'mex-statusdescription': told.text,
    'mex-statussuccess': told.success,
    'mex-statustimestamp': digitsOf(accepted),
  };
}

const iso = (time: number) => new Date(time).toISOString();

/** A message as its sender tracks it. */
export function tracking(
  version: Version,
  message: MeshMessage,
  recipient: Mailbox | undefined,
  sender: Mailbox,
): object {
  return version === 2 ? trackingTwo(message, recipient) : trackingOne(message, recipient, sender);
}

function trackingTwo(message: MeshMessage, recipient: Mailbox | undefined): object {
  const [last] = message.events;
  return {
    message_id: message.id,
    local_id: message.localId,
    workflow_id: message.workflow,
    filename: message.fileName ?? `${message.id}.dat`,
    expiry_time: iso(expiryOf(message)),
    upload_timestamp: iso(message.created),
    recipient: message.recipient,
    recipient_name: recipient?.name,
    recipient_ods_code: recipient?.odsCode,
    recipient_org_code: recipient?.orgCode,
    recipient_org_name: recipient?.orgName,
    status_success: isWell(message),
    status: message.state,
    status_event: last?.event,
    status_timestamp: iso(last?.at ?? message.created),
    status_description: last?.text,
    status_code: last?.code,
  };
}

function trackingOne(
  message: MeshMessage,
  recipient: Mailbox | undefined,
  sender: Mailbox,
): object {
  const [last] = message.events;
  const size = message.chunks.reduce((sum, one: MeshChunk) => sum + one.size, 0);
  const failed = isWell(message) ? undefined : last;
  return {
    addressType: 'ALL',
    checksum: message.checksum,
    chunkCount: message.total,
    compressFlag: flag(message.compressed),
    contentEncoding: message.encoding,
    downloadTimestamp:
      message.acknowledged === undefined ? undefined : digitsOf(message.acknowledged),
    dtsId: message.id,
    encryptedFlag: flag(message.encrypted),
    expiryTime: digitsOf(expiryOf(message)),
    failureDate: failed ? digitsOf(failed.at) : undefined,
    failureDiagnostic: failed?.text,
    fileName: message.fileName ?? `${message.id}.dat`,
    fileSize: size,
    isCompressed: message.encoding === 'gzip' ? 'Y' : flag(message.compressed),
    linkedMsgId: message.linked ?? last?.linked,
    localId: message.localId,
    meshRecipientOdsCode: recipient?.odsCode,
    messageId: message.id,
    messageType: message.kind === 'DATA' ? 'Data' : 'Report',
    partnerId: message.partnerId,
    recipient: message.recipient,
    recipientName: recipient?.name,
    recipientOrgCode: recipient?.orgCode,
    recipientOrgName: recipient?.orgName,
    sender: message.sender,
    senderName: sender.name,
    senderOdsCode: sender.odsCode,
    senderOrgCode: sender.orgCode,
    senderOrgName: sender.orgName,
    status: message.state.charAt(0).toUpperCase() + message.state.slice(1),
    statusCode: last?.code,
    statusDescription: last?.text,
    statusEvent: last?.event,
    statusSuccess: isWell(message) ? 'SUCCESS' : 'ERROR',
    statusTimestamp: digitsOf(last?.at ?? message.created),
    subject: message.subject,
    uploadTimestamp: digitsOf(message.created),
    version: '1.0',
    workflowId: message.workflow,
  };
}

function flag(text: string | undefined): string {
  return /^(?:y|true|1)$/i.test(text ?? '') ? 'Y' : '';
}

function isWell({ state }: MeshMessage): boolean {
  return state !== 'error' && state !== 'undeliverable';
}

function expiryOf({ accepted, created }: MeshMessage): number {
  return (accepted ?? created) + lifetimes.inbox;
}

/** Mailboxes that a look-up found. */
export function lookedUp(version: Version, queryId: string, found: readonly Mailbox[]): object {
  if (version === 2)
    return { results: found.map(({ id, name }) => ({ mailbox_id: id, mailbox_name: name })) };
  return {
    query_id: queryId,
    results: found.map(({ id, name }) => ({
      ...{ address: id, description: name, endpoint_type: 'MESH' },
    })),
  };
}
