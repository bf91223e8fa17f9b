/** Builds the whole platform from its configuration: the only place where parts are joined. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { audited, toEntry } from '../core/audit.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { assemble, type Handler } from '../core/exchange.ts';
import { createLog, type Logging } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { routes } from '../core/routes.ts';
import { capabilityStatement } from '../fhir/capability.ts';
import { loadOpenApi } from '../fhir/openapi.ts';
import { outcomes } from '../fhir/outcome.ts';
import { openRoutes, pdsApi, type Health } from '../fhir/pds/api.ts';
import { createBodyChecks } from '../fhir/pds/body-checks.ts';
import { cors, echoIds, namesPerson, syncWait } from '../fhir/pds/front-policies.ts';
import { pdsOutcomes } from '../fhir/pds/outcomes.ts';
import { patientCollection, storedPatients } from '../fhir/pds/stored-patients.ts';
import { readPractices } from '../fhir/synthetic/organisations.ts';
import { allocationNumber } from '../fhir/synthetic/numbers.ts';
import { openJournal, type OpenJournal } from './audit/journal.ts';
import { behindAudit, recoverUnaudited } from './audit/recovery.ts';
import type { Config } from './config.ts';
import { createFront, type Front, type Mount } from './front.ts';
import { openLane } from './gateway/policies/open-lane.ts';
import { createRehearsal } from './gateway/policies/rehearsal.ts';
import { createPages } from './pages.ts';
import { sandboxApi } from './sandbox-api.ts';
import { seedDefaults } from './seed.ts';
import { openEmbeddedStore, type EmbeddedStore } from './store/embedded.ts';
import { inWorkspace, openWorkspaces, sharedWorkspace, type Workspaces } from './workspaces.ts';

export interface Platform {
  readonly store: EmbeddedStore;
  readonly journal: OpenJournal;
  readonly port: number;
  /** The absolute address of the PDS API. */
  readonly base: string;
  /** What runs where, with calls that work when pasted. */
  welcome(): readonly string[];
  /** Lets running calls finish (at most 8 s), then closes everything. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Where progress goes; nowhere when absent. */
  readonly say?: (line: string) => void;
  readonly clock?: Clock;
  readonly log?: Logging;
  /** Without it the default data is loaded into an empty store. */
  readonly withoutDefaults?: boolean;
}

const pdsBase = '/personal-demographics/FHIR/R4';
const drainPatience = 8_000;
/** Records that the shared workspace may change: all that a bench or a team together will, and still a bound. */
const sharedLimit = 200_000;

/**
 * @param root the folder with package.json, from which data files are read.
 * @throws Problem for a port that is taken, a data folder that cannot be written or is in use.
 */
export async function startPlatform(
  config: Config,
  root: string,
  options: StartOptions = {},
): Promise<Platform> {
  const clock = options.clock ?? systemClock;
  const say = options.say ?? (() => undefined);
  const log = options.log ?? createLog(config.logLevel);
  const { store, journal } = await openData(config, clock, log, say);
  try {
    if (!options.withoutDefaults) await seed(store, root, say);
    const workspaces = await openWorkspaces(store, clock);
    const sweeping = sweepHourly(workspaces, log);
    let port = config.port;
    const publicUrl = () => config.publicUrl || `http://localhost:${port}`;
    const front = createPlatformFront({
      config,
      root,
      store,
      journal,
      workspaces,
      clock,
      log,
      publicUrl,
    });
    port = await listen(front, config);
    return {
      store,
      journal,
      port,
      base: `${publicUrl()}${sandboxPath(config)}${pdsBase}`,
      welcome: () => welcome(publicUrl(), config),
      async stop() {
        clearInterval(sweeping);
        await front.drain(drainPatience);
        await journal.close();
        await store.close();
        log.flush();
      },
    };
  } catch (error) {
    await journal.close();
    await store.close();
    throw error;
  }
}

/** Store and audit, each saying what it found; writes that the audit misses are entered now. */
async function openData(
  config: Config,
  clock: Clock,
  log: Logging,
  say: (line: string) => void,
): Promise<{ store: EmbeddedStore; journal: OpenJournal }> {
  const dir = resolve(config.dataDir);
  makeFolder(dir);
  const store = await openEmbeddedStore({
    dir,
    syncDelay: config.storeSyncDelay,
    limits: { [sharedWorkspace]: sharedLimit },
    log,
  });
  for (const line of store.opening.recovered) say(`Store: ${line}`);
  try {
    const journal = await openJournal({
      dir: join(dir, 'audit'),
      heads: resolve(config.auditHeadsDir),
      keys: join(dir, 'keys'),
      clock,
      log,
    });
    for (const line of journal.recovered) say(`Audit: ${line}`);
    const behind = behindAudit(store.opening.lastCommit, journal.lastCommit);
    if (behind !== undefined) {
      say(behind);
      log.log('error', behind);
    }
    const entered = await recoverUnaudited(journal, store.changes, clock);
    if (entered > 0) say(`Audit: ${entered} writes without an entry were entered as recovered.`);
    return { store, journal };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 }); // it holds records, the audit and its key
  } catch (cause) {
    throw new Problem(
      'unavailable',
      `DATA_DIR is "${dir}" but cannot be made or written. Give a folder that this user may write to.`,
      { cause },
    );
  }
}

async function seed(store: EmbeddedStore, root: string, say: (line: string) => void) {
  let told = 0;
  const kept = await seedDefaults(store, join(root, 'fixtures'), (soFar) => {
    if (soFar - told < 1_000) return;
    told = soFar;
    say(`Loading the default patients: ${soFar} …`);
  });
  if (kept > 0) say(`Loaded ${kept} patients.`);
}

function sweepHourly(workspaces: Workspaces, log: Logging): NodeJS.Timeout {
  const sweep = () => {
    workspaces.sweep().catch((error: unknown) => {
      log.log('error', 'expired workspaces could not be removed', {
        kind: Problem.from(error).kind,
      });
    });
  };
  sweep();
  return setInterval(sweep, 60 * 60_000).unref();
}

interface Parts {
  readonly config: Config;
  readonly root: string;
  readonly store: EmbeddedStore;
  readonly journal: OpenJournal;
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly log: Logging;
  readonly publicUrl: () => string;
}

function createPlatformFront(parts: Parts): Front {
  const { config, root, store, journal, workspaces, clock, log, publicUrl } = parts;
  const openApiFile = join(root, 'fhir', 'pds', 'openapi.json');
  const document = loadOpenApi(openApiFile);
  const checks = createBodyChecks(document);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const rehearsal = createRehearsal({
    clock,
    random: Math.random,
    armed: (workspace) => workspaces.takeArmed(workspace),
  });
  const patients = store.open(patientCollection);
  const sandbox = sandboxPath(config);
  const base = () => `${publicUrl()}${sandbox}${pdsBase}`;
  const pds = pdsApi({
    patients: storedPatients({
      collection: patients,
      counters: store.counters,
      changes: store.changes,
      clock,
      isPractice: readPractices(join(root, 'fixtures')),
      allocationNumber,
      newObjectId: () => randomBytes(4).toString('hex').toUpperCase(),
    }),
    base,
    now: () => clock.now(),
    bodyCheck: checks.bodyCheck,
  });
  const health: Health = {
    version,
    revision: version,
    check: async () => {
      await patients.get('0');
      if (store.stopped) throw new Problem('unavailable', 'The store has stopped writing');
      if (journal.failed) throw new Problem('unavailable', 'The audit cannot be written');
    },
  };
  const now = () => clock.now();
  const guarded = assemble(
    [
      audited(journal, 'personal-demographics', now),
      namesPerson,
      openLane,
      inWorkspace(workspaces),
      syncWait,
      rehearsal.policy,
    ],
    pds,
  );
  const open = openRoutes(health, () =>
    capabilityStatement(document, { base: base(), version, date: new Date(now()).toISOString() }),
  );
  const mounts: Mount[] = [
    {
      environment: 'sandbox',
      base: pdsBase,
      api: 'personal-demographics',
      handler: assemble([echoIds, cors, pdsOutcomes], openFirst(open, guarded)),
    },
    {
      environment: 'sandbox',
      base: '/_sandbox',
      api: 'sandbox',
      handler: assemble(
        [echoIds, outcomes, audited(journal, 'sandbox', now)],
        sandboxApi({
          workspaces,
          scenarios: rehearsal.scenarios,
          seeding: {
            patients,
            patientFaults: checks.patientFaults,
            enterSeeded: (exchange, nhsNumber, commit) =>
              journal.append({
                ...toEntry(exchange, 'sandbox', 201, now()),
                people: [nhsNumber],
                commit,
              }),
          },
        }),
      ),
    },
  ];
  return createFront({
    mounts,
    environment: config.installation === 'laptop' ? 'sandbox' : 'production',
    environments: ['sandbox', 'development', 'sit', 'uat', 'production'],
    log,
    pages: createPages({
      log,
      publicUrl,
      services: [
        { name: 'PDS FHIR API: what it can do', path: `${sandbox}${pdsBase}/metadata` },
        {
          name: 'PDS FHIR API: OpenAPI document',
          path: '/specifications/personal-demographics.json',
        },
        { name: 'Sandbox: scenarios to rehearse', path: `${sandbox}/_sandbox/scenarios` },
      ],
      downloads: { '/specifications/personal-demographics.json': openApiFile },
    }),
  });
}

/** Health and capabilities need no caller, touch no record and so are not audited; all else is judged. */
function openFirst(table: ReturnType<typeof openRoutes>, guarded: Handler): Handler {
  const open = routes(table, { notFound: guarded, notAllowed: guarded });
  return (exchange) => (exchange.method === 'OPTIONS' ? guarded(exchange) : open(exchange));
}

function listen(front: Front, { port, listenAddress }: Config): Promise<number> {
  return new Promise((done, fail) => {
    front.server.once('error', (cause: Error & { code?: string }) => {
      const sentence =
        cause.code === 'EADDRINUSE'
          ? `PORT ${port} is taken by another process. Stop that one, or start with another PORT.`
          : `The server cannot listen on PORT ${port}: ${cause.code ?? cause.message}.`;
      fail(new Problem('unavailable', sentence, { cause }));
    });
    front.server.listen({ port, ...(listenAddress === '' ? {} : { host: listenAddress }) }, () => {
      done((front.server.address() as AddressInfo).port); // a server on a port has no pipe's name
    });
  });
}

/** How the sandbox is reached: on a laptop it is what an address without an environment means. */
function sandboxPath({ installation }: Config): string {
  return installation === 'laptop' ? '' : '/env/sandbox';
}

function welcome(url: string, config: Config): string[] {
  const at = url + sandboxPath(config);
  const id = "-H 'X-Request-ID: 60e0b220-8136-4ca5-ae46-1d97ef59d068'";
  return [
    '',
    `Gatehouse is ready on ${url}`,
    `  PDS FHIR API       ${at}${pdsBase}`,
    `  Scenarios          ${at}/_sandbox/scenarios`,
    `  OpenAPI document   ${url}/specifications/personal-demographics.json`,
    '',
    'Try:',
    `  curl ${id} ${at}${pdsBase}/Patient/9000000009`,
    `  curl ${id} '${at}${pdsBase}/Patient?family=Smith&gender=female&birthdate=eq2010-10-22'`,
    `  curl -X PATCH ${id} -H 'If-Match: W/"2"' -H 'Content-Type: application/json-patch+json' -d '{"patches":[{"op":"add","path":"/name/-","value":{"use":"nickname","given":["Janey"],"family":"Smith"}}]}' ${at}${pdsBase}/Patient/9000000009`,
    '',
  ];
}
