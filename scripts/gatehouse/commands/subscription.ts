/** `gatehouse subscription`: which app may use which product where, over the management API. */
import { Command, InvalidArgumentError } from 'commander';
import {
  changeRead,
  clientFor,
  listAll,
  managing,
  part,
  printItem,
  printList,
  type ManagingFlags,
} from '../managing.ts';

export function subscriptionCommand(): Command {
  return new Command('subscription')
    .description('manage subscriptions of apps to products')
    .addCommand(listCommand())
    .addCommand(requestCommand())
    .addCommand(
      decisionCommand('approve', 'active', 'let the app use the product').option(
        '--ends <day>',
        'the last day of it, or a time; it expires then',
        toEnd,
      ),
    )
    .addCommand(decisionCommand('reject', 'rejected', 'refuse a request; takes --reason'))
    .addCommand(decisionCommand('suspend', 'suspended', 'stop it for a while'))
    .addCommand(decisionCommand('cancel', 'cancelled', 'end it'));
}

interface ListFlags extends ManagingFlags {
  readonly app?: string;
  readonly product?: string;
}

function listCommand(): Command {
  return managing('list', 'list subscriptions')
    .option('--app <id>', 'of this app')
    .option('--product <id>', 'to this product')
    .action(async (flags: ListFlags) => {
      const asked = [
        ...(flags.app === undefined ? [] : [`app=${part(flags.app)}`]),
        ...(flags.product === undefined ? [] : [`product=${part(flags.product)}`]),
      ];
      const query = asked.length === 0 ? '' : `?${asked.join('&')}`;
      const items = await listAll(clientFor(flags), `/subscriptions${query}`);
      printList(items, ['id', 'state', 'app', 'product', 'environment', 'requested'], flags);
    });
}

function requestCommand(): Command {
  return managing('request', 'ask for a product')
    .argument('<app>', 'the id of the app')
    .argument('<product>', 'the id of the product')
    .argument('<environment>')
    .option('--purpose <text>', 'what it is wanted for; whoever decides reads it')
    .option('--volume <calls>', 'calls a day that are expected', toVolume)
    .action(async (app: string, product: string, environment: string, flags: RequestFlags) => {
      const { purpose, volume } = flags;
      const body = {
        ...{ app, product, environment },
        ...(purpose === undefined ? {} : { purpose }),
        ...(volume === undefined ? {} : { volume }),
      };
      const made = await clientFor(flags).call('POST', '/subscriptions', { body });
      printItem(made.body, flags);
      if (!flags.json && made.body.state === 'requested')
        console.error('It waits for a decision: gatehouse subscription approve <id>');
    });
}

interface RequestFlags extends ManagingFlags {
  readonly purpose?: string;
  readonly volume?: number;
}

function toVolume(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number.');
}

/** A time, or the end of a day in UTC. */
function toEnd(text: string): string {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const time = Date.parse(text) + (isDay ? 24 * 3_600_000 : 0);
  if (Number.isNaN(time)) throw new InvalidArgumentError('It is a day such as 2027-03-31.');
  return new Date(time).toISOString();
}

function decisionCommand(name: string, state: string, description: string): Command {
  return managing(name, description)
    .argument('<id>', 'as gatehouse subscription list shows it')
    .option('--reason <text>', 'why; whoever asked will read it')
    .action(async (id: string, flags: ManagingFlags & { reason?: string; ends?: string }) => {
      const path = `/subscriptions/${part(id)}`;
      const { reason, ends } = flags;
      const body = {
        state,
        ...(reason === undefined ? {} : { reason }),
        ...(ends === undefined ? {} : { ends }),
      };
      const client = clientFor(flags);
      printItem((await changeRead(client, path, 'PUT', `${path}/state`, body)).body, flags);
    });
}
