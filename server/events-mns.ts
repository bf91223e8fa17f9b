/**
 * Joins MNS: its service in each process that serves, and what it does by itself in the one that works. Owns who may publish
 * which types, and whose mailboxes are whose.
 */
import { resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Exchange, Policy } from '../core/exchange.ts';
import type { Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import type { Store } from '../core/store.ts';
import { mnsApi, type MnsApiOptions } from '../spine/events/mns/api.ts';
import { mnsErrors } from '../spine/events/mns/errors.ts';
import { openForms } from '../spine/events/mns/forms.ts';
import { pdsEvents } from '../spine/events/mns/pds-events.ts';
import { openPublishing, type SuppliersOf } from '../spine/events/mns/publishing.ts';
import { openMnsSubscriptions, type Subscriber } from '../spine/events/mns/subscriptions.ts';
import { startTestSignals } from '../spine/events/mns/test-signal.ts';
import { openMailboxes, type Mailbox } from '../spine/mesh/mailboxes.ts';
import type { Directory } from '../spine/sds/directory.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { targetRules } from './back-end-targets.ts';
import { appCollection } from './catalogue/apps.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import { toEnvironment } from './catalogue/environments.ts';
import type { Config } from './config.ts';
import { createFetchData } from './events-fetch.ts';
import { mnsApiId, mnsBase, mnsFaults } from './events-mns-proxies.ts';
import { createEvents, type OpenFace } from './events-parts.ts';
import type { Service } from './gateway/backend.ts';
import { pdsBase } from './pds-proxies.ts';
import { platformIdentities, type IdentityParts } from './platform-identity.ts';
import { secretSealer } from './stored-secrets.ts';

export interface MnsOptions {
  readonly config: Config;
  readonly store: Store;
  readonly clock: Clock;
  readonly directory: Directory;
  readonly catalogue: Pick<Catalogue, 'app'>;
}

/** What the hosting platform is given. */
export interface MnsParts {
  readonly services: Readonly<Record<string, Service>>;
  readonly edges: Readonly<Record<string, Policy>>;
  close(): void;
}

export function createMnsParts(options: MnsOptions): MnsParts {
  const { config, store, clock, directory, catalogue } = options;
  const sealer = secretSealer(resolve(config.dataDir));
  const mailboxes = openMailboxes(store);
  const publishing = openPublishing({
    ...{ store, events: createEvents(options), suppliersOf: suppliersIn(directory) },
  });
  const subscriptions = openMnsSubscriptions({
    ...{ store, mailboxes, workflows: config.meshWorkflows, owns: ownersOf(store) },
    ...{ now: () => clock.now(), newId: () => clock.newId(), seal: (text) => sealer.seal(text) },
  });
  const mayPublish = rightsOf(catalogue);
  return {
    edges: { [mnsFaults]: mnsErrors },
    services: {
      [mnsApiId]: () => ({ handler: mnsApi({ publishing, subscriptions, mayPublish }) }),
    },
    close() {
      publishing.close();
      mailboxes.close();
    },
  };
}

/** What it does by itself. */
export function mnsFace(parts: IdentityParts & { readonly log: Log }): OpenFace {
  return ({ config, store, clock, events, addresses }) => {
    const now = () => clock.now();
    const sealer = secretSealer(resolve(config.dataDir));
    const suppliersOf = suppliersIn(openDirectory(store));
    const publishing = openPublishing({ store, events, suppliersOf });
    const at = (environment: string, path: string) =>
      addresses.of(toEnvironment(environment) ?? 'production', path);
    const alarm = (error: unknown) => {
      parts.log.log('error', 'the test signal could not be sent', {
        kind: Problem.from(error).kind,
      });
    };
    const signals = startTestSignals({ publishing, now, alarm });
    return {
      forms: openForms({
        ...{ store, now, open: (sealed) => sealer.open(sealed) },
        fetch: createFetchData({
          ...{ targets: targetRules(config), identity: platformIdentities(parts) },
          own: () => addresses.root,
        }),
        subscriptions: (environment) => at(environment, `${mnsBase}/subscriptions`),
      }),
      pds: pdsEvents({
        publishing,
        patientAt: (environment, number) => at(environment, `${pdsBase}/Patient/${number}`),
      }),
      close() {
        signals.close();
        publishing.close();
      },
    };
  };
}

/** The attribute of an app's registration that gives its rights: `events:create:<type>`, several with commas. */
const permissionsAttribute = 'mns.permissions';

/** In the sandbox anybody may publish, as in the national one; elsewhere an app needs a right for each type. */
function rightsOf(catalogue: Pick<Catalogue, 'app'>): MnsApiOptions['mayPublish'] {
  return ({ environment: name, caller }: Exchange) => {
    const environment = toEnvironment(name);
    if (environment === 'sandbox') return 'all';
    const registration =
      environment && catalogue.app(caller?.appId ?? '')?.registrations[environment];
    const given = registration?.attributes[permissionsAttribute];
    if (given === undefined) return undefined;
    const types = given
      .split(',')
      .flatMap((one) => /^events:create:(\S+)$/.exec(one.trim())?.[1] ?? []);
    return new Set(types);
  };
}

/**
 * A mailbox belongs to its app, and with it to that app's organisation. One of the default data, which has no app, is
 * everybody's in the sandbox, and elsewhere that of the organisation whose code it bears.
 */
function ownersOf(store: Store): (subscriber: Subscriber, mailbox: Mailbox) => Promise<boolean> {
  const apps = store.open(appCollection);
  const organisationOf = async (app: string) =>
    app === '' ? undefined : (await apps.get(app))?.value.owner;
  return async ({ app, environment }, mailbox) => {
    if (mailbox.app === undefined && environment === 'sandbox') return true;
    if (app !== '' && mailbox.app === app) return true;
    const own = await organisationOf(app);
    const owner = mailbox.app === undefined ? mailbox.odsCode : await organisationOf(mailbox.app);
    return own !== undefined && own === owner;
  };
}

function suppliersIn(directory: Directory): SuppliersOf {
  return async (odsCode, workspace) => {
    const systems = await directory.in(workspace).systems({ odsCode });
    return [...new Set(systems.flatMap(({ manufacturer }) => manufacturer ?? []))];
  };
}
