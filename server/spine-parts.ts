/**
 * Joins Spine messaging: the services behind its Apis over the directory, the judge of systems and the services that
 * answer. Owns the joining, and how long answers of the directory are kept.
 */
import { resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Caller, Exchange, Policy } from '../core/exchange.ts';
import { openOutbox } from '../core/outbox.ts';
import type { Patients } from '../fhir/pds/patients.ts';
import { itkService, type ItkServiceOptions } from '../spine/itk/service.ts';
import type { AnswerMessage } from '../spine/mhs/answer-message.ts';
import type { ClientLookUps } from '../spine/mhs/client-parties.ts';
import { asidRefused, type LookUps } from '../spine/mhs/look-ups.ts';
import { asyncService, type AsyncOptions } from '../spine/mhs/async-service.ts';
import { startLargeXml } from '../spine/large-xml.ts';
import { openMessages } from '../spine/mhs/kept-message.ts';
import { pollingService } from '../spine/mhs/polling-service.ts';
import { syncService } from '../spine/mhs/sync-service.ts';
import { inboundService } from '../spine/mhs/inbound-service.ts';
import { reliableIntermediary } from '../spine/sds/forwarding.ts';
import type { AccreditedSystem, Directory, MessageHandler } from '../spine/sds/directory.ts';
import { faults } from '../spine/soap/fault.ts';
import { itkFaults } from '../spine/soap/itk-fault.ts';
import { callerBy } from './accredited.ts';
import { targetRules } from './back-end-targets.ts';
import { toEnvironment } from './catalogue/environments.ts';
import type { Config } from './config.ts';
import { createKept } from './directory-kept.ts';
import { directoryView } from './directory-views.ts';
import type { JudgeSystem } from './gateway/accredited-systems.ts';
import type { BackendServices, Service } from './gateway/backend.ts';
import { openSandboxApp } from './gateway/policies/open-lane.ts';
import type { PolicyKind } from './gateway/policy.ts';
import type { RecordsKind } from './pds-records.ts';
import { spineRecords } from './spine-client.ts';
import { spineOutgoing } from './spine-outgoing.ts';
import {
  asyncApiId,
  inboundApiId,
  itkApiId,
  pollingApiId,
  spineFaults,
  spineKinds,
  summaryBase,
  syncApiId,
  toolkitFaults,
} from './spine-proxies.ts';
import type { ServedStore } from './store/served.ts';
import { secretSealer, storedSecrets } from './stored-secrets.ts';

export interface SpineOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly judgeSystem: JudgeSystem;
  /** Who answers messages to the demographics service. */
  readonly answer: AnswerMessage;
  /** The same records, for the mini-services. */
  readonly patients: Patients;
  readonly config: Config;
  readonly store: ServedStore;
  readonly root: string;
  /** What the platform shows as a client in an environment. */
  readonly clientIdentity: NonNullable<BackendServices['clientCertificate']>;
}

/** What the hosting platform is given. */
export interface SpineParts {
  readonly services: Readonly<Record<string, Service>>;
  readonly kinds: Readonly<Record<string, PolicyKind>>;
  readonly edges: Readonly<Record<string, Policy>>;
  /** Records of other services, asked over messages. */
  readonly records: RecordsKind;
  close(): Promise<void>;
}

export function createSpineParts(options: SpineOptions): SpineParts {
  const { directory, clock, judgeSystem, answer, patients, store } = options;
  const { spineOrganisation: organisation } = options.config;
  const lookUps = keptLookUps(directory, () => clock.now(), organisation);
  const systemOf = systemsBy(judgeSystem);
  const newId = () => clock.newId();
  const now = () => clock.now();
  const xml = startLargeXml();
  const common = {
    ...{ lookUps, xml, systemOf, viewOf, now, newId },
    messages: openMessages(store),
    outbox: openOutbox(store, clock),
    proveParty: partiesBy(lookUps),
  };
  const byMessages = asyncService(common);
  const handler = syncService({ lookUps, xml, answer, systemOf, viewOf, newId });
  const itk = itkService({
    ...{ patients, lookUps, xml, systemOf, viewOf, organisation, newId },
    practiceName: async (odsCode, view) => (await directory.in(view).organisation(odsCode))?.name,
  });
  const asked = spineRecords({
    ...{ ...options, lookUps, xml, organisation, viewOf },
    post: spineOutgoing({
      targets: targetRules(options.config),
      identity: (environment) => Promise.resolve(options.clientIdentity(environment)),
      secret: storedSecrets(store, secretSealer(resolve(options.config.dataDir))),
    }),
  });
  return {
    records: asked.kind,
    services: {
      [syncApiId]: () => ({ handler }),
      [asyncApiId]: () => ({ handler: byMessages }),
      [itkApiId]: () => ({ handler: itk }),
      [inboundApiId]: () => ({ handler: inboundService(common) }),
      [pollingApiId]: ({ base }) => ({
        handler: pollingService({ ...common, base, retryAfter: retryAfterOf(base) }),
      }),
    },
    kinds: spineKinds,
    edges: { [spineFaults]: faults, [toolkitFaults]: itkFaults(newId) },
    async close() {
      asked.close();
      lookUps.close();
      await xml.close();
    },
  };
}

/** A moment: clients of summaries read milliseconds, all others seconds. */
function retryAfterOf(base: string): string {
  return base === summaryBase ? '500' : '1';
}

/** A certificate must bear a name that the directory has for an endpoint of the party. */
function partiesBy(lookUps: LookUps): AsyncOptions['proveParty'] {
  return async ({ peer: { certificate } }, partyKey, view, byName) => {
    if (!certificate) return;
    const names = [...certificate.commonNames, ...certificate.dnsNames].map((one) =>
      one.toLowerCase(),
    );
    const handlers = await lookUps.handlers({ partyKey }, view);
    // Who receives nothing has no name there; the system that its messages name is judged by its certificate all the same.
    if (handlers.length === 0 && !byName) return;
    if (handlers.some(({ fqdn }) => names.includes(fqdn.toLowerCase()))) return;
    throw asidRefused('PARTY_OF_OTHER_CERTIFICATE', 'eb:From/eb:PartyId');
  };
}

/** Seconds for which answers of the directory are kept; each change of it drops them. */
const kept = 60;

/** The directory with its answers in memory. @param odsCode of the national services, whose is the intermediary */
export function keptLookUps(
  directory: Directory,
  now: () => number,
  odsCode: string,
): ClientLookUps & { readonly close: () => void } {
  const systems = createKept<AccreditedSystem | undefined>(now);
  const handlers = createKept<readonly MessageHandler[]>(now);
  const close = directory.changed(() => {
    systems.drop();
    handlers.drop();
  });
  return {
    close,
    system: (asid, view) =>
      systems.get(`${view} ${asid}`, { view, kept, fresh: false }, async () => {
        const [found] = await directory.in(view).systems({ asid }, 1);
        return found;
      }),
    taking: ({ odsCode: of, interaction }, view) =>
      systems.get(`${view} ${of} ${interaction}`, { view, kept, fresh: false }, async () => {
        const [found] = await directory.in(view).systems({ odsCode: of, interaction }, 1);
        return found;
      }),
    handlers: (query, view) =>
      handlers.get(
        `${view} ${query.partyKey} ${query.interaction ?? ''}`,
        { view, kept, fresh: false },
        () => directory.in(view).handlers(query),
      ),
    intermediary: async (view) => {
      const interaction = reliableIntermediary;
      const query = { odsCode, interaction };
      const found = await handlers.get(`${view} between`, { view, kept, fresh: false }, () =>
        directory.in(view).handlers(query),
      );
      return found[0];
    },
  };
}

/** The view of an exchange: its own, or the one that its environment shares. */
export function viewOf({
  workspace,
  environment,
}: Pick<Exchange, 'workspace' | 'environment'>): string {
  if (workspace !== '') return workspace;
  const known = toEnvironment(environment);
  return known ? directoryView(known) : '';
}

/**
 * A certificate must be that of the system named; without one, which the policy in front lets in, it is believed, and need
 * not name any.
 */
function systemsBy(judge: JudgeSystem): ItkServiceOptions['systemOf'] {
  const proved = callerBy(judge);
  return (exchange, asid) =>
    exchange.peer.certificate ? proved(exchange, asid ?? '') : Promise.resolve(believed(asid));
}

function believed(asid: string | undefined): Caller {
  return {
    ...{ appId: openSandboxApp, appName: 'Open sandbox', mode: 'app', scopes: [] },
    ...(asid === undefined ? {} : { asid }),
    grants: new Set(),
  };
}
