/**
 * Credentials that an organisation makes for itself: clients of the management API with the rights of its developers and no
 * more. Owns making, listing and revoking them, and when each was last used; who may sign in with one, management.ts judges.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import { checkLength, checkOrganisation } from './app-rules.ts';
import type { PublicJwk } from './apps.ts';
import { administratorCollection, newClientId, type Administrator } from './people.ts';
import { openRecords, type Ground } from './records.ts';
import { must, type Actor } from './roles.ts';

export interface OwnCredentials {
  /** Those of an organisation, newest first, revoked ones too. @throws Problem `forbidden` */
  list(actor: Actor, organisation: string): Promise<readonly KnownCredential[]>;
  /**
   * Makes one for the actor's organisation, in the role of a developer.
   * @throws Problem `forbidden`, `invalid` for a key that will not do, `conflict` when there are too many
   */
  create(actor: Actor, wanted: WantedCredential): Promise<Administrator>;
  /** Ends one, with all tokens of it; may be repeated. @throws Problem `forbidden`, `not-found` */
  revoke(actor: Actor, organisation: string, id: string): Promise<void>;
  /** Ends all that still work. @throws Problem `forbidden` */
  revokeAll(actor: Actor, organisation: string): Promise<void>;
}

export interface WantedCredential {
  readonly name: string;
  readonly organisation: string;
  /** A public key as members of a JWK, with its kid. */
  readonly key: unknown;
}

export interface KnownCredential extends Administrator {
  /** When a token was last given for it, in milliseconds since the epoch; absent: never. */
  readonly used?: number;
}

export interface OwnCredentialOptions extends Ground {
  readonly checkKeySet: (value: unknown) => readonly PublicJwk[];
}

const useCollection: CollectionOf<{ readonly at: number }> = { name: 'catalogue.credential-use' };

/** So many of an organisation may work at a time. */
const mostWorking = 20;

export function ownCredentials(options: OwnCredentialOptions): OwnCredentials {
  const { store, clock, checkKeySet } = options;
  const records = openRecords(options, administratorCollection, 'credential');
  const uses = store.open(useCollection);
  const of = async (organisation: string): Promise<readonly Administrator[]> => {
    const found: Administrator[] = [];
    let after: string | undefined;
    do {
      const query = { index: 'own', equals: [organisation], limit: 500 };
      const page = await records.find({ ...query, ...(after === undefined ? {} : { after }) });
      found.push(...page.items.map(({ value }) => value));
      after = page.next;
    } while (after !== undefined);
    return found.sort((a, b) => b.created - a.created);
  };
  const revoke = async (actor: Actor, organisation: string, id: string) => {
    await records.change({
      ...{ deed: { actor, action: 'credential.revoke' }, id, expected: undefined },
      allow(one) {
        // A person's record, or a credential of others, is none of theirs: it is not told that it exists.
        if (one.madeBy === undefined || one.organisation !== organisation)
          throw new Problem('not-found', 'There is no such credential');
        must(actor, 'credential.change', { organisation });
      },
      edit: (one) => ({ ...one, state: 'revoked' }),
    });
  };
  return {
    async list(actor, organisation) {
      must(actor, 'credential.read', { organisation });
      const all = await of(organisation);
      return Promise.all(
        all.map(async (one) => {
          const used = await uses.get(one.id);
          return { ...one, ...(used ? { used: used.value.at } : {}) };
        }),
      );
    },
    async create(actor, { name, organisation, key }) {
      const working = (await of(organisation)).filter(({ state }) => state === 'active').length;
      const id = newClientId();
      const { value } = await records.add({ actor, action: 'credential.create' }, id, () => {
        must(actor, 'credential.change', { organisation });
        checkLength('name', name, 1, 200);
        checkOrganisation(organisation);
        const keys = checkKeySet({ keys: [key] });
        refuseUnfit(keys);
        if (working >= mostWorking)
          throw new Problem(
            'conflict',
            `${mostWorking} credentials work already: revoke one first`,
          );
        return {
          ...{ id, name, role: 'developer', organisation, keys, state: 'active' },
          ...{ created: clock.now(), madeBy: actor.id },
        };
      });
      return value;
    },
    revoke,
    async revokeAll(actor, organisation) {
      for (const { id, state } of await of(organisation))
        if (state === 'active') await revoke(actor, organisation, id);
    },
  };
}

/** The sign-in takes RS512, RS384 and ES384: another key would be registered and never serve. */
function refuseUnfit(keys: readonly PublicJwk[]): void {
  if (keys.some(({ kty, crv, alg }) => (kty === 'EC' && crv !== 'P-384') || alg === 'RS256'))
    throw new Problem(
      'invalid',
      'The management API takes keys of RSA, for RS512 or RS384, and of P-384',
    );
}

/** Remembers that a credential has signed in; kept for those that organisations made themselves, to the minute. */
export async function noteUse(store: Store, { id, madeBy }: Administrator, at: number) {
  if (madeBy === undefined) return;
  const uses = store.open(useCollection);
  const before = await uses.get(id);
  if (before && at - before.value.at < 60_000) return;
  try {
    await uses.put(id, { at }, { expected: before?.version ?? 0 });
  } catch (error) {
    if (Problem.from(error).kind !== 'conflict') throw error; // another sign-in at this moment has noted it
  }
}
