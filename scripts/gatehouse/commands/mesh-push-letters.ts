/** The commands of `gatehouse mesh push` about single pushes and dead letters. */
import { Option, type Command } from 'commander';
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
  type ManagingFlags,
} from '../managing.ts';

/** In the order in which they are told. */
export function lettersCommands(): readonly Command[] {
  return [lettersCommand(), letterCommand(), replayCommand(), redirectCommand(), discardCommand()];
}

const hint = 'gatehouse mesh push letters <subscription>';
const at = (id: string) => `/pushes/${part(id)}`;

interface LettersFlags extends ManagingFlags {
  readonly state: string;
}

function lettersCommand(): Command {
  return managing('letters', 'list the pushes of a subscription: the dead letters, or others')
    .argument('<subscription>')
    .addOption(
      new Option('--state <state>', 'which')
        .choices(['waiting', 'sending', 'done', 'dead'])
        .default('dead'),
    )
    .action(async (subscription: string, { state, ...flags }: LettersFlags) => {
      const items = await listAll(clientFor(flags), `/pushes${queryOf({ subscription, state })}`);
      printList(items, ['id', 'state', 'messageId', 'attempts', 'created', 'reason'], flags);
    });
}

function letterCommand(): Command {
  return managing('letter', 'show a push with its attempts')
    .argument('<id>')
    .action(async (id: string, flags: ManagingFlags) => {
      const { body } = await orSee(hint, clientFor(flags).call('GET', at(id)));
      if (flags.json) {
        printItem(body, flags);
        return;
      }
      const { made, ...push } = body;
      printItem(push, flags);
      printList(
        itemsIn({ items: made }),
        ['generation', 'n', 'at', 'milliseconds', 'status', 'fault', 'answer'],
        flags,
      );
    });
}

interface ReplayFlags extends ManagingFlags {
  readonly all?: string;
  readonly from?: string;
  readonly to?: string;
  readonly perSecond: string;
}

function replayCommand(): Command {
  return managing('replay', 'push a dead letter anew, or all of a subscription')
    .argument('[id]', 'one push')
    .option('--all <subscription>', 'those of this subscription')
    .option('--from <time>', 'of those only which were accepted from then on')
    .option('--to <time>', 'and until then')
    .option('--per-second <number>', 'how fast', '10')
    .action(async (id: string | undefined, flags: ReplayFlags) => {
      const client = clientFor(flags);
      const { all: subscription, from, to, perSecond } = flags;
      if ((id === undefined) === (subscription === undefined))
        throw new Error('Name one push, or --all with a subscription');
      const body = {
        ...{ subscription, perSecond: Number(perSecond) },
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      };
      const call =
        id === undefined
          ? client.call('POST', '/pushes/replay', { body })
          : client.call('POST', `${at(id)}/replay`);
      printItem((await orSee(hint, call)).body, flags);
    });
}

function redirectCommand(): Command {
  return managing('redirect', 'push a dead letter to the endpoint of another subscription')
    .argument('<id>')
    .argument('<subscription>')
    .action(async (id: string, subscription: string, flags: ManagingFlags) => {
      const body = { subscription };
      const call = clientFor(flags).call('POST', `${at(id)}/redirect`, { body });
      printItem((await orSee(hint, call)).body, flags);
    });
}

interface DiscardFlags extends ManagingFlags {
  readonly reason: string;
}

function discardCommand(): Command {
  return managing('discard', 'give a push up for good; what waits behind it goes on')
    .argument('<id>')
    .requiredOption('--reason <text>', 'why; kept with it')
    .action(async (id: string, { reason, ...flags }: DiscardFlags) => {
      const call = clientFor(flags).call('POST', `${at(id)}/discard`, { body: { reason } });
      printItem((await orSee(hint, call)).body, flags);
    });
}
