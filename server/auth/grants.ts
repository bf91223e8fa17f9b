/**
 * The grants, whichever dialect asks: what is taken, what is made, and what dies when something is used twice. Owns the
 * order of atomic steps; who may ask is settled before (client authentication), how it is told after (the faces).
 */
import type { Environment } from '../catalogue/environments.ts';
import { GrantRefused, type GrantEngine } from './engine.ts';
import {
  changeAtVersion,
  isConflict,
  type Face,
  type Families,
  type Family,
  type Grant,
  type Issued,
  type LaunchContext,
  type Lifetimes,
  type SignedIn,
} from './families.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import type { Logouts } from './logouts.ts';
import { oneTimeCollection, type OneTimes } from './one-time.ts';
import { endKey } from './sweeping.ts';
import { digest, newFamilyId } from './tokens.ts';

/** What an authorization code stands for. */
export interface CodeGrant {
  readonly face: Face;
  readonly environment: Environment;
  readonly appId: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly user: SignedIn;
  readonly launch?: LaunchContext;
  readonly nonce?: string;
  readonly challenge?: string;
  readonly sealed?: string;
}

export const codeCollection = oneTimeCollection<CodeGrant>('auth.codes', 60 * 60_000);

/** Which family an id_token was exchanged for, so that a repeat ends the former. */
interface Exchanged {
  readonly family: string;
  readonly ends: number;
}

export const exchangeCollection: CollectionOf<Exchanged> = {
  name: 'auth.exchanges',
  keys: ({ ends }) => ({ end: endKey(ends) }),
};

/** Why a grant is refused, for a dialect to put into its own words. */
export class GrantFault extends Error {
  readonly kind: 'code' | 'redirect' | 'refresh' | 'refresh ended' | 'session';
  /** The rule at fault, for the look-up by message id. */
  readonly rule: string;
  constructor(kind: GrantFault['kind'], rule: string) {
    super(`grant refused: ${rule}`);
    this.name = 'GrantFault';
    this.kind = kind;
    this.rule = rule;
  }
}

export interface Redeem {
  readonly face: Face;
  readonly environment: Environment;
  readonly clientId: string;
  readonly code: string;
  readonly redirectUri: string;
  readonly verifier?: string;
  /** What the tokens are bound to (RFC 8705). */
  readonly certificate?: string;
  readonly lifetimes: (code: CodeGrant) => Lifetimes;
}

export interface Renew {
  readonly face: Face;
  readonly environment: Environment;
  readonly clientId: string;
  readonly token: string;
  /** What the new tokens are bound to. */
  readonly certificate?: string;
  readonly lifetimes: (family: Family) => Lifetimes;
  /** The scopes of the new access token; may throw to refuse, and then nothing is spent. */
  readonly scopes?: (family: Family) => readonly string[] | undefined;
}

export interface Grants {
  /** For an application on its own. `id` is the family's name where something gives it. @throws Problem `conflict` when that is taken */
  forApp(grant: Grant, lifetimes: Lifetimes, id?: string): Promise<Issued>;
  /** Tokens for a code. @throws GrantFault `code` or `redirect` */
  redeem(request: Redeem): Promise<{ readonly issued: Issued; readonly code: CodeGrant }>;
  /** New tokens for a refresh token. @throws GrantFault `refresh` or `refresh ended` */
  renew(request: Renew): Promise<Issued>;
  /**
   * Tokens for an id_token; `key` names it, `ends` is when it is forgotten. A repeat ends what the former gave.
   * @throws GrantFault `session` when the provider has ended the session of the sign-in
   */
  exchange(
    grant: Grant,
    lifetimes: Lifetimes,
    key: string,
    ends: number,
    id?: string,
  ): Promise<Issued>;
}

export interface GrantParts {
  readonly engine: GrantEngine;
  readonly families: Families;
  readonly codes: OneTimes<CodeGrant>;
  readonly logouts: Logouts;
  readonly store: Store;
  readonly now: () => number;
}

const sessionEnded = 'the provider ended the session';
const sessionLives = "the provider's session still lives";

export function createGrants(parts: GrantParts): Grants {
  const { engine, families } = parts;
  const exchanges = parts.store.open(exchangeCollection);
  return {
    forApp: (grant, lifetimes, id) =>
      engine.token({
        grant: 'client_credentials',
        clientId: grant.clientId,
        parameters: {},
        steps: { save: () => families.create(grant, lifetimes, id) },
      }),
    redeem: (request) => redeem(parts, request),
    renew: (request) => renew(parts, request),
    async exchange(grant, lifetimes, key, ends, id = newFamilyId()) {
      const issued = await engine.token({
        grant: 'urn:ietf:params:oauth:grant-type:token-exchange',
        clientId: grant.clientId,
        parameters: {},
        steps: { save: () => families.create(grant, lifetimes, id) },
      });
      const former = await replaceFormer(digest(`${grant.clientId} ${key}`), { family: id, ends });
      if (former !== undefined) await families.kill(former, 'its id_token was exchanged again');
      // After our saving: a logout that comes later finds the family.
      if (grant.user && (await parts.logouts.ended(grant.user))) {
        await families.kill(id, sessionEnded);
        throw new GrantFault('session', sessionLives);
      }
      return issued;
    },
  };

  /** Puts the new family in the former's place; gives the former, of which each is given to exactly one caller. */
  async function replaceFormer(id: string, next: Exchanged): Promise<string | undefined> {
    let former: string | undefined;
    try {
      await exchanges.put(id, next, { expected: 0 });
    } catch (error) {
      if (!isConflict(error)) throw error;
      await changeAtVersion(exchanges, id, (value) => {
        former = value.family;
        return next;
      });
    }
    return former;
  }
}

async function redeem(
  { engine, families, codes, logouts, now }: GrantParts,
  request: Redeem,
): Promise<{ issued: Issued; code: CodeGrant }> {
  const { face, environment, clientId, code: secret } = request;
  const found = await codes.find(secret);
  const code = found?.value;
  // A stranger's code is not spent: its owner can still use it.
  if (code?.clientId !== clientId || code.face !== face || code.environment !== environment)
    throw new GrantFault('code', 'code of this client');
  if (found?.takenBy !== undefined) await endReused(codes, families, secret);
  if (found && found.takenBy === undefined && found.ends <= now())
    throw new GrantFault('code', 'code not past its end');
  if (code.redirectUri !== request.redirectUri)
    throw new GrantFault('redirect', 'redirect_uri of the code');
  const id = newFamilyId();
  try {
    const issued = await engine.token({
      grant: 'authorization_code',
      clientId,
      parameters: {
        code: secret,
        redirect_uri: request.redirectUri,
        ...(request.verifier === undefined ? {} : { code_verifier: request.verifier }),
      },
      steps: {
        findCode: () => Promise.resolve(code),
        takeCode: async () => {
          const taken = await codes.take(secret, id);
          if (taken.state === 'used') await families.kill(taken.by, 'its code was used twice');
          return taken.state === 'taken';
        },
        save: () => families.create(boundGrant(code, request), request.lifetimes(code), id),
      },
    });
    // Whoever tried the code between our taking and our saving found no family to end.
    if (await codes.triedAgain(secret)) await families.kill(id, 'its code was used twice');
    // Nor did a logout that came before our saving; one that comes later finds it.
    if (await logouts.ended(code.user)) {
      await families.kill(id, sessionEnded);
      throw new GrantFault('code', sessionLives);
    }
    return { issued, code };
  } catch (error) {
    throw error instanceof GrantRefused ? new GrantFault('code', error.message) : error;
  }
}

async function endReused(codes: OneTimes<CodeGrant>, families: Families, secret: string) {
  const taken = await codes.take(secret, '');
  if (taken.state === 'used') await families.kill(taken.by, 'its code was used twice');
  throw new GrantFault('code', 'code not used before');
}

function boundGrant(code: CodeGrant, { certificate }: Redeem): Grant {
  return { ...toGrant(code), ...(certificate === undefined ? {} : { certificate }) };
}

function toGrant(code: CodeGrant): Grant {
  const { face, environment, appId, clientId, scopes, user, launch, nonce, sealed } = code;
  return {
    ...{ face, environment, appId, clientId, scopes, user, grant: 'authorization_code' },
    ...(launch ? { launch } : {}),
    ...(nonce === undefined ? {} : { nonce }),
    ...(sealed === undefined ? {} : { sealed }),
  };
}

async function renew({ engine, families }: GrantParts, request: Renew): Promise<Issued> {
  const { face, environment, clientId, token } = request;
  const found = await families.findRefresh(token);
  if (found.state === 'unknown') throw new GrantFault('refresh', 'refresh_token known');
  const family = found.state === 'current' ? found.stored.value : found.family;
  // Another client's attempt spends nothing and ends nothing.
  if (family.clientId !== clientId || family.face !== face || family.environment !== environment)
    throw new GrantFault('refresh', 'refresh_token of this client');
  if (found.state === 'expired')
    throw new GrantFault('refresh ended', 'refresh_token not past its end');
  if (found.state === 'spent') {
    await families.kill(found.id, 'a refresh token was used twice');
    throw new GrantFault('refresh', 'refresh_token not used before');
  }
  const scopes = request.scopes?.(family); // before anything is spent
  let issued: Issued | undefined;
  try {
    return await engine.token({
      grant: 'refresh_token',
      clientId,
      parameters: { refresh_token: token },
      steps: {
        findRefresh: () => Promise.resolve({ clientId }),
        // Spending the old and keeping the new is one write.
        takeRefresh: async () => {
          const rotated = await families.rotate(
            token,
            request.lifetimes(family),
            scopes,
            request.certificate,
          );
          if (typeof rotated !== 'string') issued = rotated;
          return issued !== undefined;
        },
        save: () =>
          issued ? Promise.resolve(issued) : Promise.reject(new Error('nothing was rotated')),
      },
    });
  } catch (error) {
    throw error instanceof GrantRefused
      ? new GrantFault('refresh', 'refresh_token not used before')
      : error;
  }
}
