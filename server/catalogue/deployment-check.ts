/**
 * All that is wrong with a deployment, asked before anything is written: the definition's own faults, what it leans on in
 * the catalogue, and what the gateway finds. Owns putting them together, so that a refusal tells everything at once.
 */
import { Problem } from '../../core/problem.ts';
import { specificationCollection, type Api } from './apis.ts';
import { apiSecretCollection, apiSecretId } from './api-secrets.ts';
import type { Bases } from './deployment-base.ts';
import { wired, type PlatformHooks } from './deployment-hooks.ts';
import type { Environment } from './environments.ts';
import type { DocumentReader } from './openapi/reader.ts';
import { proxyCollection, type Proxy, type ProxyDefinition } from './proxies.ts';
import {
  definitionFaults,
  readDefinition,
  secretsNamed,
  type DefinitionFault,
} from './proxy-rules.ts';
import type { Ground } from './records.ts';

export interface CheckGround extends Ground {
  readonly hooks: PlatformHooks;
  readonly bases: Bases;
  readonly documents: DocumentReader;
}

/** What is to be deployed where. */
export interface Candidate {
  readonly api: Api;
  readonly environment: Environment;
  /** The id of the Proxy. */
  readonly proxy: string;
  readonly definition: unknown;
  /** The OpenAPI document that comes with it, by the id it will have; else what the definition or the Api names counts. */
  readonly specification?: { readonly id: string; readonly value: unknown };
}

/** The definition whole, with its document named; or all its faults. */
export type Checked =
  | { readonly definition: ProxyDefinition; readonly faults: readonly [] }
  | { readonly definition?: undefined; readonly faults: readonly DefinitionFault[] };

/** @throws Problem `unavailable` where no gateway can be asked. */
export async function checkDeployment(ground: CheckGround, candidate: Candidate): Promise<Checked> {
  const ask = wired(ground.hooks.gatewayFaults, 'The check of definitions');
  const read = readDefinition(candidate.definition);
  if ('faults' in read) return { faults: read.faults };
  const { api, environment } = candidate;
  const definition = withSpecification(read.definition, candidate);
  const document = await documentOf(ground, candidate, definition);
  const own = [
    ...definitionFaults(definition, environment),
    ...document.faults,
    ...(await secretFaults(ground, candidate, definition)),
    ...(await baseFaults(ground, candidate, definition)),
  ];
  const theirs = await ask(api, environment, definition, document.value);
  // Where we have found a fault already, a second sentence about the same place helps nobody.
  const found = [...own, ...theirs.filter(({ at }) => !own.some((one) => isAtOrBelow(one.at, at)))];
  return found.length === 0 ? { definition, faults: [] } : { faults: found };
}

/**
 * A new Api begins in development: further on it goes only when it runs there (R059).
 * @throws Problem `conflict`
 */
export async function developmentFirst(
  { store }: Ground,
  api: Api,
  environment: Environment,
): Promise<void> {
  if (environment === 'sandbox' || environment === 'development') return;
  const { items } = await store
    .open<Proxy>(proxyCollection)
    .find({ index: 'api', equals: [api.id], limit: 1000 });
  if (items.some(({ value }) => value.environment === 'development')) return;
  throw new Problem(
    'conflict',
    `A new API begins in development: deploy ${api.id} there before ${environment}`,
    { code: 'DEVELOPMENT_FIRST' },
  );
}

function withSpecification(
  definition: ProxyDefinition,
  { api, specification }: Candidate,
): ProxyDefinition {
  const id = specification?.id ?? definition.specification ?? api.specification;
  return id === undefined ? definition : { ...definition, specification: id };
}

async function documentOf(
  { store }: Ground,
  { specification }: Candidate,
  { specification: id }: ProxyDefinition,
): Promise<{ readonly value: unknown; readonly faults: readonly DefinitionFault[] }> {
  if (specification) return { value: specification.value, faults: [] };
  if (id === undefined) return { value: undefined, faults: [] };
  const stored = await store.open(specificationCollection).get(id);
  if (stored) return { value: JSON.parse(stored.value.text), faults: [] };
  const message = 'There is no document of this id: send the document itself as specification';
  return { value: undefined, faults: [{ at: '/specification', message }] };
}

async function secretFaults(
  { store }: Ground,
  { api, environment }: Candidate,
  { backend }: ProxyDefinition,
): Promise<readonly DefinitionFault[]> {
  const secrets = store.open(apiSecretCollection);
  const faults: DefinitionFault[] = [];
  for (const { at, name } of secretsNamed(backend))
    if (!(await secrets.get(apiSecretId(environment, api.id, name))))
      faults.push({
        at,
        message: `There is no secret ${name} of ${api.id} in ${environment}: put it there first`,
      });
  return faults;
}

async function baseFaults(
  { bases }: CheckGround,
  { api: { owner }, environment, proxy }: Candidate,
  { base }: ProxyDefinition,
): Promise<readonly DefinitionFault[]> {
  const holder = await bases.holder(environment, base, { proxy, owner });
  return holder === undefined ? [] : [{ at: '/base', message: heldBy(base, holder, environment) }];
}

/** Why a base cannot be had. */
export function heldBy(base: string, proxy: string, environment: Environment): string {
  return `${base} is the base of the proxy ${proxy} in ${environment}, or lies over one of another organisation`;
}

function isAtOrBelow(at: string, place: string): boolean {
  return at === place || at.startsWith(`${place}/`);
}
