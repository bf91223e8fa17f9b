/** `gatehouse key`: the two keys of a subscription. A key is printed when it is made, and never again. */
import { Command, Option } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { keyOverlaps, keySlots } from '../../../server/catalogue/key-pairs.ts';
import { textIn, type ManagementClient } from '../client.ts';
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

interface KeyFlags extends ManagingFlags {
  readonly slot: string;
}

export function keyCommand(): Command {
  return new Command('key')
    .description(
      'manage the keys of subscriptions: two each, so that one can be replaced while the other works',
    )
    .addCommand(listCommand())
    .addCommand(makeCommand())
    .addCommand(rotateCommand());
}

function listCommand(): Command {
  return managing('list', 'list the keys of a subscription by their hints')
    .argument('<subscription>', 'as gatehouse subscription list shows it')
    .action(async (subscription: string, flags: ManagingFlags) => {
      const items = await listAll(clientFor(flags), placeOf(subscription));
      printList(items, ['slot', 'hint', 'created', 'ends', 'lastUsed', 'lastAddress'], flags);
    });
}

function makeCommand(): Command {
  return withSlot(managing('make', 'make the first key of a slot and print it'))
    .addHelpText('after', '\nKEY=$(gatehouse key make <subscription>) keeps it in a variable.')
    .action(async (subscription: string, flags: KeyFlags) => {
      const client = clientFor(flags);
      const there = await listAll(client, placeOf(subscription));
      if (there.some(({ slot }) => slot === flags.slot))
        throw new Problem(
          'conflict',
          `There is a ${flags.slot} key already. To replace it: gatehouse key rotate ${subscription} --slot ${flags.slot}`,
        );
      await make(client, subscription, 'now', flags);
    });
}

function rotateCommand(): Command {
  return withSlot(managing('rotate', 'replace the key of a slot and print the new one'))
    .addOption(
      new Option('--overlap <time>', 'how long the one before goes on working')
        .choices(Object.keys(keyOverlaps))
        .default('24h'),
    )
    .action(async (subscription: string, flags: KeyFlags & { overlap: string }) => {
      await make(clientFor(flags), subscription, flags.overlap, flags);
      if (!flags.json)
        console.error(
          flags.overlap === 'now'
            ? 'The key before has ended.'
            : `The key before works for another ${flags.overlap}.`,
        );
    });
}

function withSlot(command: Command): Command {
  return command
    .argument('<subscription>', 'as gatehouse subscription list shows it')
    .addOption(
      new Option('--slot <slot>', 'which of the two').choices(keySlots).default('primary'),
    );
}

/** The key alone on standard output, so that a script can take it. */
async function make(
  client: ManagementClient,
  subscription: string,
  overlap: string,
  flags: KeyFlags,
): Promise<void> {
  const path = `${placeOf(subscription)}/${flags.slot}`;
  const made = client.call('POST', path, { body: { overlap } });
  const { body } = await orSee('gatehouse subscription list', made);
  if (flags.json) printItem(body, flags);
  else console.log(textIn(body, 'key'));
  console.error(
    'This key is not shown again. Callers send it in the header Ocp-Apim-Subscription-Key.',
  );
}

function placeOf(subscription: string): string {
  return `/subscriptions/${part(subscription)}/keys`;
}
