/** `gatehouse app`: consumers' applications, their registrations and credentials, over the management API. */
import { Command, InvalidArgumentError } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { appKinds } from '../../../server/catalogue/app-rules.ts';
import {
  changeRead,
  clientFor,
  gather,
  listAll,
  managing,
  part,
  placeOf,
  printItem,
  printList,
  type ManagingFlags,
} from '../managing.ts';
import { keysCommand, secretCommand } from './app-credentials.ts';
import { setCommand } from './app-set.ts';

export function appCommand(): Command {
  return new Command('app')
    .description('manage apps: register them, approve them, give them credentials')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(createCommand())
    .addCommand(registerCommand())
    .addCommand(decideCommand('approve', 'approved', 'let a registration be used'))
    .addCommand(decideCommand('revoke', 'revoked', 'end all use of a registration at once'))
    .addCommand(secretCommand())
    .addCommand(keysCommand())
    .addCommand(setCommand())
    .addCommand(deleteCommand())
    .addHelpText(
      'after',
      `
An environment is sandbox, development, sit, uat (int) or production. A new app, from nothing to a first token:
  gatehouse app create --name "My app" --owner Y90001 --kind unattended --contact me@example.org
  gatehouse app register <id> int
  gatehouse app keys <id> int --generate --kid key-1 --out my-app.pem
  gatehouse subscription request <id> pds-application-restricted int
  gatehouse token get --app <id> --environment int --key my-app.pem --kid key-1`,
    );
}

function listCommand(): Command {
  return managing('list', 'list apps')
    .option('--owner <ods>', 'of this organisation')
    .action(async (flags: ManagingFlags & { owner?: string }) => {
      const query = flags.owner === undefined ? '' : `?owner=${part(flags.owner)}`;
      const items = await listAll(clientFor(flags), `/apps${query}`);
      const withPlaces = items.map((item) => ({
        ...item,
        environments: Object.keys({ ...(item.registrations as object) }), // an object, as the API answers
      }));
      const columns = ['id', 'name', 'owner', 'kinds', 'environments'];
      printList(flags.json ? items : withPlaces, columns, flags);
    });
}

function showCommand(): Command {
  return managing('show', 'show an app, or its registration in one environment')
    .argument('<app>', 'its id')
    .argument('[environment]')
    .action(async (app: string, environment: string | undefined, flags: ManagingFlags) => {
      const path = environment === undefined ? `/apps/${part(app)}` : placeOf(app, environment);
      printItem((await clientFor(flags).call('GET', path)).body, flags);
    });
}

interface CreateFlags extends ManagingFlags {
  readonly name: string;
  readonly description?: string;
  readonly owner: string;
  readonly kind: readonly string[];
  readonly contact: string;
}

function gatherKind(text: string, before: readonly string[] | undefined): readonly string[] {
  if (appKinds.some((kind) => kind === text)) return gather(text, before);
  throw new InvalidArgumentError(`It is one of ${appKinds.join(', ')}.`);
}

function createCommand(): Command {
  return managing('create', 'make an app')
    .requiredOption('--name <text>', 'how people know it')
    .option('--description <text>')
    .requiredOption('--owner <ods>', 'ODS code of the organisation that answers for it')
    .requiredOption('--kind <kind>', `${appKinds.join(', ')}; may be repeated`, gatherKind)
    .requiredOption('--contact <address>', 'whom to write to; not shown to other organisations')
    .action(async (flags: CreateFlags) => {
      const { name, description = '', owner, kind, contact } = flags;
      const body = { name, description, owner, kinds: kind, contact };
      printItem((await clientFor(flags).call('POST', '/apps', { body })).body, flags);
    });
}

function deleteCommand(): Command {
  return managing('delete', 'delete an app: its credentials, tokens and subscriptions end with it')
    .argument('<app>', 'its id')
    .option('--yes', 'do it; without this it is only told what would go')
    .addHelpText(
      'after',
      '\nDeployments are ended first (gatehouse deployment end), mailboxes closed.',
    )
    .action(async (app: string, flags: ManagingFlags & { yes?: boolean }) => {
      const client = clientFor(flags);
      const path = `/apps/${part(app)}`;
      const { body, etag } = await client.call('GET', path);
      if (flags.yes !== true) {
        printItem(body, flags);
        throw new Problem('invalid', 'This would be deleted: say --yes to do it');
      }
      await client.call('DELETE', path, { ifMatch: etag });
      console.error(`Deleted ${app}`);
    });
}

function registerCommand(): Command {
  return managing('register', 'register an app in an environment: it gets its client id there')
    .argument('<app>', 'its id')
    .argument('<environment>')
    .addHelpText(
      'after',
      '\nIn production it waits for gatehouse app approve; elsewhere it is approved at once.',
    )
    .action(async (app: string, environment: string, flags: ManagingFlags) => {
      const { body } = await clientFor(flags).call('POST', placeOf(app, environment));
      printItem(body, flags);
    });
}

function decideCommand(name: string, state: string, description: string): Command {
  return managing(name, description)
    .argument('<app>', 'its id')
    .argument('<environment>')
    .action(async (app: string, environment: string, flags: ManagingFlags) => {
      const place = placeOf(app, environment);
      const client = clientFor(flags);
      const { body } = await changeRead(client, place, 'PUT', `${place}/state`, { state });
      printItem(body, flags);
    });
}
