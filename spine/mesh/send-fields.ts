/** The fields of a request that sends: their bounds, and what is said with them. Owns the form; who may send is broker.ts's. */
import type { Exchange } from '../../core/exchange.ts';
import { fieldFaults, meshError, type FieldFault } from './errors.ts';
import type { Said } from './messages.ts';

export interface SendFields {
  /** Trimmed and in upper case; a routing expression stays as it is. */
  readonly to: string;
  readonly workflow: string;
  readonly said: Said;
  readonly range: ChunkRange;
  readonly encoding: 'gzip' | undefined;
}

export interface ChunkRange {
  readonly n: number;
  readonly total: number;
}

type Headers = Exchange['headers'];

/** Longest allowed, in characters. */
const bounds: Readonly<Record<string, number>> = {
  'mex-to': 100,
  'mex-workflowid': 300,
  'mex-chunk-range': 20,
  'mex-localid': 300,
  'mex-subject': 500,
  'mex-filename': 300,
  'mex-partnerid': 500,
  'mex-content-checksum': 100,
  'mex-content-encrypted': 20,
  'mex-content-compressed': 20,
  'mex-content-type': 100,
  'mex-from': 100,
  'x-ordering-key': 200,
};

const mostChunks = 10_000;

/** @param sender the mailbox that sends. @throws Problem 400, 417, 422 for the first rule that is broken */
export function readSendFields(headers: Headers, sender: string): SendFields {
  checkSyntax(headers);
  checkBounds(headers, ['mex-to', 'mex-workflowid']);
  const encoding = readEncoding(headers);
  const { from, type } = { from: headers['mex-from'], type: headers['mex-messagetype'] };
  if (from !== undefined && from.trim().toUpperCase() !== sender) throw meshError('from');
  if (type !== undefined && type.trim().toUpperCase() !== 'DATA') throw meshError('messageType');
  const to = headers['mex-to']?.trim() ?? '';
  return {
    to: to.includes('_') ? to : to.toUpperCase(),
    workflow: headers['mex-workflowid']?.trim() ?? '',
    said: saidIn(headers),
    range: readRange(headers),
    encoding,
  };
}

/** Of a later chunk: only its range and encoding count. @throws Problem 400, 417, 422 */
export function readChunkFields(headers: Headers): Pick<SendFields, 'range' | 'encoding'> {
  checkSyntax(headers);
  checkBounds(headers, []);
  if (headers['mex-chunk-range'] === undefined) throw meshError('chunks');
  return { range: readRange(headers), encoding: readEncoding(headers) };
}

/** Control characters, and addresses where there should be names. */
function checkSyntax(headers: Headers): void {
  const broken = Object.keys(headers).filter(
    (name) => name.startsWith('mex-') && hasControl(headers[name] ?? ''),
  );
  for (const name of ['mex-to', 'mex-workflowid', 'mex-content-checksum'])
    if (/^\s*https?:\/\//i.test(headers[name] ?? '')) broken.push(name);
  if (broken.length > 0) throw meshError('malformed', { fields: broken });
  const checksum = headers['mex-content-checksum'];
  if (checksum !== undefined && !/^[A-Za-z0-9\s:\-/]*$/.test(checksum)) throw meshError('checksum');
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x20) return true;
  return false;
}

function checkBounds(headers: Headers, needed: readonly string[]): void {
  const faults: FieldFault[] = [];
  for (const name of needed)
    if ((headers[name] ?? '').trim() === '')
      faults.push({ at: ['header', name], text: 'field required', type: 'value_error.missing' });
  for (const [name, most] of Object.entries(bounds))
    if ((headers[name]?.length ?? 0) > most)
      faults.push({
        at: ['header', name],
        text: `ensure this value has at most ${most} characters`,
        type: 'value_error.any_str.max_length',
      });
  if (faults.length > 0) throw fieldFaults(faults);
}

function readEncoding(headers: Headers): 'gzip' | undefined {
  const given = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (given === '') return undefined;
  if (given === 'gzip') return 'gzip';
  throw meshError('encoding');
}

/** `n:m`; absent means all in one. */
function readRange(headers: Headers): ChunkRange {
  const given = headers['mex-chunk-range'];
  if (given === undefined || given.trim() === '') return { n: 1, total: 1 };
  const found = /^\s*(\d{1,9})\s*:\s*(\d{1,9})\s*$/.exec(given);
  const [n, total] = [Number(found?.[1]), Number(found?.[2])];
  if (!found || n < 1 || total < 1 || total > mostChunks) throw meshError('chunks');
  return { n, total };
}

function saidIn(headers: Headers): Said {
  const said = (name: string, field: keyof Said) => {
    const text = headers[name]?.trim();
    return text === undefined || text === '' ? {} : { [field]: text };
  };
  const type = headers['mex-content-type'] ?? headers['content-type']?.toLowerCase();
  return {
    ...said('mex-localid', 'localId'),
    ...said('mex-subject', 'subject'),
    ...said('mex-filename', 'fileName'),
    ...said('mex-partnerid', 'partnerId'),
    ...said('mex-content-checksum', 'checksum'),
    ...said('mex-content-encrypted', 'encrypted'),
    ...said('mex-content-compressed', 'compressed'),
    ...said('x-ordering-key', 'orderingKey'),
    ...(type === undefined || type.trim() === '' ? {} : { contentType: type.trim().slice(0, 100) }),
  };
}
