/**
 * What MESH refuses with: its events, codes, texts and statuses as one table, and the edge that renders them in the shape of
 * the version the caller asked for. Clients look at the status and at the first text; nothing here names what was sent.
 */
import { problemsAs, type Exchange, type Policy, type Reply } from '../../core/exchange.ts';
import { Problem, type ProblemKind } from '../../core/problem.ts';
import { versionAsked } from './versions.ts';

/** A row as it is rendered. */
export interface MeshRow {
  readonly status: number;
  readonly event: string;
  readonly code: string;
  readonly text: string;
}

const rows = {
  malformed: [400, 'TRANSFER', '06', 'MalformedControlFile', 'invalid'],
  checksum: [400, 'SEND', 'Invalid checksum', 'Invalid checksum', 'invalid'],
  accept: [400, 'TRANSFER', '06', 'Accept header api format incorrect', 'invalid'],
  token: [403, 'SEND', 'EPL-151', 'Invalid Authentication Token', 'forbidden'],
  repeatedToken: [403, 'SEND', 'EPL-151', 'Error Duplicated Authentication Token', 'forbidden'],
  notYours: [403, 'RECEIVE', '06', 'The mailbox may not use this message', 'forbidden'],
  certificate: [403, 'SEND', '06', 'The certificate is not of the mailbox', 'forbidden'],
  empty: [417, 'COLLECT', '02', 'Data file is missing or inaccessible.', 'unprocessable'],
  from: [417, 'SEND', '07', 'Invalid From Address', 'unprocessable'],
  noRecipient: [417, 'SEND', '08', 'TO_DTS missing', 'unprocessable'],
  version: [417, 'SEND', '09', 'Invalid version', 'unprocessable'],
  messageType: [417, 'SEND', '11', 'Invalid message type', 'unprocessable'],
  unregistered: [417, 'SEND', '12', 'Unregistered to address', 'unprocessable'],
  senderWorkflow: [417, 'SEND', '16', 'Sender not authorised to send this type', 'unprocessable'],
  workflow: [417, 'SEND', '17', 'Workflow ID not registered for mailbox', 'unprocessable'],
  chunks: [
    417,
    'SEND',
    'InvalidHeaderChunks',
    'Invalid chunk values in Mex-Chunk-Range header',
    'unprocessable',
  ],
  chunkEncoding: [
    417,
    'SEND',
    'InvalidHeaderChunks',
    'cannot change content encoding',
    'unprocessable',
  ],
  encoding: [
    422,
    'SEND',
    'UnsupportedContentEncoding',
    'Unsupported content encoding',
    'unprocessable',
  ],
  beyond: [406, 'SEND', 'InvalidHeaderChunks', 'Chunk beyond the total', 'not-acceptable'],
  complete: [423, 'SEND', 'Message already accepted', 'Message already accepted', 'conflict'],
  missing: [404, 'RECEIVE', '20', 'Message does not exist', 'not-found'],
  gone: [
    410,
    'SEND',
    'Message already accepted',
    'Message no longer available for download',
    'gone',
  ],
  tooLarge: [413, 'TRANSFER', '06', 'The message is larger than may be sent at once', 'too-large'],
  conflict: [409, 'SEND', '06', 'The idempotency key was used for another message', 'conflict'],
  cursor: [400, 'RECEIVE', '06', 'The continuation is not one of this mailbox', 'invalid'],
} as const satisfies Readonly<
  Record<string, readonly [number, string, string, string, ProblemKind]>
>;

export type MeshErrorName = keyof typeof rows;

/** A refusal. @param more the id of the message where one was given, a text in place of the row's */
export function meshError(
  name: MeshErrorName,
  more: {
    readonly messageId?: string;
    readonly text?: string;
    readonly fields?: readonly string[];
    /** The reason that callers are not told, except where they test: explainingWhy. */
    readonly why?: string;
  } = {},
): Problem {
  const [status, event, code, text, kind] = rows[name];
  const { messageId, fields, why } = more;
  const row: MeshProblemRow = {
    ...{ status, event, code, text: more.text ?? text },
    ...(messageId === undefined ? {} : { messageId }),
    ...(fields === undefined ? {} : { fields }),
    ...(why === undefined ? {} : { why }),
  };
  return new Problem(kind, row.text, { code, row });
}

interface MeshProblemRow extends MeshRow {
  readonly messageId?: string;
  readonly fields?: readonly string[];
  readonly why?: string;
}

/** The same refusal with a field that tells the reason, for environments in which people test. */
export function explainingWhy(error: unknown): unknown {
  const row = error instanceof Problem ? error.row : undefined;
  if (!(error instanceof Problem) || !row || !('why' in row)) return error;
  const { kind, message, code } = error;
  const headers = { ...error.headers, 'x-gatehouse-why': String(row.why) };
  return new Problem(kind, message, { row, headers, ...(code === undefined ? {} : { code }) });
}

/** One broken field of a request, as validation tells it. */
export interface FieldFault {
  /** `header` and the field, or `query` and the parameter. */
  readonly at: readonly ['header' | 'query' | 'path', string];
  readonly text: string;
  /** As validators name it: `value_error.missing`. */
  readonly type: string;
}

interface ValidationRow {
  readonly status: number;
  readonly faults: readonly FieldFault[];
}

/** Fields that have the wrong form: 400 in the validation shape, which both versions share. */
export function fieldFaults(faults: readonly FieldFault[]): Problem {
  const row: ValidationRow = { status: 400, faults };
  const names = faults.map(({ at }) => at[1]).join(', ');
  return new Problem('invalid', `Not as it should be: ${names}`, { code: '06', row });
}

/** Renders every refusal as MESH does. */
export const meshErrors: Policy = problemsAs(rendered);

function rendered(problem: Problem, exchange: Exchange): Reply {
  const { row } = problem;
  const version = versionAsked(exchange.headers.accept) ?? 1;
  const answer = (status: number, body: object): Reply => ({
    status,
    headers: {
      'content-type': version === 2 ? 'application/vnd.mesh.v2+json' : 'application/json',
      vary: 'Accept',
      ...problem.headers,
    },
    body: JSON.stringify(body),
  });
  if (row && 'faults' in row) {
    const { faults } = row as ValidationRow; // fieldFaults made it
    const detail = faults.map(({ at, text, type }) => ({ loc: at, msg: text, type }));
    return answer(400, { detail });
  }
  const told = row && 'event' in row ? (row as MeshProblemRow) : general(problem); // meshError made it
  const { status, event, code, text, messageId, fields } = told;
  if (version === 2)
    return answer(status, {
      ...(messageId === undefined ? {} : { message_id: messageId }),
      detail: [{ event, code, msg: text, ...(fields === undefined ? {} : { fields }) }],
    });
  return answer(status, {
    ...(messageId === undefined ? {} : { messageID: messageId }),
    ...{ errorEvent: event, errorCode: code, errorDescription: text },
    ...(fields === undefined ? {} : { fields }),
  });
}

/** Whatever else goes wrong: there is no 401 in MESH, and limits and outages keep their status. */
function general(problem: Problem): MeshProblemRow {
  const status = problem.kind === 'unauthenticated' ? 403 : problem.status;
  return { status, event: 'TRANSFER', code: '06', text: problem.message };
}
