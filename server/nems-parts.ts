/** Joins the national events service: its service, its policy and its look-ups, over the engine of events. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Caller, Exchange, Facts, Policy } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { timeKey } from '../core/outbox.ts';
import type { Store } from '../core/store.ts';
import type { Patients } from '../fhir/pds/patients.ts';
import type { PdsPatient } from '../fhir/pds/record.ts';
import { openMatching } from '../spine/events/matching.ts';
import { openMailboxes } from '../spine/mesh/mailboxes.ts';
import { eventsApi, subscriptionApi } from '../spine/nems/api.ts';
import { createAreas, type Areas } from '../spine/nems/areas.ts';
import { openNotices } from '../spine/nems/lifecycle.ts';
import { personOf } from '../spine/nems/people.ts';
import type { FindPerson } from '../spine/nems/publishing.ts';
import { nemsOutcomes } from '../spine/nems/replies.ts';
import { compile, subscriptionCollection } from '../spine/nems/subscriptions.ts';
import type { Directory } from '../spine/sds/directory.ts';
import type { Addresses } from './addresses.ts';
import type { Environment } from './catalogue/environments.ts';
import type { Config } from './config.ts';
import { createEvents, type OpenFace } from './events-parts.ts';
import type { AssertedContexts } from './gateway/asserted-context.ts';
import type { Service } from './gateway/backend.ts';
import type { PolicyKind } from './gateway/policy.ts';
import { nemsSystem } from './nems-caller.ts';
import { eventsBase, nemsApiId, nemsFaults } from './nems-proxies.ts';
import { keptLookUps } from './spine-parts.ts';

export interface NemsOptions {
  readonly config: Config;
  readonly root: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly directory: Directory;
  readonly patients: Patients;
  readonly contexts: Pick<AssertedContexts, 'read'>;
  readonly addresses: Addresses;
  /** The addresses for mutual TLS of an environment. */
  readonly tlsAddresses: (environment: Environment) => Addresses | undefined;
}

/** What the hosting platform is given. */
export interface NemsParts {
  readonly services: Readonly<Record<string, Service>>;
  readonly kinds: Readonly<Record<string, PolicyKind>>;
  readonly edges: Readonly<Record<string, Policy>>;
  close(): void;
}

export function createNemsParts(options: NemsOptions): NemsParts {
  const { config, store, clock, contexts, directory, tlsAddresses, addresses } = options;
  const now = () => clock.now();
  const { spineOrganisation: organisation } = config;
  const lookUps = keptLookUps(directory, now, organisation);
  const mailboxes = openMailboxes(store);
  const matching = openMatching({ store, collection: subscriptionCollection, compile });
  const notices = openNotices(store);
  const events = eventsApi({
    ...{ store, matching, notices, now, events: createEvents(options) },
    find: findPerson(options, areasOf(options)),
  });
  return {
    kinds: { 'nems-system': nemsSystem({ contexts, lookUps, organisation }) },
    edges: { [nemsFaults]: nemsOutcomes },
    services: {
      [nemsApiId]: ({ base, environment }) => {
        if (base === eventsBase) return { handler: events };
        const addressOf = ({ peer, addressed }: Exchange, id: string) =>
          ((peer.certificate && tlsAddresses(environment)) ?? addresses).as(
            addressed,
            `${base}/${id}`,
          );
        const organisationsOf = async (asid: string, { workspace }: Exchange) => {
          const system = await lookUps.system(asid, workspace);
          return system ? [system.odsCode, ...system.clients].map((one) => one.toUpperCase()) : [];
        };
        return {
          handler: subscriptionApi({ store, mailboxes, notices, now, addressOf, organisationsOf }),
        };
      },
    },
    close() {
      lookUps.close();
      mailboxes.close();
      matching.close();
    },
  };
}

/** What it does by itself: subscriptions that have ended are removed. */
export const openNemsFace: OpenFace = ({ store, clock }) => ({
  forms: {},
  async sweep() {
    const subscriptions = store.open(subscriptionCollection);
    const to = timeKey(clock.now() - keptFor);
    const { items } = await subscriptions.find({ index: 'end', to, limit: 1000 });
    for (const { id, version } of items)
      await subscriptions.remove(id, version).catch((error: unknown) => {
        if (Problem.from(error).kind !== 'conflict') throw error; // its subscriber was faster
      });
    return items.length;
  },
  close: () => undefined,
});

/** Milliseconds for which one that has ended can still be read. */
const keptFor = 30 * 24 * 3_600_000;

function areasOf({ config, root }: NemsOptions): Areas {
  const path = config.nemsAreas || join(root, 'fixtures', 'nems', 'areas.json');
  const { areas } = JSON.parse(readFileSync(path, 'utf8')) as { readonly areas?: unknown };
  return createAreas(areas);
}

/** The service itself looks. */
const nems: Caller = {
  ...{ appId: nemsApiId, appName: 'National events service', mode: 'app', scopes: [] },
  grants: new Set(),
};

/** What demographics does not show to everyone, it does not want to be spread either. */
function findPerson({ patients, directory, clock }: NemsOptions, areas: Areas): FindPerson {
  return async (nhsNumber, { workspace, facts }) => {
    const seen: Facts = { people: [] };
    const asking = { caller: nems, workspace, requestId: clock.newId(), facts: seen };
    try {
      const { text } = await patients.retrieve(nhsNumber, asking);
      const patient = JSON.parse(text) as PdsPatient; // the port's own
      if (patient.meta.security[0].code !== 'U') return { withheld: 'the record is sensitive' };
      const register = directory.in(workspace);
      const organisation = (code: string) => register.organisation(code);
      return { person: await personOf(patient, organisation, areas) };
    } catch (error) {
      const { status, code = 'nothing' } = Problem.from(error);
      if (status >= 500) throw error;
      return { withheld: `demographics answers ${code}` };
    } finally {
      facts.people.push(...seen.people.filter((one) => !facts.people.includes(one)));
    }
  };
}
