/**
 * The sandbox's own API below /_sandbox: workspaces and rehearsal scenarios.
 * Nothing of the national service lives here; it is what a tester wishes beside it.
 */
import type { Exchange, Handler, Reply } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { routes, type Routes } from '../core/routes.ts';
import { checker } from '../core/schema.ts';
import type { Scenario } from './gateway/policies/rehearsal.ts';
import { parse, seedWorkspace, type SeedOptions } from './sandbox-seed.ts';
import { appWorkspace, namedWorkspace, type Workspace, type Workspaces } from './workspaces.ts';

export interface SandboxOptions {
  readonly workspaces: Workspaces;
  readonly scenarios: readonly Scenario[];
  readonly seeding: SeedOptions;
  /** The app whose key or token a call bears; undefined for anybody else. */
  readonly appOf: (exchange: Exchange) => Promise<string | undefined>;
}

const bodyLimit = 64 * 1024;

export function sandboxApi(options: SandboxOptions): Handler {
  return routes(sandboxRoutes(options));
}

function sandboxRoutes(options: SandboxOptions): Routes {
  return {
    'GET /scenarios': () => Promise.resolve(json(200, { scenarios: listed(options.scenarios) })),
    'POST /workspaces': (x) => create(options, x),
    'GET /workspaces': (x) => list(options, x),
    'GET /workspaces/:id': (x) => show(options, x),
    'DELETE /workspaces/:id': (x) => remove(options, x),
    'POST /workspaces/:id/reset': (x) => reset(options, x),
    'POST /workspaces/:id/patients': (x) => seed(options, x),
    'PUT /workspaces/:id/scenario': (x) => arm(options, x),
    'DELETE /workspaces/:id/scenario': (x) => disarm(options, x),
  };
}

/**
 * The workspace that an address names: an id, or `own` for that of the app whose key or token the call bears.
 * @throws Problem `unauthenticated`, `not-found`
 */
async function workspaceOf({ appOf }: SandboxOptions, exchange: Exchange): Promise<string> {
  const { id = '' } = exchange.params;
  if (id !== 'own') return namedWorkspace(id);
  const appId = await appOf(exchange);
  if (appId !== undefined) return appWorkspace(appId);
  throw new Problem(
    'unauthenticated',
    'Send the key of an app of the sandbox as apikey, or a token, to name its own workspace',
  );
}

function listed(scenarios: readonly Scenario[]): object[] {
  return scenarios.map(({ name, description }) => ({ name, description }));
}

const checkCreate = checker<{ name?: string }>({
  type: 'object',
  properties: { name: { type: 'string', minLength: 1, maxLength: 100 } },
  additionalProperties: false,
});

async function create({ workspaces }: SandboxOptions, exchange: Exchange): Promise<Reply> {
  const bytes = await exchange.body.bytes(bodyLimit);
  const { name } = checkCreate(bytes.length === 0 ? {} : parse(bytes));
  const workspace = await workspaces.create(name ?? '', exchange.peer.address);
  return {
    ...json(201, shown(workspace, 0)),
    headers: {
      'content-type': 'application/json',
      location: `/_sandbox/workspaces/${workspace.id}`,
    },
  };
}

async function list({ workspaces }: SandboxOptions, { peer }: Exchange): Promise<Reply> {
  const mine = workspaces.list(peer.address);
  const shownAll = await Promise.all(
    mine.map(async (workspace) => shown(workspace, await workspaces.changed(workspace.id))),
  );
  return json(200, { workspaces: shownAll });
}

async function show(options: SandboxOptions, exchange: Exchange): Promise<Reply> {
  const { workspaces } = options;
  const workspace = workspaces.get(await workspaceOf(options, exchange));
  const armed = workspaces.armed(workspace.id);
  return json(200, {
    ...shown(workspace, await workspaces.changed(workspace.id)),
    ...(armed ? { scenario: armed } : {}),
  });
}

async function remove(options: SandboxOptions, exchange: Exchange): Promise<Reply> {
  await options.workspaces.remove(await workspaceOf(options, exchange));
  return { status: 204 };
}

async function reset(options: SandboxOptions, exchange: Exchange): Promise<Reply> {
  const id = await workspaceOf(options, exchange);
  return json(200, { dropped: await options.workspaces.reset(id) });
}

const checkArm = checker<{ scenario: string; calls: number }>({
  type: 'object',
  properties: {
    scenario: { type: 'string' },
    calls: { type: 'integer', minimum: 1, maximum: 100_000, default: 1 },
  },
  required: ['scenario'],
  additionalProperties: false,
});

async function arm(options: SandboxOptions, exchange: Exchange): Promise<Reply> {
  const { scenario, calls } = checkArm(parse(await exchange.body.bytes(bodyLimit)));
  const names = options.scenarios.map(({ name }) => name);
  if (!names.includes(scenario))
    throw new Problem('invalid', `scenario must be one of: ${names.join(', ')}`);
  await options.workspaces.arm(await workspaceOf(options, exchange), scenario, calls);
  return json(200, { scenario, calls });
}

async function disarm(options: SandboxOptions, exchange: Exchange): Promise<Reply> {
  await options.workspaces.disarm(await workspaceOf(options, exchange));
  return { status: 204 };
}

async function seed(options: SandboxOptions, exchange: Exchange): Promise<Reply> {
  const { workspaces, seeding } = options;
  const { id } = workspaces.get(await workspaceOf(options, exchange));
  exchange.facts.workspace = id;
  const kept = await seedWorkspace(id, exchange, seeding);
  const issued = kept.filter((nhsNumber) => /^[4-7]/.test(nhsNumber)).length;
  return json(201, {
    kept: kept.length,
    ...(issued > 0
      ? { warnings: [`${issued} numbers lie in ranges issued to real people: use 999 numbers`] }
      : {}),
  });
}

function shown({ id, name, created, expires }: Workspace, changed: number): object {
  const lasting = expires === Number.MAX_SAFE_INTEGER;
  return {
    id,
    name,
    ...(lasting
      ? {}
      : { created: new Date(created).toISOString(), expires: new Date(expires).toISOString() }),
    changed,
  };
}

function json(status: number, value: object): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  };
}
