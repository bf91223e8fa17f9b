/**
 * Joins the developer hub: its pages over catalogue, store, mail and limits, in the place of what no API claims. Owns the joining;
 * pages are in server/portal/.
 */
import { join, resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import type { Addresses } from './addresses.ts';
import type { OpenJournal } from './audit/journal.ts';
import { createCookies } from './auth/cookies.ts';
import { createSealer } from './auth/sealing.ts';
import { newSecret } from './auth/tokens.ts';
import type { Administration } from './catalogue/administration.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import type { Environment } from './catalogue/environments.ts';
import type { Config } from './config.ts';
import { addressOf } from './gateway/limit-address.ts';
import type { Limits } from './gateway/limits.ts';
import { openMessageDocumentation } from './hub-messages.ts';
import { hubOperations, hubStatus } from './hub-status.ts';
import { randomKey, readOrMake, readSecretFile } from './key-files.ts';
import type { Mount, MountTable } from './mount-table.ts';
import type { Mailbox } from './observe/mailbox.ts';
import type { Observing } from './observing.ts';
import { readAssets } from './portal/assets.ts';
import { seedBacklog } from './portal/backlog-seed.ts';
import { readContent } from './portal/content.ts';
import type { HubPorts } from './portal/hub-parts.ts';
import { createPortal } from './portal/portal.ts';
import { seedAccounts, tryOutOf } from './portal/seed.ts';
import type { ServedStore } from './store/served.ts';

export interface HubOptions {
  readonly config: Config;
  readonly root: string;
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: Addresses;
  /** The environment of an address that names none: the hub is there. */
  readonly standard: Environment;
  readonly administration: Administration;
  readonly systems: HubPorts['systems'];
  readonly catalogue: Catalogue;
  readonly limits: Limits;
  readonly mailbox: Mailbox;
  readonly services: HubPorts['services'];
  readonly tryIt: HubPorts['tryIt'];
  readonly observing: Pick<Observing, 'usage' | 'callers'>;
  /** Where environments are reached with a client certificate. */
  readonly tlsAddresses: (environment: Environment) => Addresses | undefined;
  readonly explain: HubPorts['explain'];
  readonly mailboxes: HubPorts['mailboxes'];
}

/** The hub as the front looks it up, and the paths that no API may take. */
export interface OpenHub {
  readonly table: Pick<MountTable, 'find'>;
  readonly reserved: (environment: string) => readonly string[];
}

export function openHub(options: HubOptions): OpenHub {
  const { config, store, addresses, limits, mailbox, standard, clock } = options;
  const dataDir = resolve(config.dataDir);
  const directory = openDirectory(store);
  const laptop = config.installation === 'laptop';
  const watched = { store, now: () => clock.now(), observing: options.observing };
  const portal = createPortal({
    ...options,
    assets: readAssets(options.root),
    cookies: cookiesOf(() => addresses.root),
    sealer: createSealer([randomKey(join(dataDir, 'keys', 'sealing.key'))]),
    publicUrl: () => addresses.root,
    reach: Object.assign(
      (environment: Environment, path: string) => addresses.of(environment, path),
      {
        certified: (environment: Environment, path: string) =>
          options.tlsAddresses(environment)?.of(environment, path),
      },
    ),
    messages: openMessageDocumentation(options.root),
    content: readContent(options.root),
    status: hubStatus(watched),
    operations: hubOperations({ ...watched, mailbox }),
    ...{ helpAddress: config.helpAddress, contentLicence: config.contentLicence },
    retention: config,
    send: (id, mail) => mailbox.put(id, mail),
    async organisation(odsCode) {
      const found = await directory.organisation(odsCode);
      return found?.active ? found.name : undefined;
    },
    async attempt(asked) {
      const taken = await limits.take(
        asked.map(({ key, from, limit, minutes }) => ({
          ...{ key: from === undefined ? key : `${key}:${addressOf(from)}`, name: 'hub' },
          rule: { kind: 'quota', limit, interval: minutes, unit: 'minute' },
        })),
      );
      return taken.refused < 0 ? 0 : Math.max(1, taken.states[taken.refused]?.reset ?? 1);
    },
    ...(laptop && config.smtpUrl === ''
      ? { outbox: () => mailbox.newest(clock.now() - outboxTime) }
      : {}),
    ...(laptop ? { tryOut: () => tryOut(dataDir) } : {}),
  });
  const mount: Mount = { environment: standard, base: '', api: 'portal', handler: portal.handler };
  return {
    table: {
      find: (environment, path) =>
        environment === standard && portal.claims(path) ? mount : undefined,
    },
    reserved: (environment) => (environment === standard ? portal.bases : []),
  };
}

/** Milliseconds that the local outbox goes back. */
const outboxTime = 24 * 3_600_000;

function cookiesOf(root: () => string): HubPorts['cookies'] {
  return createCookies(() => root().startsWith('https:'));
}

function passwordFile(dataDir: string): string {
  return join(dataDir, 'demo', 'hub.password');
}

function tryOut(dataDir: string) {
  const password = readSecretFile(passwordFile(dataDir));
  return password === undefined ? undefined : tryOutOf(password);
}

/** Accounts to try, and a backlog, for a laptop. */
export async function seedHub(
  options: Pick<HubOptions, 'config' | 'store' | 'journal' | 'clock'>,
): Promise<void> {
  const password = () =>
    readOrMake(passwordFile(resolve(options.config.dataDir)), () =>
      newSecret()
        .replace(/[^A-Za-z0-9]/g, '')
        .slice(0, 16),
    );
  await seedAccounts(options, password);
  await seedBacklog(options);
}

/** What the start screen says of the hub. */
export function hubWelcome({
  config,
  addresses,
}: Pick<HubOptions, 'config' | 'addresses'>): string[] {
  if (config.role === 'gateway') return [];
  const known = config.installation === 'laptop' ? tryOut(resolve(config.dataDir)) : undefined;
  return [
    `Developer hub: ${addresses.root}`,
    ...(known
      ? [
          `  accounts to try, all with the password ${known.password}`,
          ...known.accounts.map(({ email, what }) => `  ${email.padEnd(34)} ${what}`),
        ]
      : []),
    '',
  ];
}
