/**
 * Routing by the Spine Directory: who takes an interaction at an organisation, and where. Owns the checks from the
 * organisation to the address and what each says; the entries are the directory's, how long answers are kept
 * directory-kept.ts's.
 */
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import type { AccreditedSystem, Directory, MessageHandler } from '../spine/sds/directory.ts';
import { createKept } from './directory-kept.ts';
import type {
  DirectoryHandler,
  DirectoryRoutes,
  DirectorySystem,
  FoundRoute,
  RouteQuery,
} from './gateway/directory-routes.ts';

export interface DirectoryRouting extends DirectoryRoutes {
  /** Ends the listening to changes. */
  close(): void;
}

/**
 * The gateway's port over a directory; every answer kept is dropped when any entry changes.
 * @param viewOf the view that the systems of an environment are in
 */
export function createDirectoryRouting(
  directory: Directory,
  clock: Pick<Clock, 'now'>,
  viewOf: DirectoryRoutes['viewOf'] = () => '',
): DirectoryRouting {
  const now = () => clock.now();
  const routes = createKept<FoundRoute>(now);
  const systems = createKept<DirectorySystem | undefined>(now);
  const handlers = createKept<readonly DirectoryHandler[]>(now);
  const known = createKept<true | undefined>(now);
  const stop = directory.changed(() => {
    for (const kept of [routes, systems, handlers, known]) kept.drop();
  });
  return {
    viewOf,
    route(query, terms) {
      const { organisation, interaction, partyKey = '' } = query;
      const key = [terms.view, organisation, interaction, partyKey].join(' ');
      return routes.get(key, terms, () => findRoute(directory.in(terms.view), query));
    },
    system: (asid, terms) =>
      systems.get(`${terms.view} ${asid}`, terms, async () => {
        const [found] = await directory.in(terms.view).systems({ asid }, 1);
        return found && toSystem(found);
      }),
    handlers: ({ partyKey, interaction }, terms) =>
      handlers.get(`${terms.view} ${partyKey} ${interaction}`, terms, async () => {
        const found = await directory.in(terms.view).handlers({ partyKey, interaction });
        return found.map(toHandler);
      }),
    async isKnown(interaction, terms) {
      const found = await known.get(`${terms.view} ${interaction}`, terms, async () => {
        const some = await directory.in(terms.view).systems({ interaction }, 1);
        return some.length > 0 ? true : undefined;
      });
      return found === true;
    },
    close: stop,
  };
}

/** Organisation, accredited system, endpoint, address: the first that fails is the answer. */
async function findRoute(directory: Directory, query: RouteQuery): Promise<FoundRoute> {
  const { organisation, interaction } = query;
  const system = await systemFor(directory, query);
  const { partyKey, asid } = system;
  const all = await directory.handlers({ partyKey, interaction });
  const [handler] = all;
  const [address] = handler?.endpoints ?? [];
  if (!handler || address === undefined)
    throw missing(
      'NO_ENDPOINT',
      `Expected an endpoint (nhsMhs) of party key ${partyKey} for ${interaction}, and found none`,
    );
  if (all.some((other) => other.endpoints[0] !== address || other.fqdn !== handler.fqdn))
    throw ambiguous(
      'AMBIGUOUS_ENDPOINT',
      `Expected one endpoint of party key ${partyKey} for ${interaction}, and found ${all.length} with different addresses`,
    );
  const { cpaId, fqdn } = handler;
  return { organisation, interaction, asid, partyKey, cpaId, fqdn, address };
}

/** Of several with one party key the first: they share their endpoint, and its clients take the first too. */
async function systemFor(directory: Directory, query: RouteQuery): Promise<AccreditedSystem> {
  const { organisation: odsCode, interaction, partyKey } = query;
  const found = await directory.systems({
    ...{ odsCode, interaction },
    ...(partyKey === undefined ? {} : { partyKey }),
  });
  const [first] = found;
  if (!first) throw await nothingFor(directory, query);
  const parties = [...new Set(found.map((system) => system.partyKey))];
  if (parties.length === 1) return first;
  throw ambiguous(
    'AMBIGUOUS_SYSTEM',
    `Expected one accredited system of ${odsCode} for ${interaction}, and found those of ${parties.length} party keys: ${parties.slice(0, 10).join(', ')}; say which`,
  );
}

/** Whether it is the organisation, the interaction or the party key that is not there. */
async function nothingFor(directory: Directory, query: RouteQuery): Promise<Problem> {
  const { organisation: odsCode, interaction, partyKey } = query;
  const some = await directory.systems({ odsCode }, 1);
  if (some.length === 0 && !(await directory.organisation(odsCode)))
    return missing(
      'ORGANISATION_NOT_FOUND',
      `Expected an organisation with the ODS code ${odsCode} in the directory, and found none`,
    );
  const others = partyKey === undefined ? [] : await directory.systems({ odsCode, interaction });
  const found =
    others.length === 0
      ? 'none'
      : `only those of ${[...new Set(others.map((one) => one.partyKey))].slice(0, 10).join(', ')}`;
  const party = partyKey === undefined ? '' : ` with party key ${partyKey}`;
  return missing(
    'NO_ACCREDITED_SYSTEM',
    `Expected an accredited system (nhsAs) of ${odsCode}${party} for ${interaction}, and found ${found}`,
  );
}

function missing(code: string, message: string): Problem {
  return new Problem('not-found', message, { code });
}

function ambiguous(code: string, message: string): Problem {
  return new Problem('conflict', message, { code });
}

function toSystem({ asid, odsCode, partyKey, interactions }: AccreditedSystem): DirectorySystem {
  return { asid, organisation: odsCode, partyKey, interactions };
}

function toHandler({ cpaId, fqdn, endpoints }: MessageHandler): DirectoryHandler {
  return { cpaId, fqdn, addresses: endpoints };
}
