/**
 * Whose token is asked for: an app as one names it, and where its key and secret are. Demo apps have theirs in the data
 * folder; any other app is looked up in management where its credential is at hand, and brings its key as a file.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../core/problem.ts';
import { demoApps } from '../../../server/catalogue/demo-data.ts';
import { publicName, type Environment } from '../../../server/catalogue/environments.ts';
import { readSecretFile } from '../../../server/key-files.ts';
import { textIn } from '../client.ts';
import { clientFor, listAll, type Item } from '../managing.ts';

export interface AppFlags {
  readonly app: string;
  readonly url: string;
  readonly dataDir: string;
  readonly clientId?: string;
  readonly key?: string;
  readonly kid?: string;
  readonly secret?: string;
  readonly redirectUri?: string;
}

export interface TokenApp {
  readonly clientId: string;
  /** Where a sign-in comes back to; empty when none is known. */
  readonly redirectUri: string;
  /** @throws Problem that says which file or options are wanted. */
  key(): { readonly pem: string; readonly kid: string };
  secret(): string;
}

/** @throws Problem for an app that is not known, or not registered in the environment. */
export async function findApp(flags: AppFlags, environment: Environment): Promise<TokenApp> {
  const demo = flags.clientId === undefined ? demoClient(flags.app, environment) : undefined;
  const known = demo ?? (await registered(flags, environment));
  const folder = demo && join(flags.dataDir, 'demo');
  const file = folder && join(folder, `demo-${publicName(environment)}`);
  return {
    clientId: known.clientId,
    redirectUri: flags.redirectUri ?? known.redirectUri,
    key: () => keyFor(flags, file && `${file}.pem`),
    secret: () => secretFor(flags, file && `${file}.secret`),
  };
}

interface Known {
  readonly clientId: string;
  readonly redirectUri: string;
}

/** As the first start registers them. */
function demoClient(app: string, environment: Environment): Known | undefined {
  const place = publicName(environment);
  const found = demoApps.find(({ id, client }) =>
    [id, client, `${client}-${place}`, `Demo: ${id}`].includes(app),
  );
  return (
    found && { clientId: `${found.client}-${place}`, redirectUri: 'http://localhost:3000/callback' }
  );
}

async function registered(flags: AppFlags, environment: Environment): Promise<Known> {
  const { clientId, app } = flags;
  if (clientId !== undefined) return { clientId, redirectUri: '' };
  const found = (await appsOf(flags)).flatMap((item) => {
    const registration = registrationOf(item, environment);
    const names = [item.id, item.name, registration?.clientId];
    return names.includes(app) ? [registration] : [];
  });
  if (found.length > 1)
    throw new Problem('conflict', 'Several apps have this name: give the id or the client id');
  if (found.length === 0) throw new Problem('not-found', `There is no such app. ${byHand}`);
  const [one] = found;
  if (!one)
    throw new Problem('not-found', `The app is not registered in environment ${environment}`);
  const [redirectUri = ''] = Array.isArray(one.redirectUris)
    ? (one.redirectUris as string[]) // texts, as the API answers
    : [];
  return { clientId: textIn(one, 'clientId'), redirectUri };
}

const byHand = 'Name it by --client-id, and its key by --key and --kid';

async function appsOf({ dataDir, url }: AppFlags): Promise<readonly Item[]> {
  if (readSecretFile(join(dataDir, 'administrator.json')) === undefined)
    throw new Problem(
      'not-found',
      `This is no demo app, and there is no administrator.json in ${dataDir} to look it up with. ${byHand}`,
    );
  return listAll(clientFor({ dataDir, url }), '/apps');
}

function registrationOf(item: Item, environment: Environment): Item | undefined {
  const all = item.registrations as Readonly<Record<string, Item>> | undefined; // as the API answers
  return all?.[environment];
}

function keyFor(
  { key, kid, dataDir }: AppFlags,
  demoFile: string | undefined,
): { pem: string; kid: string } {
  if (key !== undefined) {
    if (kid === undefined)
      throw new Problem('invalid', '--key needs --kid: the key id that the app has registered');
    return { pem: fileOf(key, '--key'), kid };
  }
  if (demoFile === undefined)
    throw new Problem('invalid', 'Name the private key of the app by --key <file> and --kid <id>');
  const pem = readSecretFile(demoFile);
  if (pem === undefined) throw noFile(demoFile, dataDir, '--key and --kid');
  return { pem, kid: kid ?? 'demo-1' };
}

function secretFor({ secret, dataDir }: AppFlags, demoFile: string | undefined): string {
  if (secret !== undefined) return fileOf(secret, '--secret').trim();
  if (demoFile === undefined)
    throw new Problem('invalid', "Name the file of the app's client secret by --secret <file>");
  const text = readSecretFile(demoFile);
  if (text === undefined) throw noFile(demoFile, dataDir, '--secret');
  return text;
}

function noFile(file: string, dataDir: string, options: string): Problem {
  return new Problem(
    'not-found',
    `There is no file ${file}. The first start of the server makes it for the environments sandbox and int; ` +
      `if its data are not in ${dataDir}, name them by --data-dir. Or give the app's own by ${options}`,
  );
}

function fileOf(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Problem('not-found', `${option} is "${file}", which cannot be read`);
  }
}
