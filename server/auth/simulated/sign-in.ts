/**
 * A person's way through the provider: the authorization endpoint, the pages, and back to the application with a code.
 * Bound by a single-use secret in the form's address, so that it works without cookies. What an answer means is judge.ts.
 */
import type { Exchange, Handler, Reply } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { Stored } from '../../../core/store.ts';
import { parseForm, readForm } from '../form.ts';
import { noteClient } from '../oauth-error.ts';
import { readRequest, type Request } from './asked.ts';
import { silentGrant } from './browser.ts';
import { complete, sendBack } from './complete.ts';
import { judge } from './judge.ts';
import { lifetimesOf } from './kinds.ts';
import { paths } from './options.ts';
import type { PageFacts } from './page-facts.ts';
import { rolePage, signInPage, stepUpPage } from './pages.ts';
import { readChoice, type Choice } from './rehearsal.ts';
import { live, wins } from './keeping.ts';
import { digest, newSecret } from '../tokens.ts';
import type { Asked, Provider, SignIn } from './state.ts';

/** The authorization endpoint: parameters in the query, or in a form. */
export function authorize(provider: Provider, via: 'query' | 'form'): Handler {
  return async (exchange) => {
    const form = via === 'query' ? parseForm(exchange.rawQuery) : await readForm(exchange);
    const request = readRequest(form, provider);
    noteClient(exchange, request.client.clientId, request.client.name);
    if (request.fault) return sendBack(provider, request.asked, request.fault);
    if (request.prompt === 'none') return answerSilently(provider, exchange, request);
    const secret = await begin(provider, request.asked, undefined);
    const { loginHint } = request;
    if (loginHint === undefined) return signInPage(factsOf(provider, secret, request.asked));
    const stored = await signInOf(provider, secret);
    return follow(provider, secret, stored, { username: loginHint });
  };
}

/** The page once more, for a search among its people. */
export function showAgain(provider: Provider): Handler {
  return async (exchange) => {
    const query = parseForm(exchange.rawQuery);
    const secret = query.get('session') ?? '';
    const { value } = await signInOf(provider, secret);
    return signInPage(factsOf(provider, secret, value.asked), { search: query.get('search') });
  };
}

/** The answer to a page. */
export function takeAnswer(provider: Provider): Handler {
  return async (exchange) => {
    const secret = parseForm(exchange.rawQuery).get('session') ?? '';
    const stored = await signInOf(provider, secret);
    noteClient(exchange, stored.value.asked.clientId);
    const choice = readChoice(await readForm(exchange), provider.kind, stored.value.choice);
    if ('wrong' in choice)
      return signInPage(factsOf(provider, secret, stored.value.asked), { error: choice.wrong });
    return follow(provider, secret, stored, choice);
  };
}

/** Does what comes of a choice. */
async function follow(
  provider: Provider,
  secret: string,
  stored: Stored<SignIn>,
  choice: Choice,
): Promise<Reply> {
  const { asked } = stored.value;
  const judgement = judge(provider.kind, provider.people, asked, choice);
  if (judgement.kind === 'again')
    return signInPage(factsOf(provider, secret, asked), {
      error: judgement.sentence,
      username: choice.username,
    });
  await spend(provider, stored);
  if (judgement.kind === 'refused') return sendBack(provider, asked, judgement);
  if (judgement.kind === 'granted') return complete(provider, asked, judgement.granted);
  const facts = factsOf(provider, await begin(provider, asked, choice), asked);
  return judgement.kind === 'pick-role'
    ? rolePage(facts, judgement.roles)
    : stepUpPage(facts, judgement);
}

async function answerSilently(
  provider: Provider,
  exchange: Exchange,
  request: Request,
): Promise<Reply> {
  const found = await silentGrant(provider, exchange, request);
  return 'error' in found
    ? sendBack(provider, request.asked, found)
    : complete(provider, request.asked, found.granted, found.authenticated);
}

/** Opens a sign-in; gives the secret of its page. */
async function begin(
  { kind, issuer, clock, state }: Provider,
  asked: Asked,
  choice: Choice | undefined,
): Promise<string> {
  const secret = newSecret();
  const ends = clock.now() + lifetimesOf(kind).signIn * 1000;
  const signIn = { issuer: issuer(), ends, asked, choice };
  await state.signIns.put(digest(secret), signIn, { expected: 0 });
  return secret;
}

async function signInOf(
  { issuer, clock, state }: Provider,
  secret: string,
): Promise<Stored<SignIn>> {
  const found = await live(state.signIns, digest(secret), issuer(), clock.now());
  if (!found) throw new Problem('invalid', overSentence);
  return found;
}

const overSentence =
  'This sign-in has been answered already, or has taken longer than ten minutes. Start again from the application.';

/** Each page is answered once, however many try at once. */
async function spend({ state }: Provider, { id, version }: Stored<SignIn>): Promise<void> {
  if (!(await wins(state.signIns.remove(id, version)))) throw new Problem('invalid', overSentence);
}

function factsOf(
  { kind, issuer, people, clients }: Provider,
  secret: string,
  { clientId, redirectUri }: Asked,
): PageFacts {
  return {
    kind,
    people,
    clientName: clients(clientId)?.name ?? clientId,
    action: `${issuer()}${paths.answer}?session=${secret}`,
    search: { action: issuer() + paths.answer, secret },
    redirectUri,
  };
}
