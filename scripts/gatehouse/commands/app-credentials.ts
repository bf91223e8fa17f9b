/** `gatehouse app secret` and `gatehouse app keys`: the credentials of a registration. */
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { overlaps } from '../../../server/catalogue/secret-administration.ts';
import { textIn, type ManagementClient } from '../client.ts';
import {
  changeRead,
  clientFor,
  managing,
  part,
  placeOf,
  printItem,
  type ManagingFlags,
} from '../managing.ts';

export function secretCommand(): Command {
  return managing('secret', 'make a client secret, shown once; or end one')
    .argument('<app>', 'its id')
    .argument('<environment>')
    .option('--end <secret>', 'end the secret with this id instead')
    .addOption(
      new Option('--overlap <time>', 'how long the one that ends goes on working')
        .choices(Object.keys(overlaps))
        .default('0'),
    )
    .addHelpText(
      'after',
      '\nTwo secrets work at a time. To replace one: make the second, put it to use, end the first.',
    )
    .action(secret);
}

async function secret(
  app: string,
  environment: string,
  flags: ManagingFlags & { end?: string; overlap: string },
): Promise<void> {
  const client = clientFor(flags);
  const path = `${placeOf(app, environment)}/secrets`;
  if (flags.end === undefined) {
    printItem((await client.call('POST', path)).body, flags);
    if (!flags.json) console.error('This secret is not shown again.');
    return;
  }
  await client.call('DELETE', `${path}/${part(flags.end)}?overlap=${flags.overlap}`);
  if (!flags.json)
    console.log(flags.overlap === '0' ? 'It has ended.' : `It ends in ${flags.overlap}.`);
}

interface KeyFlags extends ManagingFlags {
  readonly file?: string;
  readonly keySetUrl?: string;
  readonly generate?: boolean;
  readonly bits: string;
  readonly kid?: string;
  readonly out?: string;
}

export function keysCommand(): Command {
  return managing('keys', 'register public keys, make a key pair, or check what is registered')
    .argument('<app>', 'its id')
    .argument('<environment>')
    .option('--file <file>', 'register the public keys of this JSON Web Key Set')
    .option('--key-set-url <address>', 'register the address of a key set')
    .option('--generate', 'make an RSA key pair and register its public half; not in production')
    .addOption(new Option('--bits <bits>', 'of that key').choices(['2048', '4096']).default('4096'))
    .option('--kid <name>', 'the key id of that key')
    .option('--out <file>', 'write its private half to this new file instead of printing it')
    .addHelpText(
      'after',
      '\nWithout one of --file, --key-set-url and --generate it checks what is registered.',
    )
    .action(keys);
}

async function keys(app: string, environment: string, flags: KeyFlags): Promise<void> {
  const client = clientFor(flags);
  const place = placeOf(app, environment);
  const { file, keySetUrl, generate } = flags;
  if ([file, keySetUrl, generate].filter((one) => one !== undefined).length > 1)
    throw new Problem('invalid', 'Give one of --file, --key-set-url and --generate');
  if (generate) {
    await generateKey(client, place, flags);
  } else if (file !== undefined || keySetUrl !== undefined) {
    const body = file === undefined ? { url: keySetUrl } : { keys: keysIn(file) };
    await changeRead(client, place, 'PUT', `${place}/keys`, body);
    if (!flags.json) console.log('Registered.');
  } else {
    const { body } = await client.call('POST', `${place}/keys/check`);
    printItem(body, flags);
    if (body.good !== true) process.exitCode = 1;
  }
}

/** The file is made first: a private key that cannot be kept had better not be made. */
async function generateKey(
  client: ManagementClient,
  place: string,
  flags: KeyFlags,
): Promise<void> {
  const { bits, kid, out } = flags;
  const file = out === undefined ? undefined : openNew(out);
  try {
    const body = { bits: Number(bits), ...(kid === undefined ? {} : { kid }) };
    const made = await client.call('POST', `${place}/keys`, { body });
    if (file === undefined) printKey(made.body, flags);
    else {
      writeFileSync(file, textIn(made.body, 'privateKey'));
      printItem({ kid: made.body.kid, file: out }, flags);
    }
  } catch (error) {
    if (out !== undefined) rmSync(out);
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function openNew(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (cause) {
    throw new Problem('conflict', `${file} cannot be made, or is there already`, { cause });
  }
}

function printKey(made: Readonly<Record<string, unknown>>, flags: KeyFlags): void {
  if (flags.json) printItem(made, flags);
  else console.log(textIn(made, 'privateKey').trim());
  console.error(`The key id is ${textIn(made, 'kid')}. This private key is not shown again.`);
}

/** The keys of a file, as the server will judge them. */
function keysIn(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Problem('not-found', `${file} cannot be read`, { cause });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'keys' in value) return value.keys;
  } catch {
    // told below, without quoting what may be a key
  }
  throw new Problem('invalid', `${file} is no JSON Web Key Set: {"keys": [...]}`);
}
