/**
 * `gatehouse patients`: makes synthetic people and streams them to a file or to standard output, in constant memory.
 * Owns the forms of output; the people come from fhir/synthetic/.
 */
import { createWriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { toLine, type PdsRecord } from '../../../fhir/pds/record.ts';
import { csvHeader, csvRow } from '../../../fhir/synthetic/csv.ts';
import { testNumberCount } from '../../../fhir/synthetic/numbers.ts';
import { createContext, people, referenceDate } from '../../../fhir/synthetic/person.ts';
import { loadSources } from '../../../fhir/synthetic/sources.ts';
import { createProgress } from '../progress.ts';
import { packageRoot } from '../root.ts';

type Format = 'ndjson' | 'csv' | 'bundle';

interface Options {
  count: number;
  seed: number;
  out: string;
  format: Format;
  date: string;
}

export function patientsCommand(): Command {
  return new Command('patients')
    .description('make synthetic people, the same ones for the same seed')
    .option('--count <number>', `how many, 1 to ${testNumberCount}`, wholeNumber, 1000)
    .option('--seed <number>', 'a whole number from 0 upwards', wholeNumber, 1)
    .requiredOption('--out <file>', 'the file to write, or - for standard output')
    .addOption(
      new Option('--format <format>', 'what to write')
        .choices(['ndjson', 'csv', 'bundle'])
        .default('ndjson'),
    )
    .option('--date <yyyy-mm-dd>', 'the day on which ages are reckoned', date, referenceDate)
    .addHelpText(
      'after',
      `
ndjson  one FHIR R4 Patient a line, with history and other hidden parts in an extension: what gatehouse load reads
csv     the main columns; a cell that a spreadsheet would run as a formula begins with an apostrophe
bundle  one FHIR collection Bundle of the same Patients

NHS numbers are of the 999 range, which is never issued and holds ${testNumberCount}: more people are refused.`,
    )
    .action(write);
}

async function write({ count, seed, out, format, date }: Options): Promise<void> {
  const context = createContext(loadSources(join(packageRoot, 'fixtures')), date);
  const made = people(count, seed, context);
  const progress = createProgress('patients');
  const tell = (done: number) => {
    progress.at(done, count);
  };
  // In object mode each chunk is one of ours, so that no more than a few of them wait at a time.
  const source = Readable.from(inChunks(texts(made, format), tell), { highWaterMark: 4 });
  if (await pour(source, out)) progress.end(count);
}

/** Streams to the file or to standard output, no faster than that takes it; false when its reader had enough. */
async function pour(source: Readable, out: string): Promise<boolean> {
  const target: Writable = out === '-' ? process.stdout : createWriteStream(resolve(out));
  try {
    await pipeline(source, target, { end: out !== '-' });
    return true;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EPIPE') return false;
    throw new Problem('invalid', `${out} cannot be written (${String(code)})`, { cause });
  }
}

/** The output piece by piece: what comes first, one piece for each person, what comes last. */
function* texts(made: Iterable<PdsRecord>, format: Format): Iterable<string> {
  if (format === 'csv') yield csvHeader;
  if (format === 'bundle') yield '{"resourceType":"Bundle","type":"collection","entry":[\n';
  let first = true;
  for (const record of made) {
    yield format === 'csv' ? csvRow(record) : jsonOf(record, format, first);
    first = false;
  }
  if (format === 'bundle') yield '\n]}\n';
}

function jsonOf(record: PdsRecord, format: Format, first: boolean): string {
  if (format === 'ndjson') return `${toLine(record)}\n`;
  return `${first ? '' : ',\n'}{"resource":${toLine(record)}}`;
}

/** Pieces gathered to some 64 KB, so that a write is worth its while. */
function* inChunks(pieces: Iterable<string>, tell: (done: number) => void): Iterable<string> {
  let chunk = '';
  let done = 0;
  for (const piece of pieces) {
    chunk += piece;
    done++;
    if (chunk.length < 65_536) continue;
    yield chunk;
    chunk = '';
    tell(done);
  }
  if (chunk !== '') yield chunk;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError(`It is "${text}"; a whole number from 0 upwards is wanted.`);
  return Number(text);
}

function date(text: string): string {
  const time = /^(19|20)\d\d-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError(`It is "${text}"; a date such as ${referenceDate} is wanted.`);
  return text;
}
