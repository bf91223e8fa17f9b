/** What is asked of the list of an inbox: how many, after which, of which workflows. Owns the cursor and the filter. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { fieldFaults, meshError, type FieldFault } from './errors.ts';

export interface InboxQuery {
  readonly limit: number;
  /** As sent: a cursor of ours, or in version 1 the id of the last message seen. */
  readonly after: string | undefined;
  readonly filter: string | undefined;
}

export const usualLimit = 500;

/** @throws Problem 400 in the validation shape */
export function readInboxQuery(query: URLSearchParams): InboxQuery {
  const faults: FieldFault[] = [];
  const given = query.get('max_results');
  const limit = given === null ? usualLimit : /^\d{1,9}$/.test(given) ? Number(given) : NaN;
  if (!(limit >= 10 && limit <= 5_000))
    faults.push({
      at: ['query', 'max_results'],
      text: 'ensure this value is between 10 and 5000',
      type: 'value_error.number',
    });
  const after = query.get('continue_from') ?? undefined;
  checkLength(faults, 'continue_from', after, 24, 1000);
  const filter = query.get('workflow_filter') ?? undefined;
  checkLength(faults, 'workflow_filter', filter, 2, 255);
  if (faults.length > 0) throw fieldFaults(faults);
  return { limit, after, filter };
}

function checkLength(
  faults: FieldFault[],
  name: string,
  text: string | undefined,
  least: number,
  most: number,
): void {
  if (text === undefined || (text.length >= least && text.length <= most)) return;
  faults.push({
    at: ['query', name],
    text: `ensure this value has between ${least} and ${most} characters`,
    type: 'value_error.any_str.length',
  });
}

/** Whether a workflow passes a filter: `x`, `x*`, `*x*`, `*x`, each with `!` for the contrary. Case counts. */
export function passes(filter: string, workflow: string): boolean {
  const not = filter.startsWith('!');
  const rule = not ? filter.slice(1) : filter;
  return fits(rule, workflow) !== not;
}

function fits(rule: string, workflow: string): boolean {
  const [open, close] = [rule.startsWith('*'), rule.endsWith('*')];
  const word = rule.slice(open ? 1 : 0, close ? -1 : undefined);
  if (open && close) return workflow.includes(word);
  if (close) return workflow.startsWith(word);
  return open ? workflow.endsWith(word) : workflow === word;
}

/** Cursors that only we can make, good for one mailbox; they outlive restarts, and the message they point at. */
export interface Cursors {
  write(environment: string, mailbox: string, place: string): string;
  /** @throws Problem 400 for one that is not ours, or another's */
  read(environment: string, mailbox: string, cursor: string): string;
}

/** @param key 32 bytes, the same on all processes */
export function createCursors(key: Buffer): Cursors {
  const proofOf = (environment: string, mailbox: string, place: string) =>
    createHmac('sha256', key).update(`${environment}|${mailbox}|${place}`).digest().subarray(0, 12);
  return {
    write(environment, mailbox, place) {
      const proof = proofOf(environment, mailbox, place).toString('base64url');
      return `${proof}.${Buffer.from(place).toString('base64url')}`;
    },
    read(environment, mailbox, cursor) {
      const [proof = '', text = ''] = cursor.split('.');
      const place = Buffer.from(text, 'base64url').toString();
      const given = Buffer.from(proof, 'base64url');
      const ours = proofOf(environment, mailbox, place);
      if (given.length === ours.length && timingSafeEqual(given, ours)) return place;
      throw meshError('cursor');
    },
  };
}
