/** Joins smartcard sign-on: sessions, agent, broker and user context over the store, the directory and the simulated people. */
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Exchange } from '../core/exchange.ts';
import type { Store } from '../core/store.ts';
import type { Directory } from '../spine/sds/directory.ts';
import { identityAgent } from '../spine/sso/identity-agent.ts';
import { identityAgentApi } from '../spine/sso/identity-agent-api.ts';
import { userContextApi } from '../spine/sso/role-assertion-api.ts';
import { ticketBroker } from '../spine/sso/ticket-broker.ts';
import { ticketBrokerApi } from '../spine/sso/ticket-broker-api.ts';
import { openSmartcardSessions } from '../spine/sso/ticket-sessions.ts';
import type { Addresses } from './addresses.ts';
import { toEnvironment } from './catalogue/environments.ts';
import { directoryView } from './directory-views.ts';
import type { JudgeSystem } from './gateway/accredited-systems.ts';
import type { Service } from './gateway/backend.ts';
import type { PolicyKind } from './gateway/policy.ts';
import { randomKey } from './key-files.ts';
import { ssoKeys } from './sso-keys.ts';
import { ssoKinds } from './sso-kinds.ts';
import { loadSsoPeople } from './sso-people.ts';
import { agentApiId, brokerApiId, brokerBase, contextApiId } from './sso-proxies.ts';

export interface SsoOptions {
  /** The folder with package.json, and that of the data. */
  readonly root: string;
  readonly dataDir: string;
  readonly store: Store;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly judgeSystem: JudgeSystem;
}

/** What the hosting platform is given. */
export interface SsoParts {
  readonly services: Readonly<Record<string, Service>>;
  readonly kinds: Readonly<Record<string, PolicyKind>>;
}

export function createSsoParts(options: SsoOptions): SsoParts {
  const { store, clock, directory, judgeSystem } = options;
  const keys = ssoKeys(store, secretOf(options));
  const ticketKey = keys.ticket;
  const { holders, holder, national } = loadSsoPeople(join(options.root, 'fixtures'));
  const sessions = openSmartcardSessions(store, clock);
  const issuer = issuerBy(options.addresses);
  const key = async () => (await keys.signing()).key;
  const signingKey = async () => (await keys.signing()).pem;
  const broker = ticketBroker({ sessions, holder, ticketKey, signingKey, issuer, clock });
  const handlers = {
    [agentApiId]: identityAgentApi(identityAgent(sessions, holder, ticketKey), holders),
    [brokerApiId]: ticketBrokerApi(broker),
    [contextApiId]: userContextApi({
      ...{ key, issuer, national, clock, assertion: (ask) => broker.assertion(ask) },
      session: (ticket, environment) => broker.session(ticket, environment, true),
      organisationOf: organisationBy(directory),
    }),
  };
  const lives = async (id: string, place: string) => (await sessions.use(id, place)) !== undefined;
  return {
    services: Object.fromEntries(
      Object.entries(handlers).map(([name, handler]) => [name, () => ({ handler })]),
    ),
    kinds: ssoKinds({ judgeSystem, key, issuer, lives }),
  };
}

/** A file that all machines of an installation have. */
function secretOf({ dataDir }: SsoOptions): Buffer {
  return randomKey(join(dataDir, 'keys', 'sealing.key'));
}

/** The broker's name in an environment: its address. */
function issuerBy(addresses: Addresses): (environment: string) => string {
  return (name) => {
    const environment = toEnvironment(name);
    return environment ? addresses.of(environment, brokerBase) : '';
  };
}

function organisationBy(directory: Directory) {
  return async (asid: string, { workspace, environment }: Exchange) => {
    const known = toEnvironment(environment);
    const view = workspace === '' && known ? directoryView(known) : workspace;
    const [found] = await directory.in(view).systems({ asid }, 1);
    return found?.odsCode;
  };
}
