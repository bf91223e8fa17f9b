/** `gatehouse mesh mailbox`: mailboxes, what waits in them, their messages and passwords, over the management API. */
import { Command, Option } from 'commander';
import { Problem } from '../../../core/problem.ts';
import {
  changeRead,
  clientFor,
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

export function mailboxCommand(): Command {
  return new Command('mailbox')
    .description('make, see and change mailboxes; put messages back into their inbox')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(changeCommand())
    .addCommand(passwordCommand())
    .addCommand(messagesCommand())
    .addCommand(restoreCommand());
}

/** A command on what is in an environment. */
export function inEnvironment(name: string, description: string): Command {
  return managing(name, description).addOption(
    new Option(
      '--environment <name>',
      'where: sandbox, development, sit, uat or production',
    ).default('sandbox'),
  );
}

export interface PlaceFlags extends ManagingFlags {
  readonly environment: string;
}

interface FieldFlags extends PlaceFlags {
  readonly name?: string;
  readonly odsCode?: string;
  readonly orgName?: string;
  readonly app?: string;
}

const list = (environment: string) => `/mesh/${part(environment)}/mailboxes`;
const place = (environment: string, id: string) => `${list(environment)}/${part(id)}`;
const hint = 'gatehouse mesh mailbox list';

function createCommand(): Command {
  return inEnvironment('create', 'make a mailbox; its password is shown this once')
    .argument('[id]', 'letters and digits (default: one that begins with the ODS code)')
    .requiredOption('--ods-code <code>', 'the organisation that the mailbox speaks for')
    .requiredOption('--name <name>', 'as others see it')
    .option('--org-name <name>', "the organisation's name")
    .option('--app <id>', 'the app whose mailbox it is')
    .action(async (id: string | undefined, flags: FieldFlags) => {
      const body = { ...(id === undefined ? {} : { id }), ...fieldsOf(flags) };
      const call = clientFor(flags).call('POST', list(flags.environment), { body });
      printItem(withoutEtag((await call).body), flags);
    });
}

function fieldsOf({ name, odsCode, orgName, app }: FieldFlags): Item {
  return {
    ...(name === undefined ? {} : { name }),
    ...(odsCode === undefined ? {} : { odsCode }),
    ...(orgName === undefined ? {} : { orgName }),
    ...(app === undefined ? {} : { app }),
  };
}

function withoutEtag(item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'etag'));
}

function listCommand(): Command {
  return inEnvironment('list', 'list mailboxes with how many messages wait, and since when')
    .option('--app <id>', 'only those of this app')
    .option('--ods-code <code>', 'only those of this organisation')
    .action(async (flags: FieldFlags) => {
      const { app, odsCode, environment } = flags;
      const items = await listAll(
        clientFor(flags),
        `${list(environment)}${queryOf({ app, odsCode })}`,
      );
      printList(items, ['id', 'name', 'odsCode', 'active', 'waiting', 'oldest', 'app'], flags);
    });
}

function showCommand(): Command {
  return inEnvironment('show', 'what waits, since when, when it was last used, its workflows')
    .argument('<id>')
    .action(async (id: string, flags: PlaceFlags) => {
      const call = clientFor(flags).call('GET', place(flags.environment, id));
      printItem((await orSee(hint, call)).body, flags);
    });
}

interface ChangeFlags extends FieldFlags {
  readonly activate?: boolean;
  readonly deactivate?: boolean;
}

function changeCommand(): Command {
  return inEnvironment('change', 'change a mailbox; the options that are given')
    .argument('<id>')
    .option('--name <name>', 'as others see it')
    .option('--ods-code <code>', 'the organisation that it speaks for')
    .option('--org-name <name>', "the organisation's name")
    .option('--app <id>', 'the app whose mailbox it is')
    .option('--activate', 'let it be used again')
    .option('--deactivate', 'let nobody use it: its calls and messages to it are refused')
    .action(async (id: string, flags: ChangeFlags) => {
      const active = flags.activate ? true : flags.deactivate ? false : undefined;
      const body = { ...fieldsOf(flags), ...(active === undefined ? {} : { active }) };
      if (Object.keys(body).length === 0)
        throw new Problem('invalid', 'Say what to change: gatehouse mesh mailbox change --help');
      const path = place(flags.environment, id);
      const call = changeRead(clientFor(flags), path, 'PATCH', path, body);
      printItem((await orSee(hint, call)).body, flags);
    });
}

function passwordCommand(): Command {
  return inEnvironment('password', 'make a new password and show it this once; the old one ends')
    .argument('<id>')
    .action(async (id: string, flags: PlaceFlags) => {
      const call = clientFor(flags).call('POST', `${place(flags.environment, id)}/password`);
      printItem((await orSee(hint, call)).body, flags);
    });
}

interface MessagesFlags extends PlaceFlags {
  readonly direction?: string;
  readonly limit: string;
}

function messagesCommand(): Command {
  return inEnvironment('messages', 'what it received and sent, newest first; never contents')
    .argument('<id>')
    .addOption(new Option('--direction <which>', 'only these').choices(['received', 'sent']))
    .addOption(new Option('--limit <number>', 'at most so many, 200 at most').default('50'))
    .action(async (id: string, flags: MessagesFlags) => {
      const { direction, limit, environment } = flags;
      const path = `${place(environment, id)}/messages${queryOf({ direction, limit })}`;
      const { body } = await orSee(hint, clientFor(flags).call('GET', path));
      const items = Array.isArray(body.items) ? (body.items as Item[]) : []; // objects, as the API answers
      const columns = ['id', 'direction', 'kind', 'state', 'code', 'workflow', 'sender'];
      printList(items, [...columns, 'recipient', 'bytes', 'created'], flags);
      if (body.next !== undefined && !flags.json) console.error('There are more: raise --limit.');
    });
}

function restoreCommand(): Command {
  return inEnvironment('restore', 'put a message back that was acknowledged or has expired')
    .argument('<id>', 'the mailbox that received it')
    .argument('<message>', 'its id; it is kept for 30 days after its end')
    .action(async (id: string, message: string, flags: PlaceFlags) => {
      const path = `${place(flags.environment, id)}/messages/${part(message)}/restore`;
      const call = clientFor(flags).call('POST', path);
      printItem((await orSee(`gatehouse mesh mailbox messages ${id}`, call)).body, flags);
    });
}
