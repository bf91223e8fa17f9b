/**
 * Sessions of healthcare workers at the launch page: in the store under the hash of what the cookie holds, eight hours at
 * most, a new one at each sign-in. Owns that cookie.
 */
import type { Exchange } from '../../core/exchange.ts';
import type { SignedIn } from './families.ts';
import type { EhrSession, SmartParts } from './smart-parts.ts';
import { digest } from './tokens.ts';

const lifetime = 8 * 3_600_000;

/** A session as its browser has it. */
export interface HeldSession {
  readonly secret: string;
  readonly user: SignedIn;
  /** Stands in the session's forms, so that no other page can send one. */
  readonly formToken: string;
}

/** The live session of this browser in this environment. */
export async function sessionOf(
  parts: SmartParts,
  exchange: Exchange,
): Promise<HeldSession | undefined> {
  const secret = parts.cookies.read(exchange, nameIn(parts));
  const found = secret === undefined ? undefined : await parts.sessions.find(secret);
  if (secret === undefined || !found || found.takenBy !== undefined || found.ends <= parts.now())
    return undefined;
  if (found.value.environment !== parts.environment) return undefined;
  if (await parts.logouts.ended(found.value.user)) return undefined;
  return { secret, user: found.value.user, formToken: digest(`form of ${secret}`) };
}

/** Opens a session; gives its cookie. */
export async function openSession(parts: SmartParts, user: SignedIn): Promise<string> {
  const session: EhrSession = { environment: parts.environment, user };
  const secret = await parts.sessions.issue(session, parts.now() + lifetime);
  return parts.cookies.set(nameIn(parts), secret, lifetime / 1000);
}

/** Ends a session; gives the removal of its cookie. */
export async function endSession(parts: SmartParts, secret: string): Promise<string> {
  await parts.sessions.take(secret, 'signed out');
  return parts.cookies.set(nameIn(parts), '', 0);
}

/** Environments may share a host. */
function nameIn({ environment }: SmartParts): string {
  return `smart-session-${environment}`;
}
