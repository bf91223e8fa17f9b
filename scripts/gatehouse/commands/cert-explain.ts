/** `gatehouse cert explain`: what a certificate or request is, and every check with what was expected and found. */
import type { Command } from 'commander';
import { textIn } from '../client.ts';
import {
  clientFor,
  itemsIn,
  managing,
  printTable,
  type Item,
  type ManagingFlags,
} from '../managing.ts';
import { readOr } from './cert-files.ts';

export function explainCommand(): Command {
  return managing(
    'explain',
    'tell what a certificate or request is, and each check with its result',
  )
    .argument('<file>', 'PEM: a certificate with what is between it and the root, or a request')
    .option('--environment <name>', 'where it is to be used', 'int')
    .addHelpText('after', '\nEnds with 1 when a check fails.')
    .action(async (file: string, flags: ManagingFlags & { environment: string }) => {
      const { environment } = flags;
      const body = { pem: readOr(file, 'a file in PEM'), environment };
      const { body: told } = await clientFor(flags).call('POST', '/certificates/explain', { body });
      if (flags.json) console.log(JSON.stringify(told, null, 2));
      else print(told);
      if (checksIn(told).some(({ ok }) => ok !== true)) process.exitCode = 1;
    });
}

function print(told: Item): void {
  for (const name of ['subject', 'issuer', 'serial', 'thumbprint'])
    if (textIn(told, name) !== '') console.log(`${name.padEnd(10)} ${textIn(told, name)}`);
  printTable(
    ['check', 'ok', 'expected', 'found'],
    checksIn(told).map(({ check, ok, expected, found }) => [
      ...[check, ok === true ? 'yes' : 'NO', expected, found],
    ]),
  );
}

function checksIn({ checks }: Item): readonly Item[] {
  return itemsIn({ items: checks });
}
