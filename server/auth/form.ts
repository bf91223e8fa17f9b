/**
 * The one parser of forms and queries that carry OAuth parameters. What comes out is text by name and nothing else:
 * no lists, no objects, no name twice (RFC 6749 3.1 and 3.2), so that nothing but text ever reaches a look-up.
 */
import type { Exchange } from '../../core/exchange.ts';

/** Parameters by name; a parameter without a value counts as not sent (RFC 6749 3.1). */
export type Form = ReadonlyMap<string, string>;

/** Why a form is refused; `parameter` is the name at fault, where there is one that may be shown. */
export class FormFault extends Error {
  readonly kind: 'twice' | 'name' | 'encoding' | 'many' | 'text';
  readonly parameter: string;

  constructor(kind: FormFault['kind'], parameter = '') {
    super(formFaultTexts[kind](parameter));
    this.name = 'FormFault';
    this.kind = kind;
    this.parameter = parameter;
  }
}

const formFaultTexts = {
  twice: (name: string) => `${name} must not be sent more than once`,
  name: () => 'parameter names may hold letters, digits, _, - and . only',
  encoding: () => 'the parameters are not form-encoded UTF-8',
  many: () => `there may be at most ${mostFields} parameters`,
  text: (name: string) => `${name} must not hold control characters`,
};

const formLimit = 32 * 1024;
const mostFields = 50;
const nameShape = /^[A-Za-z0-9_.-]{1,100}$/;

/** Whether the body says that it is a form. */
export function isForm({ headers }: Exchange): boolean {
  const type = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  return type.trim().toLowerCase() === 'application/x-www-form-urlencoded';
}

/** The form in the body. @throws FormFault, and Problem `too-large` above 32 KB. */
export async function readForm(exchange: Exchange): Promise<Form> {
  return parseForm((await exchange.body.bytes(formLimit)).toString('latin1'));
}

/** A form or query as text. @throws FormFault */
export function parseForm(text: string): Form {
  const form = new Map<string, string>();
  const seen = new Set<string>();
  if (text === '') return form;
  const pairs = text.split('&', mostFields + 1);
  if (pairs.length > mostFields) throw new FormFault('many');
  for (const pair of pairs) {
    if (pair === '') continue;
    const mark = pair.indexOf('=');
    const name = decode(mark < 0 ? pair : pair.slice(0, mark));
    const value = mark < 0 ? '' : decode(pair.slice(mark + 1));
    if (!nameShape.test(name)) throw new FormFault('name');
    if (seen.has(name)) throw new FormFault('twice', name);
    seen.add(name);
    // A redirect URI or state with a line break could split a header further on.
    if (/[\0\r\n]/.test(value) && name !== 'state') throw new FormFault('text', name);
    if (value !== '') form.set(name, value);
  }
  return form;
}

function decode(text: string): string {
  // Most of a token request is an assertion, which holds nothing to decode.
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new FormFault('encoding');
  }
}
