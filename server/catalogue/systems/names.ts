/**
 * The names of accredited systems: ASID, party key, FQDN and the ids of endpoints. Each is given once over all
 * environments. Owns making and claiming them; a claim is one document, put where there was none, so that of two who want
 * a name one gets it whatever else fails.
 */
import { Problem } from '../../../core/problem.ts';
import type { Collection, CollectionOf, Store } from '../../../core/store.ts';
import type { Environment } from '../environments.ts';
import { publicName } from '../environments.ts';
import { deploymentCollection, type Deployment } from './deployments.ts';
import { wired } from '../deployment-hooks.ts';
import type { SystemHooks } from './system-hooks.ts';

export interface Names {
  /** 12 digits, never given before and not in the directory. */
  newAsid(): Promise<string>;
  /**
   * That of organisation, environment and supplier: made at first use, the same ever after. Whoever holds a certificate of
   * a party key may speak for all its systems, and anybody may name any supplier: so each owner of Apps has its own.
   */
  partyKey(place: Party): Promise<string>;
  /**
   * The FQDN for a Deployment of this party key: the one it wishes for, or one made.
   * @throws Problem `conflict` when another has it.
   */
  claimFqdn(deployment: Deployment, partyKey: string): Promise<string>;
  /** Whether another Deployment has this FQDN now. */
  fqdnTaken(fqdn: string, deployment: string): Promise<boolean>;
  /** The id of the endpoint of a party key for an interaction. @throws Problem `conflict` when another has that endpoint. */
  claimEndpoint(deployment: Deployment, interaction: string): Promise<string>;
  /** Gives it back. */
  releaseEndpoint(deployment: Deployment, interaction: string): Promise<void>;
}

export type Party = Pick<Deployment, 'odsCode' | 'environment' | 'manufacturer'> & {
  /** ODS code of the owner of the App. */
  readonly owner: string;
};

/** What the names end with where nobody says. */
export function domainsOf(hooks: SystemHooks, environment: Environment): readonly string[] {
  return hooks.domains?.(environment) ?? [`${publicName(environment)}.thirdparty.gatehouse.test`];
}

interface Claim {
  /** A Deployment's id; for a party key, the party's. */
  readonly owner: string;
  /** The name where the id does not say it: a party key, the id of an endpoint. */
  readonly name?: string;
}

const claimCollection: CollectionOf<Claim> = {
  name: 'catalogue.system-names',
  keys: ({ owner }) => ({ all: [['all']], owner: [[owner]] }),
};

/** ASIDs made here begin so: none of the demonstration or of the default directory does. */
const firstAsid = 930_000_000_000;
const firstPartyNumber = 810_000;
const firstEndpoint = 1;
/** So many names in a row are taken only if something else makes them. */
const mostTries = 1000;

export function openNames(store: Store, hooks: SystemHooks): Names {
  const claims = store.open(claimCollection);
  const deployments = store.open(deploymentCollection);
  const parts = { store, hooks, claims, deployments };
  return {
    newAsid: () =>
      firstFree(async () => {
        const asid = String(firstAsid + (await store.counters.add('systems.asid')));
        return (await directory(hooks).asidTaken(asid)) ? undefined : asid;
      }),
    partyKey: (party) => partyKey(parts, party),
    claimFqdn: (deployment, key) => claimFqdn(parts, deployment, key),
    fqdnTaken: async (fqdn, deployment) => {
      const owner = await ownerOf(parts, fqdn);
      return owner !== undefined && owner !== deployment;
    },
    claimEndpoint: (deployment, interaction) => claimEndpoint(parts, deployment, interaction),
    async releaseEndpoint({ id, partyKey = '' }, interaction) {
      const key = endpointClaim(partyKey, interaction);
      const found = await claims.get(key);
      if (found?.value.owner === id) await claims.remove(key, found.version);
    },
  };
}

interface Parts {
  readonly store: Store;
  readonly hooks: SystemHooks;
  readonly claims: Collection<Claim>;
  readonly deployments: Collection<Deployment>;
}

function directory({ directory: found }: SystemHooks) {
  return wired(found, 'The directory');
}

async function firstFree(next: () => Promise<string | undefined>): Promise<string> {
  for (let tries = 0; tries < mostTries; tries++) {
    const name = await next();
    if (name !== undefined) return name;
  }
  throw new Problem('internal', `${mostTries} names in a row are taken`);
}

async function partyKey({ store, hooks, claims }: Parts, party: Party): Promise<string> {
  const { odsCode, environment, manufacturer, owner } = party;
  const of = manufacturer === owner ? owner : `${manufacturer} by ${owner}`;
  const id = `party ${environment} ${odsCode} ${of}`;
  const known = (await claims.get(id))?.value.name;
  if (known !== undefined) return known;
  const made = await firstFree(async () => {
    const key = `${odsCode}-${firstPartyNumber + (await store.counters.add('systems.party-key'))}`;
    return (await directory(hooks).partyKeyTaken(key)) ? undefined : key;
  });
  // Of two at once the later takes what the earlier has put.
  const { name } = await putOrFind(claims, id, { owner: id, name: made });
  return name ?? made;
}

async function claimFqdn(parts: Parts, deployment: Deployment, key: string): Promise<string> {
  const { id, fqdn, odsCode, environment } = deployment;
  if (fqdn !== undefined) {
    if (await claim(parts, fqdn, id)) return fqdn;
    throw taken(fqdn);
  }
  const end = `.${odsCode.toLowerCase()}.${domainsOf(parts.hooks, environment)[0] ?? ''}`;
  const site = siteOf(key, end);
  let number = 0;
  return firstFree(async () => {
    const name = `${site}${++number === 1 ? '' : `-${number}`}${end}`;
    return (await claim(parts, name, id)) ? name : undefined;
  });
}

/** The party key, or its number alone where the whole would be longer than a CN may be. */
function siteOf(key: string, end: string): string {
  const site = key.toLowerCase();
  return `${site}-999${end}`.length <= 64 ? site : site.slice(site.lastIndexOf('-') + 1);
}

export function taken(fqdn: string): Problem {
  return new Problem(
    'conflict',
    `The name ${fqdn} belongs to another deployment: wish for another, or for none and one is made`,
  );
}

/** Whether the name is the Deployment's now. */
async function claim(parts: Parts, fqdn: string, owner: string): Promise<boolean> {
  const { claims } = parts;
  const found = await putOrFind(claims, `fqdn ${fqdn}`, { owner });
  if (found.owner === owner) return true;
  if ((await ownerOf(parts, fqdn)) !== undefined) return false;
  const stale = await claims.get(`fqdn ${fqdn}`);
  if (stale?.value.owner !== found.owner) return false;
  try {
    await claims.put(stale.id, { owner }, { expected: stale.version });
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}

/**
 * Who has a name; undefined when nobody has, also when the one who claimed it has come to bear another since. A Deployment
 * takes its name at the version that it claimed it for, so what it has let go it cannot take any more.
 */
async function ownerOf({ claims, deployments }: Parts, fqdn: string): Promise<string | undefined> {
  const owner = (await claims.get(`fqdn ${fqdn}`))?.value.owner;
  if (owner === undefined) return undefined;
  const bears = (await deployments.get(owner))?.value.fqdn;
  return bears === undefined || bears === fqdn ? owner : undefined;
}

async function claimEndpoint(
  { store, claims }: Parts,
  { id, partyKey: key = '' }: Deployment,
  interaction: string,
): Promise<string> {
  const name = endpointClaim(key, interaction);
  const known = (await claims.get(name))?.value;
  const found =
    known ?? (await putOrFind(claims, name, { owner: id, name: await newEndpointId(store) }));
  if (found.owner === id && found.name !== undefined) return found.name;
  throw new Problem(
    'conflict',
    `The party key ${key} has an endpoint for ${interaction} already: that of deployment ${found.owner}`,
  );
}

async function newEndpointId(store: Store): Promise<string> {
  const number = firstEndpoint + (await store.counters.add('systems.endpoint'));
  return `S93${String(number).padStart(10, '0')}`;
}

function endpointClaim(key: string, interaction: string): string {
  return `endpoint ${key} ${interaction}`;
}

async function putOrFind(claims: Collection<Claim>, id: string, wanted: Claim): Promise<Claim> {
  try {
    return (await claims.put(id, wanted, { expected: 0 })).value;
  } catch (error) {
    if (!isConflict(error)) throw error;
    const found = await claims.get(id);
    if (!found) throw error;
    return found.value;
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.kind === 'conflict';
}
