/**
 * `gatehouse admin`: who administers, over the management API. Keys are made here and their private halves never leave; what a
 * person or machine signs in with is one credential file.
 */
import { generateKeyPairSync } from 'node:crypto';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { toPublicJwk } from '../../../server/catalogue/people.ts';
import { roles } from '../../../server/catalogue/roles.ts';
import { addressesOf, textIn } from '../client.ts';
import {
  changeRead,
  clientFor,
  clientOptionsOf,
  itemsIn,
  listAll,
  managing,
  orSee,
  part,
  printItem,
  printList,
  type Item,
  type ManagingFlags,
} from '../managing.ts';

export function adminCommand(): Command {
  return new Command('admin')
    .description('who administers: people and machines with a role, and their credentials')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(changeCommand())
    .addCommand(newKeyCommand())
    .addCommand(revokeCommand())
    .addHelpText(
      'after',
      `
A second person, who approves what you ask for in production:
  gatehouse admin create "Second operator" --role operator --out second.json
  gatehouse deployment approve <deployment> --credential second.json`,
    );
}

interface CreateFlags extends ManagingFlags {
  readonly role: string;
  readonly organisation: string;
  readonly out: string;
}

const roleOption = () => new Option('--role <role>', 'what they may do').choices(roles);

function createCommand(): Command {
  return managing('create', 'make an administrator, and a credential file for them')
    .argument('<name>', 'of the person or machine')
    .addOption(roleOption().makeOptionMandatory())
    .option('--organisation <ods>', 'the one they belong to; * for all', '*')
    .requiredOption('--out <file>', 'where the credential goes; a new file, for its owner alone')
    .action(async (name: string, flags: CreateFlags) => {
      const { role, organisation, out } = flags;
      const made = await withCredential(out, flags, async (key, keep) => {
        const body = { name, role, organisation, keys: [key] };
        const { body: one } = await clientFor(flags).call('POST', '/administrators', { body });
        keep(textIn(one, 'id'));
        return one;
      });
      printItem(withoutKeys(made), flags);
      if (!flags.json) console.error(`They sign in with ${out}: gatehouse … --credential ${out}`);
    });
}

function listCommand(): Command {
  return managing('list', 'list who administers').action(async (flags: ManagingFlags) => {
    const items = await listAll(clientFor(flags), '/administrators');
    printList(items, ['id', 'name', 'role', 'organisation', 'state'], flags);
  });
}

function showCommand(): Command {
  return managing('show', 'show one with the ids of the keys')
    .argument('<administrator>', 'the id')
    .action(async (id: string, flags: ManagingFlags) => {
      const found = clientFor(flags).call('GET', placeOf(id));
      const { body } = await orSee(list, found);
      printItem(flags.json ? body : withoutKeys(body), flags);
    });
}

interface ChangeFlags extends ManagingFlags {
  readonly name?: string;
  readonly role?: string;
  readonly organisation?: string;
}

function changeCommand(): Command {
  return managing('change', 'change name, role or organisation; what is not named stays')
    .argument('<administrator>', 'the id')
    .option('--name <name>')
    .addOption(roleOption())
    .option('--organisation <ods>', 'the one they belong to; * for all')
    .action(async (id: string, flags: ChangeFlags) => {
      const { name, role, organisation } = flags;
      const given = Object.entries({ name, role, organisation });
      const body = Object.fromEntries(given.filter(([, value]) => value !== undefined));
      if (Object.keys(body).length === 0)
        throw new Problem('invalid', 'Nothing to change: gatehouse admin change --help');
      await change(id, body, flags);
    });
}

function newKeyCommand(): Command {
  return managing('new-key', 'make a key in place of those before, which end at once')
    .argument('<administrator>', 'the id')
    .requiredOption('--out <file>', 'where the credential goes; a new file, for its owner alone')
    .action(async (id: string, flags: ManagingFlags & { readonly out: string }) => {
      const changed = await withCredential(flags.out, flags, async (key, keep) => {
        keep(id); // before the key counts: it may be the only one that can change anything
        const [client, body] = [clientFor(flags), { keys: [key] }];
        const done = changeRead(client, placeOf(id), 'PATCH', placeOf(id), body);
        return (await orSee(list, done)).body;
      });
      printItem(withoutKeys(changed), flags);
    });
}

function revokeCommand(): Command {
  return managing('revoke', 'let them sign in no longer')
    .argument('<administrator>', 'the id')
    .option('--undo', 'let them sign in again')
    .action((id: string, flags: ManagingFlags & { readonly undo?: boolean }) =>
      change(id, { state: flags.undo ? 'active' : 'revoked' }, flags),
    );
}

const list = 'gatehouse admin list';

async function change(id: string, body: object, flags: ManagingFlags): Promise<void> {
  const changed = changeRead(clientFor(flags), placeOf(id), 'PATCH', placeOf(id), body);
  printItem(withoutKeys((await orSee(list, changed)).body), flags);
}

/** The file is there before anything is made, and goes when nothing was: no key is registered that nobody has. */
async function withCredential(
  file: string,
  flags: ManagingFlags,
  register: (key: object, keep: (id: string) => void) => Promise<Item>,
): Promise<Item> {
  const addresses = addressesOf(clientOptionsOf(flags));
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-384',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const kid = `key-${new Date()
    .toISOString()
    .slice(0, 19)
    .replace(/[^0-9]/g, '')}`;
  const handle = openNew(file);
  const written = { kept: false };
  try {
    return await register(toPublicJwk(privateKey, kid), (clientId) => {
      const credential = { clientId, kid, privateKey, ...addresses };
      writeFileSync(handle, `${JSON.stringify(credential, null, 2)}\n`, { flush: true });
      written.kept = true;
    });
  } catch (error) {
    if (!written.kept || !isUnsure(error)) rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
}

/** No answer came: perhaps it was done. */
function isUnsure(error: unknown): boolean {
  return error instanceof Problem && ['unavailable', 'upstream'].includes(error.kind);
}

function openNew(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (cause) {
    throw new Problem('conflict', `${file} cannot be made, or is there already: name another`, {
      cause,
    });
  }
}

function withoutKeys({ keys, ...item }: Item): Item {
  return { ...item, keys: itemsIn({ items: keys }).map((key) => textIn(key, 'kid')) };
}

function placeOf(id: string): string {
  return `/administrators/${part(id)}`;
}
