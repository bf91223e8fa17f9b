/** `gatehouse mesh push`: mailboxes that are pushed to endpoints, over the management API. */
import { Command, Option } from 'commander';
import {
  clientFor,
  gather,
  listAll,
  managing,
  orSee,
  part,
  printItem,
  printList,
  queryOf,
  type ManagingFlags,
} from '../managing.ts';
import { lettersCommands } from './mesh-push-letters.ts';

export function pushCommand(): Command {
  const push = new Command('push')
    .description('push the messages of mailboxes to endpoints; dead letters')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(verifyCommand())
    .addCommand(stateCommand('suspend', 'suspended', 'push nothing until it is resumed'))
    .addCommand(stateCommand('resume', 'active', 'let a suspended subscription go on'))
    .addCommand(secretCommand())
    .addCommand(removeCommand());
  for (const command of lettersCommands()) push.addCommand(command);
  return push;
}

const hint = 'gatehouse mesh push list';
const at = (id: string) => `/push-subscriptions/${part(id)}`;

interface CreateFlags extends ManagingFlags {
  readonly environment: string;
  readonly ordering: string;
  readonly onDead: string;
  readonly receipt?: readonly string[];
  readonly acknowledge: boolean;
}

function createCommand(): Command {
  return managing('create', 'register an endpoint; prints the signing secret, which is shown once')
    .argument('<mailbox>')
    .argument('<url>', 'https; http on a laptop only')
    .option('-e, --environment <name>', 'where the mailbox is', 'sandbox')
    .addOption(
      new Option('--ordering <how>', 'whether those of one ordering key go one after the other')
        .choices(['none', 'key'])
        .default('none'),
    )
    .addOption(
      new Option('--on-dead <what>', 'what becomes of those behind a dead letter')
        .choices(['skip', 'hold'])
        .default('skip'),
    )
    .option(
      '--receipt <kind>',
      'tell senders: accepted, delivered, failed; may be repeated',
      gather,
    )
    .option('--no-acknowledge', 'leave what was taken in the inbox')
    .action(async (mailbox: string, url: string, flags: CreateFlags) => {
      const { environment, ordering, onDead, receipt: receipts = [], acknowledge } = flags;
      const body = { environment, mailbox, url, ordering, onDead, receipts, acknowledge };
      const made = await clientFor(flags).call('POST', '/push-subscriptions', { body });
      printItem(made.body, flags);
    });
}

interface ListFlags extends ManagingFlags {
  readonly environment?: string;
  readonly mailbox?: string;
}

function listCommand(): Command {
  return managing('list', 'list push subscriptions')
    .option('-e, --environment <name>', 'only of this one')
    .option('--mailbox <id>', 'only of this one; needs an environment')
    .action(async ({ environment, mailbox, ...flags }: ListFlags) => {
      const path = `/push-subscriptions${queryOf({ environment, mailbox })}`;
      const columns = ['id', 'environment', 'mailbox', 'state', 'ordering', 'url', 'reason'];
      printList(await listAll(clientFor(flags), path), columns, flags);
    });
}

function showCommand(): Command {
  return managing('show', 'show a push subscription, and how many pushes wait and are dead')
    .argument('<id>')
    .action(async (id: string, flags: ManagingFlags) => {
      printItem((await orSee(hint, clientFor(flags).call('GET', at(id)))).body, flags);
    });
}

function verifyCommand(): Command {
  return managing('verify', 'send the endpoint a challenge; active from its echo on')
    .argument('<id>')
    .action(async (id: string, flags: ManagingFlags) => {
      const call = clientFor(flags).call('POST', `${at(id)}/verify`);
      printItem((await orSee(hint, call)).body, flags);
    });
}

interface StateFlags extends ManagingFlags {
  readonly reason?: string;
}

function stateCommand(name: string, state: string, description: string): Command {
  return managing(name, description)
    .argument('<id>')
    .option('--reason <text>', 'why; kept with it while it is suspended')
    .action(async (id: string, { reason, ...flags }: StateFlags) => {
      const body = { state, ...(reason === undefined ? {} : { reason }) };
      const call = clientFor(flags).call('PUT', `${at(id)}/state`, { body });
      printItem((await orSee(hint, call)).body, flags);
    });
}

function secretCommand(): Command {
  return managing('secret', 'make the signing secret anew; the one before ends at once')
    .argument('<id>')
    .action(async (id: string, flags: ManagingFlags) => {
      const call = clientFor(flags).call('POST', `${at(id)}/secret`);
      printItem((await orSee(hint, call)).body, flags);
    });
}

function removeCommand(): Command {
  return managing('remove', 'end a push subscription; its messages stay in the mailbox')
    .argument('<id>')
    .action(async (id: string, flags: ManagingFlags) => {
      await orSee(hint, clientFor(flags).call('DELETE', at(id)));
      if (!flags.json) console.log('Removed.');
    });
}
