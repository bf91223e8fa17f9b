/** `gatehouse mesh workflow`: who may send and who takes each type of document, over the management API. */
import { Command } from 'commander';
import { clientFor, gather, listAll, orSee, part, printItem, printList } from '../managing.ts';
import { inEnvironment, type PlaceFlags } from './mesh-mailbox.ts';

export function workflowCommand(): Command {
  return new Command('workflow')
    .description('who may send and who takes each type of document')
    .addCommand(listCommand())
    .addCommand(putCommand())
    .addCommand(removeCommand());
}

const list = (environment: string) => `/mesh/${part(environment)}/workflows`;

function listCommand(): Command {
  return inEnvironment('list', 'list the workflows of an environment').action(
    async (flags: PlaceFlags) => {
      const items = await listAll(clientFor(flags), list(flags.environment));
      printList(items, ['id', 'senders', 'receivers'], flags);
    },
  );
}

interface PutFlags extends PlaceFlags {
  readonly sender?: readonly string[];
  readonly receiver?: readonly string[];
}

function putCommand(): Command {
  return inEnvironment('put', 'put a workflow, in place of one that is there')
    .argument('<id>', 'such as TOC_FHIR_IP_DISCH; case counts')
    .option('--sender <mailbox>', "a mailbox that may send it, or '*'; may be repeated", gather)
    .option('--receiver <mailbox>', 'a mailbox that takes it; may be repeated', gather)
    .action(async (id: string, { sender = [], receiver = [], ...flags }: PutFlags) => {
      const body = { senders: sender, receivers: receiver };
      const path = `${list(flags.environment)}/${part(id)}`;
      printItem((await clientFor(flags).call('PUT', path, { body })).body, flags);
    });
}

function removeCommand(): Command {
  return inEnvironment('remove', 'remove a workflow')
    .argument('<id>')
    .action(async (id: string, flags: PlaceFlags) => {
      const path = `${list(flags.environment)}/${part(id)}`;
      await orSee('gatehouse mesh workflow list', clientFor(flags).call('DELETE', path));
      if (!flags.json) console.log('Removed.');
    });
}
