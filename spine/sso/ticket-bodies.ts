/** JSON bodies and answers of the sign-on faces. Owns reading members of them as texts, within limits. */
import type { Exchange, Reply } from '../../core/exchange.ts';
import { JsonFault, parseJson } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';

export type Members = Readonly<Record<string, unknown>>;

const largest = 8 * 1024;

/** @throws Problem `invalid` for what is no JSON object, or has members of other names */
export async function membersOf({ body }: Exchange, known: readonly string[]): Promise<Members> {
  const value = parsed(await body.bytes(largest));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('Expected a JSON object in the body');
  const members = value as Members; // an object that JSON.parse made
  if (!Object.keys(members).every((name) => known.includes(name)))
    throw invalid(`Expected no members but ${known.join(', ')}`);
  return members;
}

/** A member that is a text of a form; undefined where there is none. @param form linear, for up to 500 characters */
export function textIn(members: Members, name: string, form: RegExp): string | undefined {
  const value = members[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length <= 500 && form.test(value)) return value;
  throw invalid(`Expected ${name} in its form, and found another`);
}

export function neededIn(members: Members, name: string, form: RegExp): string {
  const value = textIn(members, name, form);
  if (value === undefined) throw invalid(`Expected ${name}, and found none`);
  return value;
}

/** A member that is a list of texts. */
export function textsIn(
  members: Members,
  name: string,
  form: RegExp,
): readonly string[] | undefined {
  const value: unknown = members[name];
  if (value === undefined) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const texts = list.filter(
    (one) => typeof one === 'string' && one.length <= 100 && form.test(one),
  );
  if (list.length === 0 || list.length > 50 || texts.length !== list.length)
    throw invalid(`Expected in ${name} a list of up to 50, each in its form`);
  return texts as readonly string[]; // the filter has left texts only
}

/** An answer in JSON that nobody keeps. */
export function jsonReply(value: object, status = 200): Reply {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return { status, headers, body: JSON.stringify(value) };
}

function parsed(bytes: Buffer): unknown {
  try {
    return parseJson(bytes, { depth: 4, members: 200 });
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw invalid(`Expected JSON in the body, and found a fault of ${error.kind}`);
  }
}

function invalid(message: string): Problem {
  return new Problem('invalid', message, { code: 'INVALID_VALUE' });
}
