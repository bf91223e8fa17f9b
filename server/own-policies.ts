/**
 * Policies of one's own: modules named in GATEWAY_POLICIES, loaded once at start. Each exports `schema` and `create`, and may
 * export `name`, `phase`, `summary` and `check` (docs/guides/policies.md). Owns loading them and what they must be.
 */
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Problem } from '../core/problem.ts';
import { phases, type Phase, type PolicyKind } from './gateway/policy.ts';

/**
 * @param paths as configured: separated by commas.
 * @param taken names that are in use by policies that come with the platform.
 * @throws Problem `invalid` that names each module and what is wrong with it
 */
export async function loadOwnPolicies(
  paths: string,
  taken: (name: string) => boolean,
): Promise<Readonly<Record<string, PolicyKind>>> {
  const kinds: Record<string, PolicyKind> = {};
  const faults: string[] = [];
  for (const path of paths.split(',').map((one) => one.trim())) {
    if (path === '') continue;
    try {
      const [name, kind] = readModule(path, await importModule(path));
      if (taken(name) || Object.hasOwn(kinds, name))
        faults.push(`${path}: there is a policy ${name} already; export another name`);
      else kinds[name] = kind;
    } catch (error) {
      faults.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (faults.length > 0)
    throw new Problem('invalid', `GATEWAY_POLICIES cannot be loaded.\n${faults.join('\n')}`);
  return kinds;
}

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  // What a module exports is looked at member by member.
  return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
}

/** @throws Error that says what is missing */
function readModule(
  path: string,
  exported: Readonly<Record<string, unknown>>,
): readonly [string, PolicyKind] {
  const name = exported.name ?? basename(path, extname(path));
  const { phase = 'validate', summary = '', schema, create, check } = exported;
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(name))
    throw new Error('its name must be lower-case letters, digits and hyphens');
  if (!phases.includes(phase as Phase))
    throw new Error(`phase must be one of: ${phases.join(', ')}`);
  if (typeof summary !== 'string') throw new Error('summary must be text');
  if (typeof schema !== 'object' || schema === null)
    throw new Error('it must export schema, a JSON schema of its settings');
  if (typeof create !== 'function')
    throw new Error('it must export create, a function of settings and site that gives a policy');
  if (check !== undefined && typeof check !== 'function')
    throw new Error('check must be a function');
  const kind = {
    ...{ phase, summary, schema, create },
    ...(check === undefined ? {} : { check }),
  };
  return [name, kind as PolicyKind]; // its parts were looked at above; what its functions do is its author's
}
