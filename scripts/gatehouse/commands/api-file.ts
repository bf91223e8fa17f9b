/**
 * Files that commands send to the server, and what it finds wrong with them as `file:line: reason`. Owns reading, and
 * putting the server's places into lines; what is wrong, the server says.
 */
import { readFileSync } from 'node:fs';
import { Problem } from '../../../core/problem.ts';
import { lineAt } from '../../../server/catalogue/openapi/line-at.ts';
import { readSource } from '../../../server/catalogue/openapi/source.ts';
import { Refusal, type Fault } from '../client.ts';

/** A file that is sent. */
export interface SentFile {
  readonly name: string;
  readonly text: string;
}

/** @throws Problem `not-found` */
export function readSent(name: string): SentFile {
  try {
    return { name, text: readFileSync(name, 'utf8') };
  } catch (cause) {
    throw new Problem('not-found', `${name} cannot be read: is it there?`, { cause });
  }
}

/** The object in a file of JSON or YAML. @throws Problem `invalid` as `file:line: reason` */
export function objectIn(file: SentFile): object {
  const { value } = inLines(file, () => readSource(file.text));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Problem('invalid', `${file.name}:1: it must be an object of JSON or YAML`);
}

/** Runs what reads a file here; its refusals get the name of the file. */
export function inLines<T>(file: SentFile, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Problem ? withLines(error, file) : error;
  }
}

/**
 * The same for what the server refuses.
 * @param faulty which file a refusal is about
 * @param after says how things stand now
 */
export async function inLinesOf<T>(
  faulty: (error: Problem) => SentFile | undefined,
  act: () => Promise<T>,
  after = '',
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const file = error instanceof Problem ? faulty(error) : undefined;
    throw file && error instanceof Problem ? withLines(error, file, after) : error;
  }
}

/** Faults as lines of a report. */
export function faultLines(file: SentFile, faults: readonly Fault[]): readonly string[] {
  return faults.map(({ at, message }) => told(file, at, message));
}

function withLines(problem: Problem, file: SentFile, after = ''): Problem {
  const faults = problem instanceof Refusal ? problem.faults : [];
  const lines =
    faults.length > 0 ? faultLines(file, faults) : [told(file, '', problem.message, true)];
  const whole = [...lines, ...(after === '' ? [] : [after])].join('\n');
  return new Problem(problem.kind, whole.replace(/[^\P{C}\n]/gu, '\ufffd'));
}

/** What the server calls a place: a line it has counted, a JSON pointer, or neither. @param begins places may open the message */
function told({ name, text }: SentFile, at: string, message: string, begins = false): string {
  const counted = /^line (\d{1,7}): /.exec(message);
  if (counted) return `${name}:${counted[1]}: ${message.slice(counted[0].length)}`;
  const pointed = begins ? /^(\/\S{0,500}): /.exec(message) : null;
  if (pointed)
    return `${name}:${lineAt(text, pointed[1] ?? '') ?? 1}: ${message.slice(pointed[0].length)}`;
  if (begins) return message;
  return `${name}:${lineAt(text, at) ?? 1}: ${message}`;
}
