/**
 * Joins observability: metrics, usage, status, alerts, mail and tracing over the front and the gateway. Owns which of it runs
 * in which process; each part is in server/observe/.
 */
import { timingSafeEqual } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Notices } from '../certs/notices.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import type { OpenJournal } from './audit/journal.ts';
import { newSecret } from './auth/tokens.ts';
import type { Act } from './catalogue/api-call.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import type { PlatformHooks } from './catalogue/deployment-hooks.ts';
import type { Environment } from './catalogue/environments.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import type { Config } from './config.ts';
import type { Observer } from './front.ts';
import type { Gateway } from './gateway/gateway.ts';
import { readOrMake } from './key-files.ts';
import type { Mount, MountTable } from './mount-table.ts';
import { alertAdministration } from './observe/alert-administration.ts';
import { createAlertBook } from './observe/alert-book.ts';
import { createAlertDelivery } from './observe/alert-delivery.ts';
import { alertActs, alertFacts } from './observe/alert-routes.ts';
import { createCharge, type Charge } from './observe/charge.ts';
import type { Family, Labels } from './observe/families.ts';
import { createLease } from './observe/lease.ts';
import { createMailSender } from './observe/mail.ts';
import { createMailbox, type Mailbox } from './observe/mailbox.ts';
import { createMeters } from './observe/meters.ts';
import { callFamilies } from './observe/metrics.ts';
import * as platformFamilies from './observe/platform-families.ts';
import { startRounds } from './observe/rounds.ts';
import { scrape } from './observe/scrape.ts';
import { statusQuery } from './observe/status-query.ts';
import { currentId, statusCollection } from './observe/status-record.ts';
import { createTallies } from './observe/tallies.ts';
import type { TraceKeeper } from './observe/trace-keeper.ts';
import { createUsageKeeper } from './observe/usage-keeper.ts';
import {
  callersOf,
  usageQuery,
  type CallersQuestion,
  type UsageAnswer,
  type UsageQuestion,
} from './observe/usage-query.ts';
import { createUsageRecorder } from './observe/usage-recorder.ts';
import { observerOf, tracedTables } from './observing-calls.ts';
import { auditOf, auditTopic, healthLook } from './observing-health.ts';
import { instancesOf, targetOf } from './observing-probes.ts';
import type { Part, Peers } from './process-role.ts';
import type { ServedStore } from './store/served.ts';
import { createWebhook } from './webhook.ts';

export interface ObservingOptions {
  readonly config: Config;
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly peers: Peers;
  readonly part: Part;
  readonly version: string;
  /** The environment of addresses that name none: `/metrics` is reached there, and its outages count. */
  readonly standard: Environment;
  /** Where this server is reached from its own machine, once it listens. */
  readonly own: () => string;
  /** `status` and `usage` are put in. */
  readonly hooks: PlatformHooks;
  /** What certificates are in use; told as metrics. */
  readonly certificates?: { readonly notices: Pick<Notices, 'endings'> };
  /** What became of traces of calls; told as metrics. */
  readonly keeper?: Pick<TraceKeeper, 'counts'>;
  /** Further families that are the same for all processes: what waits in mailboxes. */
  readonly standing?: () => Promise<readonly Family[]>;
  /** Nothing goes round by itself: a test turns the rounds. */
  readonly withoutTimers?: boolean;
}

/** What serves in this process. */
export interface Served {
  readonly gateway: Gateway;
  readonly catalogue: Catalogue;
}

export interface Observing {
  /** Hears of every call. */
  readonly observer: Observer;
  /** `/metrics`. */
  readonly mounts: readonly Mount[];
  /** Routes of alerts and mail for the management API. */
  readonly acts: Readonly<Record<string, Act>>;
  /** What the published document says of them. */
  readonly facts: Readonly<Record<string, RouteFacts>>;
  readonly mailbox: Mailbox;
  /** What was called, for the hub's operators. */
  usage(question: UsageQuestion): Promise<UsageAnswer>;
  /** The Apps that called. */
  callers(question: CallersQuestion): Promise<readonly string[]>;
  /** Adds one to a counter of what is no call. */
  readonly counted: (name: string, help: string, labels: Labels) => void;
  /** To be told once it serves; only then may this process watch for the installation. */
  serving(served: Served): void;
  /** The tables with a span around each call, where an SDK of OpenTelemetry is in the process; else as they are. */
  traced(tables: readonly Pick<MountTable, 'find'>[]): readonly Pick<MountTable, 'find'>[];
  /** What timers do, for tests. None rejects. */
  readonly rounds: ObservingRounds;
  /** Writes what was counted, and lets another process take over. Before journal and store are closed. */
  close(): Promise<void>;
}

export interface ObservingRounds {
  /** Each 10 s in every process: writes usage. */
  flush(): Promise<void>;
  /** Each 10 s: takes or renews the lease. The rounds below do nothing without it. */
  tend(): Promise<void>;
  /** Each 15 s: pings, alerts, notifications, mail. */
  look(): Promise<void>;
  /** Each 60 s: asks back ends. */
  healths(): Promise<void>;
  /** Each 10 min: adds usage up, removes what is old. */
  tidy(): Promise<void>;
}

export function openObserving(options: ObservingOptions): Observing {
  const { config, store, clock, hooks, standard, part, peers } = options;
  const now = () => clock.now();
  const parts = partsOf(options);
  const { keeper, mailbox } = parts;
  const counted = {
    ...{ keeper, now },
    async flush() {
      await Promise.all([keeper.flush(), peers.gather(flushTopic, undefined)]);
    },
  };
  const usage = usageQuery({
    ...counted,
    ownerOf: (app) => parts.served()?.catalogue.app(app)?.owner,
  });
  hooks.usage = usage;
  hooks.status = statusQuery({
    ...{ store, now },
    circuitOf: (proxy) => parts.served()?.gateway.proxy(proxy)?.backend?.condition?.().circuit,
  });
  peers.answer(flushTopic, () => keeper.flush().then(() => true));
  peers.answer(metricsTopic, () => ownFamilies(options, parts));
  peers.answer(auditTopic, () => auditOf(options));
  const rounds = roundsOf(options, parts);
  const timers = part === 'keeping' || options.withoutTimers ? undefined : start(rounds);
  const families = () => allFamilies(options, parts);
  const handler = scrape({ families, isStatusKey: statusKeyCheck(config) });
  return {
    observer: observerOf(parts),
    mounts: [{ environment: standard, base: '/metrics', api: 'metrics', handler }],
    acts: alertActs(alertAdministration({ ...options, ...parts, defaults: parts.book.defaults })),
    facts: alertFacts,
    ...{ mailbox, usage },
    callers: (question) => callersOf(counted, question),
    counted: (name, help, labels) => {
      parts.tallies.add(name, help, labels);
    },
    serving: parts.serve,
    traced: (tables) => tracedTables(tables, options.version),
    rounds,
    async close() {
      await timers?.stop();
      await rounds.flush();
      await parts.lease.release();
      parts.sender?.close();
    },
  };
}

const flushTopic = 'observe.flush';
const metricsTopic = 'observe.metrics';

type Parts = ReturnType<typeof partsOf>;

/** The parts of one process, before anything is served. */
function partsOf({ config, store, clock, log, standard }: ObservingOptions) {
  let served: Served | undefined;
  const now = () => clock.now();
  const place = { process: clock.newId(), now };
  const tallies = createTallies();
  const recorder = createUsageRecorder({
    ...place,
    isApp: (id) => served === undefined || served.catalogue.app(id) !== undefined,
  });
  const sender =
    config.smtpUrl === '' ? undefined : createMailSender(config.smtpUrl, config.mailFrom);
  const mailbox = createMailbox({
    ...{ store, now },
    ...(sender ? { send: (id, mail) => sender.send(id, mail) } : {}),
    counted: (template, result) => {
      tallies.add('portal_emails_total', 'Messages by what became of them.', { template, result });
    },
  });
  const webhook = createWebhook({ allowLocal: config.localAddresses === 'allow' });
  const delivery = createAlertDelivery({
    ...{ store, now, log, mailbox },
    post: (url, body) => webhook.post(url, body),
    ...(sender ? { sendNow: (id, mail) => sender.send(id, mail) } : {}),
  });
  const contactOf = (app: string) => served?.catalogue.app(app)?.contact;
  return {
    ...{ tallies, recorder, sender, mailbox, delivery },
    meters: createMeters(),
    keeper: createUsageKeeper({ store, recorder, now, log }),
    book: createAlertBook({ store, production: standard, contactOf }),
    lease: createLease(store, place),
    checkUrl: (url: string) => {
      webhook.check(url);
    },
    served: () => served,
    serve: (what: Served) => {
      served = what;
    },
  };
}

/** Only a process that serves the Apis can probe them. */
function roundsOf(options: ObservingOptions, parts: Parts): ObservingRounds {
  const { clock, log, own, config } = options;
  let charge: Charge | undefined;
  const make = () =>
    createCharge({
      ...options,
      ...parts,
      now: () => clock.now(),
      instances: () => instancesOf(parts.served()?.gateway ?? nothing, own),
      health: healthLook({ ...options, mailbox: parts.sender && parts.mailbox }),
    });
  return {
    async flush() {
      await parts.keeper.flush().catch((error: unknown) => {
        log.log('warn', 'usage could not be kept yet', { kind: Problem.from(error).kind });
      });
    },
    async tend() {
      if (!parts.served() || config.role === 'hub') return;
      if (!(await parts.lease.tend())) charge = undefined;
      else charge ??= make();
    },
    async look() {
      await charge?.look();
    },
    async healths() {
      await charge?.healths();
    },
    async tidy() {
      await charge?.tidy();
    },
  };
}

const nothing: Pick<Gateway, 'proxies'> = { proxies: () => [] };

function start(rounds: ObservingRounds) {
  return startRounds([
    [10_000, () => rounds.flush()],
    [10_000, () => rounds.tend()],
    [15_000, () => rounds.look()],
    [60_000, () => rounds.healths()],
    [600_000, () => rounds.tidy()],
  ]);
}

/** What this process knows. */
function ownFamilies(options: ObservingOptions, parts: Parts): Family[] {
  const running = (parts.served()?.gateway.proxies() ?? []).map((one) => {
    const circuit = one.backend?.condition?.().circuit;
    const { api, proxy, revision } = one;
    const facts = { api: api.id, environment: proxy.environment, revision, target: targetOf(one) };
    return { ...facts, ...(circuit ? { circuit } : {}) };
  });
  return [
    ...callFamilies(parts.meters),
    ...parts.tallies.families(),
    ...platformFamilies.runningFamilies(running),
    ...platformFamilies.auditFamilies(auditOf(options)),
    ...(options.keeper ? platformFamilies.traceFamilies(options.keeper.counts()) : []),
  ];
}

/** What all know, and what is kept. While the store is away the latter is left out. */
async function allFamilies(options: ObservingOptions, parts: Parts): Promise<readonly Family[][]> {
  const { store, peers } = options;
  const [others, stored, mail, standing = []] = await Promise.all([
    peers.gather(metricsTopic, undefined),
    store
      .open(statusCollection)
      .get(currentId)
      .catch(() => undefined),
    parts.mailbox.standing().catch(() => undefined),
    options.standing?.(),
  ]);
  return [
    ownFamilies(options, parts),
    ...(others as Family[][]), // what `ownFamilies` of the same program gives
    platformFamilies.statusFamilies(Object.values(stored?.value.current ?? {})),
    ...(mail ? [platformFamilies.mailFamilies(mail)] : []),
    platformFamilies.certificateFamilies(options.certificates?.notices.endings() ?? []),
    [...standing],
  ];
}

/** Whether a text is the platform's status key, that of `/_status`. */
function statusKeyCheck({ dataDir }: Config): (key: string) => boolean {
  const file = join(resolve(dataDir), 'keys', 'status-api.key');
  const kept = Buffer.from(readOrMake(file, newSecret));
  return (key) => {
    const given = Buffer.from(key);
    return given.length === kept.length && timingSafeEqual(given, kept);
  };
}
