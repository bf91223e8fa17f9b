/**
 * Base paths: each is one Proxy's in an environment, and what lies below it its organisation's: the longest base answers, so
 * that a longer one would take calls, with what is sent in them. Owns the search for who has a base, and the claim that
 * keeps two deployments at once from both taking it. A claim is a lease: one that was left behind by a crash ends by itself.
 */
import { Problem } from '../../core/problem.ts';
import type { Collection, CollectionOf, Store } from '../../core/store.ts';
import { apiCollection, type Api } from './apis.ts';
import type { Environment } from './environments.ts';
import {
  proxyCollection,
  revisionCollection,
  revisionId,
  type Proxy,
  type Revision,
} from './proxies.ts';

interface BaseClaim {
  readonly proxy: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const claimCollection: CollectionOf<BaseClaim> = { name: 'catalogue.base-claims' };

/** Milliseconds: longer than a deployment takes between its claim and its switch. */
const lease = 60_000;

/** Who wants a base: a Proxy, and the organisation that answers for its Api. */
export interface Taker {
  readonly proxy: string;
  readonly owner: string;
}

export interface Bases {
  /** The Proxy whose serving revision stands in the way of this base in an environment. */
  holder(environment: Environment, base: string, but: Taker): Promise<string | undefined>;
  /**
   * Claims a base for a Proxy that will be switched to it at once.
   * @throws Problem `conflict` while another Proxy is being deployed to it.
   */
  claim(environment: Environment, base: string, proxy: string): Promise<void>;
}

/** @param now milliseconds since the epoch */
export function openBases(store: Store, now: () => number): Bases {
  const proxies = store.open(proxyCollection);
  const revisions = store.open(revisionCollection);
  const apis = store.open(apiCollection);
  const claims = store.open(claimCollection);
  return {
    holder: (environment, base, but) =>
      holder({ proxies, revisions, apis }, { environment, base, but }),
    async claim(environment, base, proxy) {
      const id = `${environment} ${base}`;
      const held = await claims.get(id);
      if (held && held.value.proxy !== proxy && held.value.at > now() - lease) throw inFlight(base);
      try {
        await claims.put(id, { proxy, at: now() }, { expected: held?.version ?? 0, by: proxy });
      } catch (error) {
        if (!(error instanceof Problem) || error.kind !== 'conflict') throw error;
        // Somebody claimed it in between; another deployment of the same Proxy does no harm.
        if ((await claims.get(id))?.value.proxy !== proxy) throw inFlight(base);
      }
    },
  };
}

interface Held {
  readonly proxies: Collection<Proxy>;
  readonly revisions: Collection<Revision>;
  readonly apis: Collection<Api>;
}

async function holder(
  { proxies, revisions, apis }: Held,
  { environment, base, but }: { environment: Environment; base: string; but: Taker },
): Promise<string | undefined> {
  let after: string | undefined;
  do {
    const page = await proxies.find({
      index: 'environment',
      equals: [environment],
      limit: 500,
      ...(after === undefined ? {} : { after }),
    });
    for (const { id, value } of page.items) {
      if (id === but.proxy) continue;
      const other = (await revisions.get(revisionId(id, value.active)))?.value.definition.base;
      if (other === undefined || !overlap(other, base)) continue;
      if (other === base || (await apis.get(value.api))?.value.owner !== but.owner) return id;
    }
    after = page.next;
  } while (after !== undefined);
  return undefined;
}

/** Whether one of two bases is the other, or lies below it. */
function overlap(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}

function inFlight(base: string): Problem {
  return new Problem(
    'conflict',
    `Another proxy is being deployed to ${base} at this moment: try again in a minute`,
    { code: 'BASE' },
  );
}
