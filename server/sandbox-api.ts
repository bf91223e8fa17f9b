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
import type { Workspace, Workspaces } from './workspaces.ts';

export interface SandboxOptions {
  readonly workspaces: Workspaces;
  readonly scenarios: readonly Scenario[];
  readonly seeding: SeedOptions;
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

async function show({ workspaces }: SandboxOptions, { params }: Exchange): Promise<Reply> {
  const workspace = workspaces.get(params.id ?? '');
  const armed = workspaces.armed(workspace.id);
  return json(200, {
    ...shown(workspace, await workspaces.changed(workspace.id)),
    ...(armed ? { scenario: armed } : {}),
  });
}

async function remove({ workspaces }: SandboxOptions, { params }: Exchange): Promise<Reply> {
  await workspaces.remove(params.id ?? '');
  return { status: 204 };
}

async function reset({ workspaces }: SandboxOptions, { params }: Exchange): Promise<Reply> {
  return json(200, { dropped: await workspaces.reset(params.id ?? '') });
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
  options.workspaces.arm(exchange.params.id ?? '', scenario, calls);
  return json(200, { scenario, calls });
}

function disarm({ workspaces }: SandboxOptions, { params }: Exchange): Promise<Reply> {
  workspaces.disarm(params.id ?? '');
  return Promise.resolve({ status: 204 });
}

async function seed({ workspaces, seeding }: SandboxOptions, exchange: Exchange): Promise<Reply> {
  const { id } = workspaces.get(exchange.params.id ?? '');
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
