/** `gatehouse proxy`: where APIs run, in which revision, by which definition. */
import { Command } from 'commander';
import {
  clientFor,
  listAll,
  managing,
  orSee,
  part,
  printItem,
  printList,
  queryOf,
  type ManagingFlags,
} from '../managing.ts';

export function proxyCommand(): Command {
  return new Command('proxy')
    .description('see where APIs run: proxies, revisions, definitions')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(revisionsCommand())
    .addCommand(definitionCommand())
    .addHelpText('after', '\nA proxy is named by environment and API: development.orders');
}

function listCommand(): Command {
  return managing('list', 'list proxies')
    .option('--api <id>', 'of this API')
    .option('--environment <name>', 'in this environment')
    .action(async (flags: ManagingFlags & { api?: string; environment?: string }) => {
      const { api, environment } = flags;
      const items = await listAll(clientFor(flags), `/proxies${queryOf({ api, environment })}`);
      printList(items, ['id', 'api', 'active', 'previous', 'latest', 'state'], flags);
    });
}

function showCommand(): Command {
  return managing('show', 'show a proxy')
    .argument('<proxy>')
    .action(async (proxy: string, flags: ManagingFlags) => {
      const found = clientFor(flags).call('GET', `/proxies/${part(proxy)}`);
      printItem((await orSee('gatehouse proxy list', found)).body, flags);
    });
}

function revisionsCommand(): Command {
  return managing('revisions', 'list the revisions of a proxy, oldest first')
    .argument('<proxy>')
    .action(async (proxy: string, flags: ManagingFlags) => {
      const items = await listAll(clientFor(flags), `/proxies/${part(proxy)}/revisions`);
      printList(items, ['number', 'created', 'by', 'release'], flags);
    });
}

function definitionCommand(): Command {
  return managing('definition', 'print a definition as JSON, to change it and deploy it again')
    .argument('<proxy>')
    .option('--revision <number>', 'of this revision (default: the one that serves)')
    .action(async (proxy: string, flags: ManagingFlags & { revision?: string }) => {
      const client = clientFor(flags);
      const path = `/proxies/${part(proxy)}`;
      const number = flags.revision ?? String((await client.call('GET', path)).body.active);
      const { body } = await client.call('GET', `${path}/revisions/${part(number)}`);
      console.log(JSON.stringify(body.definition, null, 2));
    });
}
