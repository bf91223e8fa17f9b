/** `gatehouse messages`: what messaging has taken and sends, over the management API. */
import { Command, Option } from 'commander';
import {
  clientFor,
  itemsIn,
  listAll,
  managing,
  orSee,
  part,
  printItem,
  printList,
  queryOf,
  type Item,
  type ManagingFlags,
} from '../managing.ts';
import { traceText, type MessageTrace } from '../../../server/observe/trace-view.ts';

export function messagesCommand(): Command {
  return new Command('messages')
    .description('see messages and their course; repeat and give up deliveries')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(traceCommand())
    .addCommand(retryCommand())
    .addCommand(abandonCommand());
}

interface ListFlags extends ManagingFlags {
  readonly state?: string;
  readonly topic?: string;
}

const states = ['waiting', 'sending', 'sent', 'done', 'dead'];
const columns = [
  ...['id', 'state', 'interaction', 'fromParty', 'toParty', 'attempts', 'created', 'reason'],
];
const hint = 'gatehouse messages list';

function listCommand(): Command {
  return managing('list', 'list deliveries, oldest first')
    .addOption(new Option('--state <state>', 'only these').choices(states))
    .option('--topic <topic>', 'only of this kind: spine-process, spine-send, spine-signal')
    .action(async ({ state, topic, ...flags }: ListFlags) => {
      const items = await listAll(clientFor(flags), `/messages${queryOf({ state, topic })}`);
      printList(items, columns, flags);
    });
}

function showCommand(): Command {
  return managing('show', 'all that is known of a message: parties, contract, attempts, times')
    .argument('<id>', 'a message id, a conversation id, or the id of a delivery')
    .action(async (id: string, flags: ManagingFlags) => {
      const call = clientFor(flags).call('GET', `/messages/${part(id)}`);
      const { body } = await orSee(hint, call);
      if (flags.json) printItem(body, flags);
      else for (const one of allOf(body)) printItem(one, flags);
    });
}

/** Each message, then each delivery, under a word of its own. */
function allOf({ messages, deliveries }: Item): readonly Item[] {
  return [
    ...itemsIn({ items: messages }).map((message) => ({ message })),
    ...itemsIn({ items: deliveries }).map((delivery) => ({ delivery })),
  ];
}

function traceCommand(): Command {
  return managing('trace', 'the steps of a call or message: received, checked, sent, answered')
    .argument('<id>', 'a message, conversation, correlation or request id, or a message_id')
    .action(async (id: string, flags: ManagingFlags) => {
      const hints = 'gatehouse messages list; docs/guides/tracing.md says what is traced';
      const { body } = await orSee(hints, clientFor(flags).call('GET', tracePath(id)));
      if (flags.json) printItem(body, flags);
      // `GET /messages/:id/trace` answers with one.
      else console.log(traceText(body as unknown as MessageTrace).trimEnd());
    });
}

function tracePath(id: string): string {
  return `/messages/${part(id)}/trace`;
}

function retryCommand(): Command {
  return managing('retry', 'deliver anew, also what was given up')
    .argument('<id>', 'the id of a delivery, or of a message with one that has not succeeded')
    .action(async (id: string, flags: ManagingFlags) => {
      const call = clientFor(flags).call('POST', `/messages/${part(id)}/retry`);
      printItem((await orSee(hint, call)).body, flags);
    });
}

interface AbandonFlags extends ManagingFlags {
  readonly reason: string;
}

function abandonCommand(): Command {
  return managing('abandon', 'give a delivery up')
    .argument('<id>', 'the id of a delivery, or of a message with one that is open')
    .requiredOption('--reason <text>', 'why; kept with it')
    .action(async (id: string, { reason, ...flags }: AbandonFlags) => {
      const path = `/messages/${part(id)}/abandon`;
      const call = clientFor(flags).call('POST', path, { body: { reason } });
      printItem((await orSee(hint, call)).body, flags);
    });
}
