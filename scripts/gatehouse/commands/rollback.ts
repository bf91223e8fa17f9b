/** `gatehouse rollback`: the revision before, or another, back in service at once. */
import { InvalidArgumentError, type Command } from 'commander';
import { textIn } from '../client.ts';
import {
  clientFor,
  managing,
  orSee,
  part,
  printItem,
  toText,
  type ManagingFlags,
} from '../managing.ts';

export function rollbackCommand(): Command {
  return managing('rollback', 'put the revision before, or another, back in service')
    .argument('<proxy>', 'such as development.orders')
    .option('--to <number>', 'this revision (default: the one before)', count)
    .addHelpText('after', '\ngatehouse proxy revisions <proxy> lists the revisions there are.')
    .action(async (proxy: string, flags: ManagingFlags & { to?: number }) => {
      const body = flags.to === undefined ? {} : { to: flags.to };
      const path = `/proxies/${part(proxy)}/rollback`;
      const { body: now } = await orSee(
        'gatehouse proxy revisions <proxy>, gatehouse proxy list',
        clientFor(flags).call('POST', path, { body }),
      );
      if (flags.json) printItem(now, flags);
      else console.log(`${textIn(now, 'id')} runs revision ${toText(now.active)}`);
    });
}

function count(text: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be the number of a revision.');
}
