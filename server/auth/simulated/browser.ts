/**
 * The session of the browser at the provider, which lets `prompt=none` be answered (OpenID Connect Core 3.1.2.1).
 * Nothing else reads its cookie: every other sign-in shows the page, since here one wants to choose each time.
 */
import type { Exchange } from '../../../core/exchange.ts';
import type { AskedFault, Request } from './asked.ts';
import { assuranceOf } from './assurance.ts';
import type { ProviderKind } from './kinds.ts';
import { live } from './keeping.ts';
import { digest, newSecret } from '../tokens.ts';
import type { Granted, Provider } from './state.ts';
import { metVector } from './vectors.ts';

/** Keeps which session the browser is in; gives the secret for its cookie. */
export async function rememberBrowser(
  { issuer, state }: Provider,
  session: string,
  ends: number,
): Promise<string> {
  const secret = newSecret();
  await state.browsers.put(digest(secret), { issuer: issuer(), ends, session }, { expected: 0 });
  return secret;
}

/** The cookie as it is set. */
export function browserCookie({ kind, issuer }: Provider, secret: string): string {
  const { pathname, protocol } = new URL(issuer());
  const secure = protocol === 'https:' ? '; Secure' : '';
  return `${cookieName(kind)}=${secret}; Path=${pathname}; HttpOnly; SameSite=Lax${secure}`;
}

/** What the browser's session grants without a page, or why a page would be needed. */
export async function silentGrant(
  { kind, issuer, clock, state }: Provider,
  exchange: Exchange,
  { asked, maxAge }: Request,
): Promise<{ readonly granted: Granted; readonly authenticated: number } | AskedFault> {
  const now = clock.now();
  const secret = cookieIn(exchange, cookieName(kind));
  const browser = secret && (await live(state.browsers, digest(secret), issuer(), now));
  const session = browser && (await live(state.sessions, browser.value.session, issuer(), now));
  if (!session || session.value.ended) return loginRequired;
  const { granted, authenticated } = session.value;
  if (maxAge !== undefined && now - authenticated > maxAge * 1000) return loginRequired;
  const { worker, patient } = granted;
  if (patient) {
    const vot = metVector(patient.held, asked.vtr);
    return vot
      ? { granted: { ...granted, fault: undefined, patient: { ...patient, vot } }, authenticated }
      : loginRequired;
  }
  if (!worker) return loginRequired;
  const assurance =
    asked.acrs.length === 0 ? worker.assurance : assuranceOf([worker.assurance.means], asked.acrs);
  if (!assurance) return loginRequired;
  const picks = asked.scopes.includes('selectedrole');
  if (picks && worker.selectedRole === undefined && worker.roles.length > 1)
    return { error: 'interaction_required', description: 'A role must be picked' };
  const selectedRole = picks ? (worker.selectedRole ?? worker.roles[0]?.id) : undefined;
  return {
    granted: { ...granted, fault: undefined, worker: { ...worker, assurance, selectedRole } },
    authenticated,
  };
}

const loginRequired: AskedFault = {
  error: 'login_required',
  description: 'Nobody is signed in who meets what is asked',
};

function cookieName(kind: ProviderKind): string {
  return `simulated-${kind}`;
}

function cookieIn({ headers }: Exchange, name: string): string | undefined {
  const cookies = (headers.cookie ?? '').slice(0, 8192).split(';', 100);
  const found = cookies.map((each) => each.trim()).find((each) => each.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}
