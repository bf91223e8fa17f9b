/**
 * The page of the live sign-ins: ends one with a real logout token (OpenID Connect Back-Channel Logout 1.0), and makes
 * new signing keys. Anybody may use it, for nothing here is real; other sites' forms may not.
 */
import type { Exchange, Handler } from '../../../core/exchange.ts';
import { html, pageReply, type Html } from '../../../core/html.ts';
import { Problem } from '../../../core/problem.ts';
import { readForm } from '../form.ts';
import { findPatient, findWorker, nameOf } from './identities.ts';
import { paths } from './options.ts';
import { banner, providerName } from './pages.ts';
import { loginSubject } from './login-claims.ts';
import { endSession } from './keeping.ts';
import { digest } from '../tokens.ts';
import type { Provider, Session } from './state.ts';

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
const shown = 50;

export function sessionsPage(provider: Provider): Handler {
  return () => pageWith(provider, undefined);
}

/** Ends a session and tells its application. */
export function logOut(provider: Provider): Handler {
  return async (exchange) => {
    refuseForeign(exchange, provider);
    const sid = (await readForm(exchange)).get('sid') ?? '';
    const session = await endSession(provider.state, digest(sid), provider.issuer());
    if (!session) return pageWith(provider, 'There is no live sign-in with this id.', 404);
    return pageWith(provider, await tell(provider, session));
  };
}

/** Makes a new signing key. */
export function rotateKeys(provider: Provider): Handler {
  return async (exchange) => {
    refuseForeign(exchange, provider);
    await provider.keys.rotate();
    return pageWith(provider, 'There is a new signing key. The one before still verifies.');
  };
}

async function tell(provider: Provider, session: Session): Promise<string> {
  const client = provider.clients(session.clientId);
  if (client?.logoutUri === undefined)
    return 'The sign-in has ended. Its application has no address for back-channel logout, so it was not told.';
  const form = new URLSearchParams({ logout_token: await logoutToken(provider, session) });
  try {
    const status = await provider.post(client.logoutUri, form.toString());
    return `The sign-in has ended. The application answered the logout token with ${status}.`;
  } catch {
    return 'The sign-in has ended. The application could not be reached with the logout token.';
  }
}

function logoutToken(provider: Provider, session: Session): Promise<string> {
  const now = Math.floor(provider.clock.now() / 1000);
  return provider.keys.sign(
    {
      iss: provider.issuer(),
      sub: subjectName(provider, session),
      aud: session.clientId,
      iat: now,
      exp: now + 120,
      jti: provider.clock.newId(),
      sid: session.sid,
      events: { [logoutEvent]: {} },
    },
    'logout+jwt',
  );
}

function subjectName(provider: Provider, { granted }: Session): string {
  return provider.kind === 'nhs-cis2' ? granted.username : loginSubject(provider, granted);
}

/** Another site's page may not press these buttons (Fetch Metadata, RFC 6454). */
function refuseForeign({ headers }: Exchange, { issuer }: Provider): void {
  const site = headers['sec-fetch-site'] ?? 'none';
  // Our own pages send no referrer, and browsers then name the origin `null`.
  const origin = headers.origin ?? 'null';
  const ours = origin === 'null' || origin === new URL(issuer()).origin;
  if (!ours || (site !== 'same-origin' && site !== 'none'))
    throw new Problem('forbidden', 'This form was sent from another site');
}

async function pageWith(provider: Provider, said: string | undefined, status = 200) {
  const { kind, issuer, state } = provider;
  const { items } = await state.sessions.find({
    index: 'newest',
    equals: [issuer()],
    limit: shown,
  });
  const now = provider.clock.now();
  const live = items.map(({ value }) => value).filter(({ ends }) => ends > now);
  const keys = await provider.keys.published();
  return pageReply(status, {
    title: `Sign-ins at ${providerName(kind)} (simulated)`,
    banner,
    content: html`${said === undefined ? undefined : html`<p role="status">${said}</p>`}
      <h2 id="live">Live sign-ins</h2>
      ${live.length === 0 ? html`<p>Nobody is signed in.</p>` : table(provider, live)}
      <h2>Signing keys</h2>
      <p>Published, the newest last:</p>
      <ul>
        ${keys.map(({ kid }) => html`<li><code>${kid}</code></li>`)}
      </ul>
      <form method="post" action="${issuer() + paths.rotate}">
        <button type="submit">Make a new signing key</button>
      </form>`,
  });
}

function table(provider: Provider, sessions: readonly Session[]): Html {
  return html`<table aria-labelledby="live">
    <thead>
      <tr>
        <th scope="col">Id</th>
        <th scope="col">Person</th>
        <th scope="col">Application</th>
        <th scope="col">Since</th>
        <th scope="col">End</th>
      </tr>
    </thead>
    <tbody>
      ${sessions.map((session) => row(provider, session))}
    </tbody>
  </table>`;
}

function row(provider: Provider, { sid, clientId, granted, began }: Session): Html {
  const { people, clients, issuer } = provider;
  const { username } = granted;
  const person = findWorker(people, username) ?? findPatient(people, username);
  const name = person ? nameOf(person) : username;
  return html`<tr>
    <td><code>${sid}</code></td>
    <td>${name} <code>${username}</code></td>
    <td>${clients(clientId)?.name ?? clientId}</td>
    <td>${new Date(began).toISOString()}</td>
    <td>
      <form method="post" action="${issuer() + paths.logout}">
        <input type="hidden" name="sid" value="${sid}" />
        <button type="submit" aria-label="Send a logout token for ${name}, ${sid}">
          Send logout token
        </button>
      </form>
    </td>
  </tr>`;
}
