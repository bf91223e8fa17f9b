/** `gatehouse events`: who is told of events, queues that lead to mailboxes, and telling again, over the management API. */
import { Command } from 'commander';
import {
  clientFor,
  listAll,
  managing,
  orSee,
  part,
  printItem,
  printList,
  type ManagingFlags,
} from '../managing.ts';

export function eventsCommand(): Command {
  return new Command('events')
    .description('see who is told of events, and tell a subscription again')
    .addCommand(subscriptionsCommand())
    .addCommand(replayCommand())
    .addCommand(queuesCommand())
    .addCommand(queueCommand())
    .addCommand(removeQueueCommand());
}

interface PlaceFlags extends ManagingFlags {
  readonly environment: string;
}

function placed(name: string, description: string): Command {
  return managing(name, description).option('-e, --environment <name>', 'where', 'sandbox');
}

function subscriptionsCommand(): Command {
  return placed('subscriptions', 'list the subscriptions of MNS').action(
    async (flags: PlaceFlags) => {
      const path = `/events/${part(flags.environment)}/mns-subscriptions`;
      const columns = ['id', 'app', 'workspace', 'type', 'mailbox', 'workflow', 'payload'];
      printList(await listAll(clientFor(flags), path), columns, flags);
    },
  );
}

interface ReplayFlags extends PlaceFlags {
  readonly from: string;
  readonly to?: string;
}

function replayCommand(): Command {
  return placed('replay', 'make the copies of a subscription again, as new messages')
    .argument('<subscription>', 'its id')
    .requiredOption('--from <time>', 'of events that came since: 2026-03-01T10:00:00Z')
    .option('--to <time>', 'and until (default: now)')
    .action(async (subscription: string, flags: ReplayFlags) => {
      const path = `/events/${part(flags.environment)}/replays`;
      const { from, to = new Date().toISOString() } = flags;
      let copies = 0;
      let after: unknown;
      do {
        const body = { subscription, from, to, ...(after === undefined ? {} : { after }) };
        const told = (await clientFor(flags).call('POST', path, { body })).body;
        copies += Number(told.count);
        after = told.next;
      } while (after !== undefined);
      printItem({ subscription, copies }, flags);
    });
}

function queuesCommand(): Command {
  return placed('queues', 'list the queues that subscriptions may name').action(
    async (flags: PlaceFlags) => {
      const path = `/events/${part(flags.environment)}/queues`;
      printList(await listAll(clientFor(flags), path), ['arn', 'mailbox', 'workflow'], flags);
    },
  );
}

function queueCommand(): Command {
  return placed('queue', 'lead a queue to a mailbox, from where its messages are fetched or pushed')
    .argument('<arn>')
    .argument('<mailbox>')
    .argument('<workflow>')
    .action(async (arn: string, mailbox: string, workflow: string, flags: PlaceFlags) => {
      const path = `/events/${part(flags.environment)}/queues`;
      const body = { arn, mailbox, workflow };
      printItem((await clientFor(flags).call('POST', path, { body })).body, flags);
    });
}

function removeQueueCommand(): Command {
  return placed('remove-queue', 'end a queue for new subscriptions; those that there are stay')
    .argument('<arn>')
    .action(async (arn: string, flags: PlaceFlags) => {
      const path = `/events/${part(flags.environment)}/queues/${part(arn)}`;
      await orSee('gatehouse events queues', clientFor(flags).call('DELETE', path));
      if (flags.json !== true) console.log('Removed.');
    });
}
