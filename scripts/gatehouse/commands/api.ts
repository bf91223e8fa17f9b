/** `gatehouse api`: APIs on the platform, from set-up to retirement, over the management API. */
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
import { deployCommand } from './api-deploy.ts';
import { newCommand } from './api-new.ts';
import { specCommand } from './api-spec.ts';
import { stateCommands } from './api-state.ts';

export function apiCommand(): Command {
  const command = new Command('api')
    .description('put APIs on the platform: set up, deploy, deprecate, retire')
    .addCommand(newCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(specCommand())
    .addCommand(deployCommand());
  for (const one of stateCommands()) command.addCommand(one);
  return command.addHelpText(
    'after',
    '\nAn environment is sandbox, development (dev), sit (ref), uat (int) or production (prod).',
  );
}

function listCommand(): Command {
  return managing('list', 'list APIs')
    .option('--owner <ods>', 'of this organisation')
    .action(async (flags: ManagingFlags & { owner?: string }) => {
      const items = await listAll(clientFor(flags), `/apis${queryOf({ owner: flags.owner })}`);
      printList(items, ['id', 'title', 'owner', 'technology', 'status', 'sensitive'], flags);
    });
}

function showCommand(): Command {
  return managing('show', 'show an API and where it runs')
    .argument('<id>', 'its id')
    .action(async (id: string, flags: ManagingFlags) => {
      const client = clientFor(flags);
      const { body } = await orSee('gatehouse api list', client.call('GET', `/apis/${part(id)}`));
      const proxies = await listAll(client, `/apis/${part(id)}/proxies`);
      if (flags.json) {
        printItem({ ...body, proxies }, flags);
        return;
      }
      printItem(body, flags);
      console.log('');
      printList(proxies, ['id', 'environment', 'active', 'previous', 'state'], flags);
    });
}
