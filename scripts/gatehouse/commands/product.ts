/** `gatehouse product`: what apps subscribe to, over the management API. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { objectOf } from '../../../server/catalogue/openapi/document.ts';
import {
  clientFor,
  gather,
  listAll,
  managing,
  part,
  printItem,
  printList,
  type Item,
  type ManagingFlags,
} from '../managing.ts';

export function productCommand(): Command {
  return new Command('product')
    .description('manage products: the APIs, scopes and limits that apps subscribe to')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(createCommand())
    .addCommand(changeCommand());
}

function listCommand(): Command {
  return managing('list', 'list products').action(async (flags: ManagingFlags) => {
    const items = await listAll(clientFor(flags), '/products');
    printList(items, ['id', 'name', 'approval', 'scopes'], flags);
  });
}

function showCommand(): Command {
  return managing('show', 'show a product')
    .argument('<id>')
    .action(async (id: string, flags: ManagingFlags) => {
      printItem((await clientFor(flags).call('GET', `/products/${part(id)}`)).body, flags);
    });
}

interface ProductFlags extends ManagingFlags {
  readonly name?: string;
  readonly description?: string;
  readonly api?: readonly string[];
  readonly scope?: readonly string[];
  readonly approval?: string;
  readonly operation?: readonly string[];
  readonly quota?: Item;
  readonly rate?: Item;
  readonly burst?: number;
  readonly concurrency?: number;
}

function createCommand(): Command {
  return described(managing('create', 'make a product'))
    .argument('<id>', 'lower-case letters, digits and hyphens')
    .requiredOption('--name <text>', 'how people know it')
    .addHelpText(
      'after',
      '\nWithout --approval it is manual when one of its scopes lets data be written. Without --api it opens nothing.',
    )
    .action(async (id: string, flags: ProductFlags) => {
      const body = { id, ...fieldsOf(flags, {}) };
      tell((await clientFor(flags).call('POST', '/products', { body })).body, flags);
    });
}

function changeCommand(): Command {
  return described(managing('change', 'change a product'))
    .argument('<id>')
    .option('--name <text>', 'how people know it')
    .addHelpText(
      'after',
      '\nWhat is not named stays; a list that is named replaces the one before. It counts from the next call on.',
    )
    .action(async (id: string, flags: ProductFlags) => {
      const client = clientFor(flags);
      const path = `/products/${part(id)}`;
      const { body: before, etag } = await client.call('GET', path);
      const body = fieldsOf(flags, before);
      if (Object.keys(body).length === 0)
        throw new Problem(
          'invalid',
          'Nothing to change: gatehouse product change --help lists what can be',
        );
      tell((await client.call('PATCH', path, { body, ifMatch: etag })).body, flags);
    });
}

function described(command: Command): Command {
  return command
    .option('--description <text>')
    .option('--api <id>', 'an API it covers; may be repeated', gather)
    .option('--scope <scope>', 'a scope it gives; may be repeated', gather)
    .option(
      '--operation <text>',
      'only this of its API, "GET /orders/{id}"; may be repeated; of one API of several: "orders=GET /orders"',
      gather,
    )
    .option('--quota <amount>', 'calls of each app in a time: 300/minute, 5000/day', quota)
    .option('--rate <amount>', 'how fast an app may call: 10/second, 600/minute', rate)
    .option('--burst <count>', 'how many may come at once at that rate', count)
    .option('--concurrency <count>', 'calls of an app at a time', count)
    .addOption(
      new Option('--approval <how>', 'who decides about requests').choices(['automatic', 'manual']),
    );
}

function fieldsOf(flags: ProductFlags, before: Item): Item {
  const { name, description, api, scope, approval, operation } = flags;
  const limits = limitsOf(flags, objectOf(before.limits));
  const apis = api ?? (Array.isArray(before.apis) ? before.apis.map(String) : []);
  const fields = {
    ...{ name, description, apis: api, scopes: scope, approval, limits },
    operations: operation && operationsOf(operation, apis),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function limitsOf(flags: ProductFlags, before: Item): Item | undefined {
  const { quota: ofTime, rate: ofSpeed, burst, concurrency } = flags;
  if (burst !== undefined && !ofSpeed)
    throw new Problem('invalid', '--burst goes with --rate: --rate 10/second --burst 20');
  if (!ofTime && !ofSpeed && concurrency === undefined) return undefined;
  return {
    ...before,
    ...(ofTime ? { quota: ofTime } : {}),
    ...(ofSpeed ? { spikeArrest: { ...ofSpeed, ...(burst === undefined ? {} : { burst }) } } : {}),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}

function operationsOf(texts: readonly string[], apis: readonly string[]): Item {
  const found: Record<string, string[]> = {};
  for (const text of texts) {
    const [, named, operation = text] = /^([a-z0-9-]+)=(.+)$/.exec(text) ?? [];
    const api = named ?? (apis.length === 1 ? apis[0] : undefined);
    if (api === undefined)
      throw new Problem(
        'invalid',
        `Say of which API "${operation}" is: --operation "<api>=${operation}"`,
      );
    (found[api] ??= []).push(operation);
  }
  return found;
}

function tell(product: Item, flags: ManagingFlags): void {
  printItem(product, flags);
}

const amountForm = /^(\d{1,10})\/(?:(\d{1,4}) ?)?(second|minute|hour|day|week|month)s?$/;

/** `300/minute`, `1000/5 minutes`. */
function quota(text: string): Item {
  const [, limit, interval = '1', unit] = amountForm.exec(text) ?? [];
  if (limit !== undefined) return { limit: Number(limit), interval: Number(interval), unit };
  throw new InvalidArgumentError(
    'It must be a number of calls in a time: 300/minute, 1000/5 minutes.',
  );
}

function rate(text: string): Item {
  const [, amount, per] = /^(\d{1,10})\/(second|minute)$/.exec(text) ?? [];
  if (amount !== undefined) return { rate: Number(amount), per };
  throw new InvalidArgumentError('It must be a number of calls a second or minute: 10/second.');
}

function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1.');
}
