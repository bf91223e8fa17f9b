/** `gatehouse directory`: the Spine Directory of a running server, over the management API. */
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { longPatience } from '../client.ts';
import {
  clientFor,
  itemsIn,
  managing,
  printItem,
  queryOf,
  toText,
  type Item,
  type ManagingFlags,
} from '../managing.ts';

export function directoryCommand(): Command {
  return new Command('directory')
    .description('find, import and export entries of the Spine Directory')
    .addCommand(findCommand())
    .addCommand(importCommand())
    .addCommand(exportCommand());
}

interface PlaceFlags extends ManagingFlags {
  readonly environment?: string;
}

function findCommand(): Command {
  return managing('find', 'find entries by an LDAP filter, and tell how programs find them')
    .argument('<filter>', "such as '(&(nhsIDCode=Y90001)(objectClass=nhsAs))'")
    .option('--base <dn>', 'look below this entry (default: o=nhs)')
    .addOption(new Option('--scope <scope>').choices(['base', 'one', 'sub']))
    .option('--limit <number>', 'at most so many entries (default: 20, at most 200)')
    .option('--environment <name>', 'as this environment sees it (default: the standard one)')
    .action(find);
}

interface FindFlags extends PlaceFlags {
  readonly base?: string;
  readonly scope?: string;
  readonly limit?: string;
}

async function find(filter: string, flags: FindFlags): Promise<void> {
  const { base, scope, limit, environment } = flags;
  const query = queryOf({ filter, base, scope, limit, environment });
  const { body } = await clientFor(flags).call('GET', `/directory/entries${query}`);
  if (flags.json) {
    printItem(body, flags);
    return;
  }
  const items = itemsIn(body);
  for (const item of items) for (const line of linesOf(item)) console.log(line);
  if (items.length === 0) console.log('(none)');
  if (body.more === true) console.error('There are more: narrow the filter, or raise --limit.');
}

const told = {
  ldap: 'Over LDAP:',
  fhir: 'Over SDS FHIR:',
  ods: 'Over the organisation look-up:',
  sspTo: 'Ssp-To of calls to it:',
} as const;

/** As LDIF, for people: each value on a line, then the calls that find it. */
function linesOf({ dn, attributes, find: how }: Item): readonly string[] {
  const values = members(attributes).flatMap(([name, all]) =>
    (Array.isArray(all) ? all : []).map((value) => `${name}: ${toText(value)}`),
  );
  const calls = members(how).flatMap(([name, call]) => {
    const title = Object.entries(told).find(([one]) => one === name)?.[1];
    return title === undefined ? [] : [`# ${title} ${toText(call)}`];
  });
  return [`dn: ${toText(dn)}`, ...values, ...calls, ''];
}

function members(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function importCommand(): Command {
  return managing('import', 'put the entries of a file into the directory: all, or none')
    .argument('<file>', 'LDIF, or JSON lines when its name ends in .json or .ndjson')
    .option('--replace', 'replace entries that are there with other content')
    .option('--lenient', 'take entries that lack attributes which the schema needs, and name them')
    .option('--check', 'only tell what would be done')
    .option('--environment <name>', 'only for this one (default: for all, where it is not changed)')
    .addHelpText(
      'after',
      '\nA line that is wrong is named, and nothing is changed. Entries of directories in use may lack attributes: --lenient. An import that was cut off is finished by doing it again.',
    )
    .action(importFile);
}

interface ImportFlags extends PlaceFlags {
  readonly replace?: boolean;
  readonly check?: boolean;
  readonly lenient?: boolean;
}

async function importFile(file: string, flags: ImportFlags): Promise<void> {
  if (!existsSync(file)) throw new Problem('invalid', `There is no file ${file}`);
  const type = /\.(nd)?json$/i.test(file) ? 'application/x-ndjson' : 'text/x-ldif';
  const { environment } = flags;
  const query = queryOf({
    environment,
    replace: flags.replace ? 'true' : undefined,
    check: flags.check ? 'true' : undefined,
    lenient: flags.lenient ? 'true' : undefined,
  });
  const document = { text: readFileSync(file, 'utf8'), type };
  const path = `/directory/import${query}`;
  const options = { document, patience: longPatience };
  printItem((await clientFor(flags).call('POST', path, options)).body, flags);
}

function exportCommand(): Command {
  return managing('export', 'write the directory as LDIF, or as JSON with all of organisations')
    .addOption(new Option('--format <format>').choices(['ldif', 'json']).default('ldif'))
    .option('--out <file>', 'write to this file instead of standard output')
    .option('--environment <name>', 'as this environment sees it (default: the standard one)')
    .action(exportAll);
}

interface ExportFlags extends PlaceFlags {
  readonly format: string;
  readonly out?: string;
}

async function exportAll({ format, out, environment, ...flags }: ExportFlags): Promise<void> {
  const query = queryOf({ format, environment });
  const body = await clientFor(flags).download(`/directory/export${query}`);
  if (out === undefined) {
    await pipeline(Readable.fromWeb(body), process.stdout, { end: false });
    return;
  }
  await pipeline(Readable.fromWeb(body), createWriteStream(out, { flags: 'wx' }));
  console.error(`Written to ${toText(out)}.`);
}
