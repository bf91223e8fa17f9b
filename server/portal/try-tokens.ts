/**
 * Access tokens of Try it: got by the server, sealed in the store for one session, and sent by the server alone. They are in
 * no page, no cookie and no address. Owns which token a session has, and sign-ins that are on their way.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf } from '../../core/store.ts';
import type { Client } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import { endKey } from './ended.ts';
import { formOf, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import type { SignedIn } from './page.ts';
import { digest, newSecret } from './secrets.ts';
import type { GotToken, SignInKind, SigningKey } from './try-ports.ts';

interface KeptToken {
  readonly sealed: string;
  readonly ends: number;
}

export const tryTokenCollection: CollectionOf<KeptToken> = {
  name: 'portal.try-tokens',
  keys: ({ ends }) => ({ end: endKey(ends) }),
};

/** A sign-in that somebody was sent off to, with the console as they left it. */
interface Away {
  /** The session that may come back. */
  readonly session: string;
  readonly ends: number;
  readonly environment: Environment;
  readonly clientId: string;
  readonly appId: string;
  readonly kind: SignInKind;
  readonly nonce: string;
  readonly path: string;
  /** The form, sealed: bodies are somebody's. */
  readonly form: string;
  readonly done: boolean;
}

export const tryAwayCollection: CollectionOf<Away> = {
  name: 'portal.try-sign-ins',
  keys: ({ ends }) => ({ end: endKey(ends) }),
};

/** Whose token is wanted. */
export interface TokenWish {
  readonly client: Client;
  readonly key: SigningKey;
  readonly by: 'app' | SignInKind;
  /** The test user; absent: whoever signed in, or the app. */
  readonly username?: string;
}

export interface SessionTokens {
  /** The token of this session, a new one where it can be got without anybody; undefined: somebody has to sign in. */
  find(visit: SignedIn, wish: TokenWish): Promise<string | undefined>;
  /** Forgets it: the next call gets a new one. */
  forget(visit: SignedIn, wish: Omit<TokenWish, 'key'>): Promise<void>;
  /** Where the browser goes to sign in. */
  leave(visit: SignedIn, client: Client, kind: SignInKind, form: Form): Promise<string>;
  /** Takes what the browser came back with; gives the address of the console, as it was left. @throws Problem `invalid`, `upstream` */
  comeBack(
    visit: SignedIn,
    keyOf: (client: Client) => Promise<SigningKey | undefined>,
  ): Promise<string>;
  /** The console as it was left. */
  left(visit: SignedIn, id: string): Promise<Form | undefined>;
}

const typing = 10 * 60_000;
/** Milliseconds before its end at which a token is no longer used. */
const margin = 30_000;

export function sessionTokens(hub: Hub): SessionTokens {
  const tokens = hub.store.open(tryTokenCollection);
  const away = hub.store.open(tryAwayCollection);
  const keep = async (id: string, { token, expiresIn }: GotToken) => {
    const before = await tokens.get(id);
    const ends = hub.clock.now() + expiresIn * 1000;
    const value = { sealed: hub.sealer.seal(token, `try token ${id}`), ends };
    await tokens.put(id, value, { expected: before?.version ?? 0 });
  };
  const known = async (id: string) => {
    const stored = await tokens.get(id);
    if (!stored || stored.value.ends - margin < hub.clock.now()) return undefined;
    return hub.sealer.open(stored.value.sealed, `try token ${id}`);
  };
  const mine = async ({ me }: SignedIn, id: string) => {
    const stored = await away.get(id);
    const fits = stored?.value.session === me.session.id && stored.value.ends > hub.clock.now();
    return fits ? stored : undefined;
  };
  return {
    async find(visit, wish) {
      const id = idOf(visit, wish);
      const held = await known(id);
      if (held !== undefined) return held;
      const got = await getFor(hub, wish);
      if (got) await keep(id, got);
      return got?.token;
    },
    async forget(visit, wish) {
      const id = idOf(visit, wish);
      const stored = await tokens.get(id);
      if (stored) await tokens.remove(id, stored.version);
    },
    async leave(visit, { environment, registration, app }, kind, form) {
      const [state, nonce] = [newSecret(), newSecret()];
      const id = digest(state);
      const { clientId } = registration;
      const values = form.names
        .filter((name) => !name.startsWith('form_'))
        .map((name) => [name, form.all(name)]);
      const text = JSON.stringify(values);
      await away.put(
        id,
        {
          ...{
            session: visit.me.session.id,
            ends: hub.clock.now() + typing,
            environment,
            clientId,
          },
          ...{ appId: app.id, kind, nonce, path: visit.path, done: false },
          form: hub.sealer.seal(text, `try form ${id}`),
        },
        { expected: 0 },
      );
      return hub.tryIt.tokens.authorizeUrl({ environment, clientId, kind }, state, nonce);
    },
    async comeBack(visit, keyOf) {
      const id = digest(visit.query.get('state') ?? '');
      const stored = await mine(visit, id);
      if (!stored || stored.value.done) throw notOurs();
      await away.put(id, { ...stored.value, done: true }, { expected: stored.version });
      const { clientId, environment, kind, nonce, path } = stored.value;
      const code = visit.query.get('code') ?? '';
      const client = hub.catalogue.client(clientId);
      const key = client && (await keyOf(client));
      if (!client || !key) throw notOurs();
      if (code !== '') {
        const idToken = await hub.tryIt.tokens.redeem(
          { environment, clientId, kind },
          code.slice(0, 2000),
          nonce,
        );
        const got = await hub.tryIt.tokens.forUser({ environment, clientId, key }, idToken);
        await keep(idOf(visit, { client, by: kind }), got);
      }
      return `${path}?resume=${id}${code === '' ? '&refused=yes' : ''}`;
    },
    async left(visit, id) {
      const stored = await mine(visit, id);
      const text = stored && hub.sealer.open(stored.value.form, `try form ${id}`);
      if (text === undefined || stored?.value.path !== visit.path) return undefined;
      return formOf(new Map(JSON.parse(text) as [string, string[]][])); // sealed by us alone
    },
  };
}

/** One token for each session, app, environment and person. */
function idOf({ me }: SignedIn, { client, by, username = '' }: Omit<TokenWish, 'key'>): string {
  return digest(`${me.session.id} ${client.registration.clientId} ${by} ${username}`);
}

async function getFor(
  hub: Hub,
  { client, key, by, username }: TokenWish,
): Promise<GotToken | undefined> {
  const { tokens } = hub.tryIt;
  const { environment, registration } = client;
  const asked = { environment, clientId: registration.clientId };
  if (by === 'app') return tokens.forApp({ ...asked, key });
  if (username === undefined) return undefined;
  const idToken = await tokens.signIn({ ...asked, kind: by }, username);
  return tokens.forUser({ ...asked, key }, idToken);
}

function notOurs(): Problem {
  return new Problem(
    'invalid',
    'This sign-in was not begun here, or took longer than ten minutes: send the call again',
  );
}
