/** `gatehouse secret`: what an API proves itself by to its back end, by name. A value is never an argument. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { Problem } from '../../../core/problem.ts';
import {
  clientFor,
  listAll,
  managing,
  part,
  printItem,
  printList,
  type ManagingFlags,
} from '../managing.ts';
import { readSent } from './api-file.ts';

export function secretCommand(): Command {
  return new Command('secret')
    .description('manage the secrets by which APIs prove themselves to their back ends')
    .addCommand(putCommand())
    .addCommand(listCommand())
    .addCommand(deleteCommand());
}

function putCommand(): Command {
  return managing('put', 'put a secret; what runs uses it from its next connection on')
    .argument('<api>', 'its id')
    .argument('<environment>')
    .argument('<name>', 'as definitions name it: lower-case letters, digits and hyphens')
    .option('--file <file>', 'the value is in this file (default: on standard input)')
    .addHelpText(
      'after',
      `
The value is never an argument, which others could see. A line break at its end is left out.
  gatehouse secret put orders development backend-key < key.txt`,
    )
    .action(async (api: string, environment: string, name: string, flags: PutFlags) => {
      const value = valueOf(flags);
      const path = `${placeOf(api, environment)}/${part(name)}`;
      printItem((await clientFor(flags).call('PUT', path, { body: { value } })).body, flags);
    });
}

interface PutFlags extends ManagingFlags {
  readonly file?: string;
}

function valueOf({ file }: PutFlags): string {
  if (file === undefined && process.stdin.isTTY)
    throw new Problem('invalid', 'Give the value on standard input, or name its file by --file');
  const text = file === undefined ? readFileSync(0, 'utf8') : readSent(file).text;
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new Problem('invalid', 'The value is empty');
  return value;
}

function listCommand(): Command {
  return managing('list', 'list the secrets of an API by name')
    .argument('<api>', 'its id')
    .argument('<environment>')
    .action(async (api: string, environment: string, flags: ManagingFlags) => {
      const items = await listAll(clientFor(flags), placeOf(api, environment));
      printList(items, ['name', 'created', 'by'], flags);
    });
}

function deleteCommand(): Command {
  return managing('delete', 'remove a secret that nothing deployed uses')
    .argument('<api>', 'its id')
    .argument('<environment>')
    .argument('<name>')
    .action(async (api: string, environment: string, name: string, flags: ManagingFlags) => {
      await clientFor(flags).call('DELETE', `${placeOf(api, environment)}/${part(name)}`);
      if (!flags.json) console.log('Removed.');
    });
}

function placeOf(api: string, environment: string): string {
  return `/apis/${part(api)}/environments/${part(environment)}/secrets`;
}
