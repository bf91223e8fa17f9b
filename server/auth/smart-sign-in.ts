/**
 * The leg to an identity provider and back, for apps and for the launch page alike: out with a state that works once and
 * only in this browser, back with somebody the provider vouched for.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import { noStore, oauthError, type Reason } from './oauth-error.ts';
import type { SignedIn } from './families.ts';
import type { IdentityProvider, ProviderKind } from './providers.ts';
import { SignInFault } from './relying-party.ts';
import { judgeDelegation } from './subject-token.ts';
import type { SmartAsked, SmartParts, StepOf } from './smart-parts.ts';
import { forget, issueStep, newBrowser, queryOf, takeStep, withCookies } from './smart-steps.ts';
import { newSecret } from './tokens.ts';

/** Why somebody could not be sent to a provider. */
export const away = 'the identity provider cannot be reached';

/** The provider for a kind of people in this environment. */
export function providerFor(
  { providers }: Pick<SmartParts, 'providers'>,
  kind: ProviderKind,
): IdentityProvider | undefined {
  return providers().find((one) => one.kind === kind);
}

/**
 * Sends the browser to the provider. `asked`: for which app, if for one.
 * @throws SignInFault `unreachable`
 */
export async function leave(
  parts: SmartParts,
  exchange: Exchange,
  provider: IdentityProvider,
  asked?: SmartAsked,
): Promise<Reply> {
  const nonce = newSecret();
  const { flow, browser, setCookie } = newBrowser(parts);
  const state = await issueStep(parts, {
    kind: 'sign-in',
    environment: parts.environment,
    ...{ flow, browser, nonce, provider: provider.name },
    ...(asked ? { asked } : {}),
  });
  const location = await parts.relyingParty.begin(provider, {
    redirectUri: `${parts.base(exchange)}/callback`,
    state,
    nonce,
    extra: extraOf(provider, asked),
  });
  const status = exchange.method === 'POST' ? 303 : 302;
  return withCookies({ status, headers: { ...noStore, location } }, setCookie);
}

function extraOf(
  provider: IdentityProvider,
  asked: SmartAsked | undefined,
): Record<string, string> {
  return {
    ...(asked?.prompt === undefined ? {} : { prompt: asked.prompt }),
    ...(asked?.loginHint === undefined ? {} : { login_hint: asked.loginHint }),
    ...(asked?.maxAge === undefined ? {} : { max_age: String(asked.maxAge) }),
    ...(provider.kind === 'nhs-cis2' && provider.acr !== '' ? { acr_values: provider.acr } : {}),
  };
}

/** Somebody who came back: who it is, or what the provider said instead. The way's old cookie is to be forgotten. */
export interface CameBack {
  readonly step: StepOf<'sign-in'>;
  readonly forgotten: string;
  readonly outcome:
    { readonly user: SignedIn } | { readonly error: string; readonly description: string };
}

/** @throws Problem 400 for a state that is not this browser's, and for an answer that cannot be believed. */
export async function comeBack(parts: SmartParts, exchange: Exchange): Promise<CameBack> {
  const state = queryOf(exchange).get('state') ?? '';
  const step = await takeStep(parts, exchange, state, 'sign-in');
  const provider = parts.providers().find(({ name }) => name === step.provider);
  if (!provider) throw unbelieved({ rule: 'provider still there' });
  const forgotten = forget(parts, step.flow);
  try {
    const user = await signedInBy(parts, exchange, { provider, step, state });
    return { step, forgotten, outcome: { user } };
  } catch (error) {
    if (!(error instanceof SignInFault)) throw error;
    return { step, forgotten, outcome: toOutcome(error) };
  }
}

interface Returned {
  readonly provider: IdentityProvider;
  readonly step: StepOf<'sign-in'>;
  readonly state: string;
}

async function signedInBy(
  parts: SmartParts,
  exchange: Exchange,
  { provider, step, state }: Returned,
): Promise<SignedIn> {
  const maxAge = step.asked?.maxAge;
  const { user, claims } = await parts.relyingParty.finish(provider, {
    redirectUri: `${parts.base(exchange)}/callback`,
    query: exchange.rawQuery,
    ...{ state, nonce: step.nonce },
    // NHS login takes no notice of it and tells no time of sign-in.
    ...(provider.kind === 'nhs-cis2' && maxAge !== undefined ? { maxAge } : {}),
  });
  const actor = await judgeDelegation(claims, ({ clientId }) => [clientId], {
    providers: parts.providers,
    keys: parts.providerKeys,
    now: parts.now,
  });
  return actor === undefined ? user : { ...user, actor };
}

/** What the provider refused is the app's to handle; what cannot be believed goes no further. */
function toOutcome({ kind, error, description, message }: SignInFault) {
  if (kind === 'refused') return { error, description };
  if (kind === 'unreachable') return { error: 'temporarily_unavailable', description: away };
  throw unbelieved({ rule: `${kind} of the provider's answer`, found: message });
}

function unbelieved(reason: Reason) {
  return oauthError(
    400,
    'invalid_request',
    'The answer of the identity provider cannot be verified.',
    reason,
  );
}
