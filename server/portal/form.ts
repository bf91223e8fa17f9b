/**
 * What was sent in a form, and what is wrong with it. Owns reading the body within limits; how a form looks is in fields.ts.
 */
import type { Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';

/** One thing to put right; `field` is the name of the field beside which it is told, too. */
export interface Fault {
  readonly field?: string;
  readonly text: string;
}

/** A form as it is shown: empty, or with what was sent and what is wrong with that. */
export interface Form {
  /** The value of a field without blanks around it; empty when it was not sent. */
  get(name: string): string;
  /** The value as sent: for passwords. */
  raw(name: string): string;
  /** All values of a name, as tick boxes send them. */
  all(name: string): readonly string[];
  readonly faults: readonly Fault[];
  /** The names that were sent. */
  readonly names: readonly string[];
  /** Whether something was sent at all. */
  readonly sent: boolean;
  /** By the names of their fields, of pages that take files. */
  readonly files?: ReadonlyMap<string, SentFile>;
}

/** A file as it was sent: anything at all. */
export interface SentFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Thrown by what a form leads to: it is shown again, with what was sent and these faults. */
export class FormRefused extends Error {
  readonly faults: readonly Fault[];
  readonly status: number;

  constructor(faults: readonly Fault[], status = 422) {
    super('a form is to be put right');
    this.name = 'FormRefused';
    this.faults = faults;
    this.status = status;
  }
}

/** Text fields of a form, files not among them. */
const formLimit = 64 * 1024;
const mostFields = 200;

/** A form of these values. */
export function formOf(
  values: ReadonlyMap<string, readonly string[]>,
  faults: readonly Fault[] = [],
): Form {
  const raw = (name: string) => values.get(name)?.[0] ?? '';
  return {
    get: (name) => raw(name).trim(),
    raw,
    all: (name) => values.get(name) ?? [],
    faults,
    names: [...values.keys()],
    sent: values.size > 0,
  };
}

/** A form that is shown for the first time, with what its fields hold at first. */
export function blankForm(values: Readonly<Record<string, string>> = {}): Form {
  const filled = Object.entries(values).map(([name, value]) => [name, [value]] as const);
  return { ...formOf(new Map(filled)), sent: false };
}

/** The same form with other faults. */
export function withFaults(form: Form, faults: readonly Fault[]): Form {
  return { ...form, faults };
}

/** The form in the body. @throws Problem `unsupported`, `too-large`, `invalid` */
export async function readForm(exchange: Exchange): Promise<Form> {
  const [type = '', ...parameters] = (exchange.headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  const charset = parameters.find((one) => one.startsWith('charset='))?.slice(8);
  if (type !== 'application/x-www-form-urlencoded' || (charset ?? 'utf-8') !== 'utf-8')
    throw new Problem(
      'unsupported',
      'A form is sent as application/x-www-form-urlencoded in UTF-8',
    );
  return parseForm((await exchange.body.bytes(formLimit)).toString('latin1'));
}

/** @param text each byte one character @throws Problem `invalid` */
function parseForm(text: string): Form {
  const values = new Map<string, string[]>();
  const pairs = text === '' ? [] : text.split('&', mostFields + 1);
  if (pairs.length > mostFields) throw new Problem('invalid', 'The form has too many fields');
  for (const pair of pairs) {
    const mark = pair.indexOf('=');
    const name = decode(mark < 0 ? pair : pair.slice(0, mark));
    const value = mark < 0 ? '' : decode(pair.slice(mark + 1));
    if (!/^[A-Za-z][A-Za-z0-9_.:-]{0,99}$/.test(name))
      throw new Problem('invalid', 'The form has a field with a name that none of ours has');
    const known = values.get(name);
    if (known) known.push(value);
    else values.set(name, [value]);
  }
  return formOf(values);
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '));
    // Bytes beyond ASCII that are not percent-encoded, and control characters, come from no browser.
    if (/^[\x21-\x7e]*$/.test(text) && !/[^\P{Cc}\t\n\r]/u.test(decoded))
      return decoded.replaceAll('\r\n', '\n');
  } catch {
    // said below
  }
  throw new Problem('invalid', 'The form is not encoded as UTF-8, or holds control characters');
}
