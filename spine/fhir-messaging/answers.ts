/** Answers as message Bundles: reading one that a recipient gave, and writing one where a message could not be delivered. */
import { hash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import type { Bundle, MessageHeader, OperationOutcome } from 'fhir/r4.js';
import type { KeptAnswer, KeptMessage } from './kept.ts';

/** What a recipient said. */
export interface Said {
  readonly status: number;
  readonly body: Buffer;
}

/** The answer to a message, as the recipient wrote it; where it wrote none, its status without a body. */
export function answerOf({ status, body }: Said, { header }: KeptMessage): KeptAnswer {
  const text = isUtf8(body) ? body.toString('utf8') : '';
  if (responseTo(text) === header) return { status: 200, body: text };
  return { status: status === 202 ? 202 : 204, body: '' };
}

/** The `response.identifier` of a message Bundle. */
function responseTo(text: string): string | undefined {
  const bundle = resourceIn(text, 'Bundle');
  if (bundle?.type !== 'message' || !Array.isArray(bundle.entry)) return undefined;
  const [first] = bundle.entry as readonly { resource?: Partial<MessageHeader> }[]; // looked at member by member
  const { resourceType, response } = first?.resource ?? {};
  return resourceType === 'MessageHeader' ? response?.identifier : undefined;
}

function resourceIn(text: string, type: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isOne =
      typeof value === 'object' &&
      value !== null &&
      'resourceType' in value &&
      value.resourceType === type;
    return isOne ? value : undefined; // an object by what was asked
  } catch {
    return undefined;
  }
}

/** The longest explanation of a recipient's that goes on to the sender. */
const longestOutcome = 64 * 1024;

/** What a recipient gave as its reason, for the sender alone. */
export function reasonIn({ body }: Said): OperationOutcome | undefined {
  if (body.length > longestOutcome || !isUtf8(body)) return undefined;
  const found = resourceIn(body.toString('utf8'), 'OperationOutcome');
  const isSound = Array.isArray(found?.issue) && found.issue.length > 0;
  return isSound ? (found as unknown as OperationOutcome) : undefined; // its one list is there
}

export interface Failure {
  /** `fatal-error`: the recipient refused it; `transient-error`: it could not be reached in time. */
  readonly code: 'fatal-error' | 'transient-error';
  readonly text: string;
  readonly reason?: OperationOutcome | undefined;
}

/** The answer to a message that was not delivered. Written again for the same message it is the same. */
export function failureAnswer(message: KeptMessage, failure: Failure, at: number): KeptAnswer {
  const { event, header, source, base } = message;
  const [bundleId, headerId, reasonId] = ['bundle', 'header', 'reason'].map((what) =>
    uuidFrom(`${what} ${message.bundle} ${header} ${failure.code} ${at}`),
  );
  const reason: OperationOutcome = failure.reason ?? {
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: failure.code === 'fatal-error' ? 'fatal' : 'error',
        code: failure.code === 'fatal-error' ? 'processing' : 'transient',
        diagnostics: failure.text,
      },
    ],
  };
  const answer: MessageHeader = {
    resourceType: 'MessageHeader',
    id: headerId ?? '',
    ...(typeof event === 'string' ? { eventUri: event } : { eventCoding: event }),
    destination: [{ endpoint: source }],
    source: { name: 'Gatehouse', endpoint: base },
    response: {
      identifier: header,
      code: failure.code,
      details: { reference: `urn:uuid:${reasonId ?? ''}` },
    },
  };
  const bundle: Bundle = {
    resourceType: 'Bundle',
    id: bundleId ?? '',
    type: 'message',
    timestamp: new Date(at).toISOString(),
    entry: [
      { fullUrl: `urn:uuid:${headerId ?? ''}`, resource: answer },
      { fullUrl: `urn:uuid:${reasonId ?? ''}`, resource: { ...reason, id: reasonId ?? '' } },
    ],
  };
  return { status: 200, body: JSON.stringify(bundle) };
}

/** A UUID of version 8 (RFC 9562) that is always the same for a text. */
function uuidFrom(text: string): string {
  const hex = hash('sha256', text, 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
