/** Makes the visit of a request: session, account, person, cookies. Owns which name the cookies have. */
import type { Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { Hub } from './hub-parts.ts';
import type { CookieName, Me, Visit } from './page.ts';
import { digest, newSecret } from './secrets.ts';
import { longest } from './sessions.ts';

/** @throws Problem `not-found` for a path with a part that no id of ours looks like */
export async function visitOf(hub: Hub, exchange: Exchange): Promise<Visit> {
  const { headers, peer, path, params, query } = exchange;
  if (!Object.values(params).every((one) => /^[\x21-\x7e]{1,200}$/.test(one)))
    throw new Problem('not-found', 'There is no page at this address');
  let secret: string | undefined;
  const set = new Map<CookieName, string>();
  const cookie = (name: CookieName) => {
    const value = hub.cookies.read(exchange, `hub-${name}`);
    return value === '' ? undefined : value;
  };
  const setCookie = (name: CookieName, value: string, seconds: number) => {
    set.set(name, hub.cookies.set(`hub-${name}`, value, seconds));
    if (name === 'session' && value !== '') secret = value;
  };
  const call = {
    requestId: headers['x-request-id']?.slice(0, 100) ?? '',
    correlationId: headers['x-correlation-id']?.slice(0, 200) ?? '',
    address: peer.address,
  };
  const me = await meOf(hub, cookie('session'), call);
  secret = me ? cookie('session') : cookie('visit');
  return {
    ...{ exchange, path, params, query, me, call, cookie, setCookie },
    now: hub.clock.now(),
    local: isLocal(exchange),
    setCookies: () => [...set.values()],
    formToken() {
      if (secret === undefined || !/^[A-Za-z0-9_-]{43}$/.test(secret)) {
        secret = newSecret();
        setCookie('visit', secret, longest / 1000);
      }
      return digest(`form of ${secret}`);
    },
  };
}

/** Who is signed in, as they stand at this moment. */
async function meOf(
  hub: Hub,
  secret: string | undefined,
  call: Visit['call'],
): Promise<Me | undefined> {
  const session = secret === undefined ? undefined : await hub.sessions.find(secret);
  if (!session) return undefined;
  const [account, person] = await Promise.all([
    hub.accounts.find(session.value.account),
    hub.accounts.person(session.value.account),
  ]);
  if (!account || !person) return undefined;
  await hub.sessions.touch(session);
  const { id, role, organisation } = person;
  return { account, person, session, actor: { id, role, organisation, call } };
}

/** From this machine, under a name that means it: a page of another site that was made to resolve to here says another. */
function isLocal({ peer, headers }: Exchange): boolean {
  const here = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(peer.address) && peer.proxied !== true;
  return here && /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(headers.host ?? '');
}
