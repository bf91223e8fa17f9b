/**
 * `gatehouse audit`: verify, search and export. They read the audit's files, so they need no running server and do
 * not mind one; they change nothing.
 */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { once } from 'node:events';
import { Command, InvalidArgumentError, Option } from 'commander';
import { toAuditEvent } from '../../../server/audit/audit-event.ts';
import type { AuditLine } from '../../../server/audit/line.ts';
import { searchAudit, type AuditFilter, type SearchTally } from '../../../server/audit/search.ts';
import { dataDirOption } from '../data-dir.ts';
import { verifyAudit, type VerifyReport } from '../../../server/audit/verify.ts';

/** The command with its three subcommands. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('check and search the record of who saw or changed whom')
    .addCommand(verifyCommand())
    .addCommand(searchCommand())
    .addCommand(exportCommand());
}

interface VerifyFlags {
  readonly dataDir: string;
  readonly heads?: string;
  readonly key?: string;
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('check every chain against its hashes and signed heads; name the first bad entry')
    .addOption(dataDirOption())
    .addOption(
      new Option(
        '--heads <dir>',
        'the folder of the signed heads (default: <data-dir>/audit-heads)',
      ).env('AUDIT_HEADS_DIR'),
    )
    .option('--key <file>', 'the key of the heads, PEM (default: <data-dir>/keys/audit.pem)')
    .addHelpText(
      'after',
      '\nExit code: 0 when all is good, 1 when something is wrong. Works on a copy.',
    )
    .action(async (flags: VerifyFlags) => {
      const report = await verifyAudit(
        {
          dir: join(flags.dataDir, 'audit'),
          heads: flags.heads ?? join(flags.dataDir, 'audit-heads'),
          ...(await keyOf(flags)),
        },
        ({ entries, chain }) => {
          if (process.stderr.isTTY) process.stderr.write(`\rchain ${chain}: ${entries} entries …`);
        },
      );
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
      for (const sentence of told(report)) console.log(sentence);
      if (!report.good) process.exitCode = 1;
    });
}

async function keyOf({ dataDir, key }: VerifyFlags): Promise<{ key?: string }> {
  if (key !== undefined) return { key: await readFile(key, 'utf8') };
  const own = await readFile(join(dataDir, 'keys', 'audit.pem'), 'utf8').catch(() => undefined); // a copy may come without it
  return own === undefined ? {} : { key: own };
}

function told({ chains, notes, good }: VerifyReport): string[] {
  if (chains.length === 0) return ['There is no audit here.', ...notes];
  const sentences = chains.map(({ chain, entries, signedTo, fault }) =>
    fault
      ? `Chain ${chain}: good to entry ${entries}. First bad: ${fault.message} (${fault.kind}; ${fault.file}, byte ${fault.offset})`
      : `Chain ${chain}: all ${entries} entries are good, signed to entry ${signedTo}.`,
  );
  return [...sentences, ...notes, good ? 'The audit is good.' : 'The audit is NOT good.'];
}

type Format = 'json' | 'table' | 'fhir';

interface SearchFlags extends AuditFilter {
  readonly dataDir: string;
  readonly format: Format;
  readonly out?: string;
}

function withFilters(command: Command): Command {
  return command
    .addOption(dataDirOption())
    .option('--patient <nhsNumber>', 'entries that show or change this person')
    .option('--app <id>', 'by this application')
    .option('--user <id>', 'by this person')
    .option('--role <id>', 'in this role')
    .option('--purpose <text>', 'for this purpose')
    .addOption(
      new Option('--kind <kind>', 'of this kind').choices(['access', 'change', 'recovered']),
    )
    .option('--from <time>', 'not before this date or time (ISO 8601, UTC without a zone)', toStart)
    .option('--to <time>', 'not after this date or time; a date means its whole day', toEnd);
}

function searchCommand(): Command {
  return withFilters(new Command('search').description('find entries, the newest last'))
    .addOption(
      new Option('--format <format>', 'JSON lines, a table, or FHIR AuditEvents a line each')
        .choices(['json', 'table', 'fhir'])
        .default('table'),
    )
    .action(async (flags: SearchFlags) => {
      await write(flags, process.stdout, flags.format);
    });
}

function exportCommand(): Command {
  return withFilters(
    new Command('export').description('write entries as FHIR R4 AuditEvents, NDJSON'),
  )
    .option('--out <file>', 'write to this file instead of standard output')
    .action(async (flags: SearchFlags) => {
      if (flags.out === undefined) {
        await write(flags, process.stdout, 'fhir');
        return;
      }
      const out = (await open(flags.out, 'wx')).createWriteStream();
      const count = await write(flags, out, 'fhir');
      await once(out.end(), 'finish');
      console.error(`${count} entries written to ${flags.out}.`);
    });
}

async function write(flags: SearchFlags, out: Writable, format: Format): Promise<number> {
  const tally: SearchTally = { unreadable: 0 };
  const print = printers[format];
  let count = 0;
  let failure: NodeJS.ErrnoException | undefined;
  out.once('error', (error) => (failure = error));
  if (format === 'table')
    out.write(`${columns.map(({ name, width }) => name.padEnd(width)).join(' ')}\n`);
  for await (const entry of searchAudit(join(flags.dataDir, 'audit'), filterOf(flags), tally)) {
    if (out.destroyed) break;
    count++;
    if (!out.write(`${print(entry)}\n`))
      await Promise.race([once(out, 'drain'), once(out, 'close')]);
  }
  // A reader such as head that has had enough is no error.
  if (failure && failure.code !== 'EPIPE') throw failure;
  if (tally.unreadable > 0) {
    console.error(`${tally.unreadable} entries cannot be read: run \`gatehouse audit verify\`.`);
    process.exitCode = 1;
  }
  return count;
}

function filterOf({
  dataDir: _dir,
  format: _format,
  out: _out,
  ...filter
}: Partial<SearchFlags>): AuditFilter {
  return filter;
}

const columns: readonly { name: string; width: number; of: (line: AuditLine) => string }[] = [
  { name: 'time', width: 24, of: ({ at }) => new Date(at).toISOString() },
  { name: 'kind', width: 9, of: ({ kind }) => kind },
  { name: 'action', width: 30, of: ({ action }) => action },
  { name: 'status', width: 6, of: ({ status }) => String(status) },
  { name: 'app', width: 16, of: ({ app }) => app },
  { name: 'user', width: 14, of: ({ user }) => user },
  { name: 'role', width: 14, of: ({ role }) => role },
  { name: 'workspace', width: 12, of: ({ workspace }) => workspace },
  { name: 'people', width: 10, of: ({ people }) => people.join(' ') },
];

const printers: Readonly<Record<Format, (line: AuditLine) => string>> = {
  json: (line) => JSON.stringify(line),
  fhir: (line) => JSON.stringify(toAuditEvent(line)),
  table: (line) =>
    columns
      .map(({ of, width }) => printable(of(line)).padEnd(width))
      .join(' ')
      .trimEnd(),
};

/** What callers sent must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '�');
}

const toStart = (text: string) => toTime(text, text);
const toEnd = (text: string) =>
  toTime(text, /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T23:59:59.999Z` : text);

function toTime(given: string, text: string): number {
  const zoned = /T[^Z+-]*$/.test(text) ? `${text}Z` : text;
  const time = Date.parse(zoned);
  if (!/^\d{4}-\d\d-\d\d/.test(given) || Number.isNaN(time))
    throw new InvalidArgumentError(
      'Give a date such as 2026-01-31 or a time such as 2026-01-31T08:00.',
    );
  return time;
}
