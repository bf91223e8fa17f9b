/**
 * The doctor's look at a client assertion of the NHS face: all rules of the token endpoint in their order, what would have
 * been right, and what of the app may be told. Facts of an app go only to those who hold its key.
 */
import type { Client } from '../catalogue/catalogue.ts';
import type { AssertionState } from './assertion-terms.ts';
import { assertionRules } from './client-assertion.ts';
import { audienceNotes, clockNotes, type Elsewhere } from './doctor-notes.ts';
import { keysAt, makerOf, provenElsewhere, type Maker } from './doctor-possession.ts';
import type { Corrected, Examined } from './doctor-shape.ts';
import { textOf, type DecodedJwt } from './jwt.ts';
import { noScopeLeft, scopesOfApp } from './nhs-scopes.ts';
import { toRow } from './oauth-error.ts';
import { report, type Finding, type Rule } from './rules.ts';
import type { VerifyingKey } from './signature.ts';

export interface AssertionAsked {
  readonly state: AssertionState;
  /** The client id to put into what is corrected when the assertion names none that fits. */
  readonly clientId: string | undefined;
  readonly newId: () => string;
  readonly elsewhere: Elsewhere;
}

/** Runs all rules; spends no `jti` and writes nothing. */
export async function examineAssertion(asked: AssertionAsked): Promise<Examined> {
  const { state, elsewhere } = asked;
  const found = await report([...assertionRules, appScopes], state);
  const { jwt } = state;
  const keys = jwt ? await keysOf(jwt, state) : [];
  const maker = jwt && makerOf(jwt, keys);
  const other = jwt && (await provenElsewhere(jwt, state.environment, state.parts));
  const corrected = correctedAssertion(asked, keys, maker);
  return {
    findings: found
      .map((one) => withMaker(one, maker))
      .map((one) => (maker ? one : withoutAppFacts(one, state)))
      .map((one) => (one.rule === 'client' && other ? toOther(one, other, elsewhere) : one))
      .map((one) => completed(one, corrected)),
    corrected,
    notes: jwt
      ? [
          ...clockNotes(jwt, state.parts.now()),
          ...audienceNotes(jwt, state.audiences, elsewhere, state.environment),
        ]
      : [],
  };
}

/** Also when the rules did not come so far as to read them: an assertion without a kid may still be signed by one. */
async function keysOf(
  jwt: DecodedJwt,
  { keys, client, parts }: AssertionState,
): Promise<readonly VerifyingKey[]> {
  return keys ?? (client ? keysAt(jwt, client, parts.keySets) : []);
}

/** What stands behind the assertion at the token endpoint: whether anything is left to give (1.5). */
const appScopes: Rule<AssertionState> = {
  name: 'scopes left',
  says: "The app's products hold a scope for an application on its own.",
  judge({ client, parts, environment }) {
    if (!client) return undefined;
    const given = parts.catalogue.scopes(client.app.id, environment);
    const own = scopesOfApp(given);
    if (own.length > 0) return { ok: true, found: own.join(' ') };
    if (given.size > 0)
      return {
        ok: true,
        found: `none for client_credentials; for the exchange of an id_token: ${[...given].join(' ')}`,
      };
    const problem = noScopeLeft(given, 'app:level3');
    const { expected = '', found = '' } = toRow(problem).reason ?? {};
    return {
      ok: false,
      expected,
      found: `none (${found})`,
      corrected: 'a product: gatehouse subscription request <app> <product> <environment>',
      refuse: () => problem,
    };
  },
};

/** A key that did sign says more than that another did not. */
function withMaker(finding: Finding, maker: Maker | undefined): Finding {
  if (!maker || finding.result !== 'fail') return finding;
  if (finding.rule === 'kid found')
    return {
      ...finding,
      found: `${finding.found ?? ''}; the signature is by the registered key ${maker.kid}`,
      corrected: maker.kid,
    };
  if (finding.rule === 'signature')
    return {
      ...finding,
      found: `a signature by the registered key ${maker.kid}, made with ${maker.algorithm}`,
      corrected: `sign with RS512 and name the key ${maker.kid}`,
    };
  return finding;
}

/** Without proof nobody learns the name, the state or the scopes of an app. */
function withoutAppFacts(finding: Finding, { jwt }: AssertionState): Finding {
  const { rule, says, result } = finding;
  if (rule === 'app approved' || rule === 'scopes left')
    return { rule, says, result: 'not checked' };
  if (rule === 'client' && result === 'pass')
    return { rule, says, result, found: (jwt && textOf(jwt.claims, 'iss')) ?? '' };
  return finding;
}

/** The finding that a client id belongs elsewhere, for whoever has its key. */
export function toOther(finding: Finding, { environment }: Client, elsewhere: Elsewhere): Finding {
  const address = elsewhere.tokenAddress(environment);
  return {
    ...finding,
    found: `a client id of environment ${environment}`,
    corrected: `send it to ${address ?? `environment ${environment}`}, and name that as aud`,
  };
}

function correctedAssertion(
  { state, clientId, newId }: AssertionAsked,
  keys: readonly VerifyingKey[],
  maker: Maker | undefined,
): Corrected {
  const { jwt, key, audiences, parts } = state;
  const given = jwt && textOf(jwt.header, 'kid');
  const id = clientIdFor(state, clientId);
  const aud = jwt && textOf(jwt.claims, 'aud');
  const now = Math.floor(parts.now() / 1000);
  const named = key ?? keys.find(({ kty }) => kty === 'RSA');
  return {
    header: {
      alg: 'RS512',
      typ: 'JWT',
      kid: maker?.kid ?? named?.kid ?? given ?? '<the kid of your registered key>',
    },
    claims: {
      iss: id,
      sub: id,
      aud: aud !== undefined && audiences.includes(aud) ? aud : audiences[0],
      jti: newId(),
      iat: now,
      exp: now + 300,
    },
  };
}

/** The first of those named that is a client id here. */
function clientIdFor(
  { jwt, parts, environment }: AssertionState,
  clientId: string | undefined,
): string {
  const named = [jwt && textOf(jwt.claims, 'iss'), jwt && textOf(jwt.claims, 'sub'), clientId];
  const known = named.find(
    (one) => one !== undefined && parts.catalogue.client(one)?.environment === environment,
  );
  return known ?? `<the client id of your app in ${environment}>`;
}

/** Where a value is that the rule itself could not tell. */
const places: Readonly<Record<string, readonly ['header' | 'claims', string]>> = {
  kid: ['header', 'kid'],
  header: ['header', 'kid'],
  'exp there': ['claims', 'exp'],
  'exp integer': ['claims', 'exp'],
  'iss and sub': ['claims', 'iss'],
  client: ['claims', 'iss'],
  'jti there': ['claims', 'jti'],
  'jti text': ['claims', 'jti'],
  'jti unused': ['claims', 'jti'],
  exp: ['claims', 'exp'],
  aud: ['claims', 'aud'],
};

/** What to do where no value of the assertion would help. */
const deeds: Readonly<Record<string, string>> = {
  decodes: 'three parts of base64url, joined by dots, without line breaks or quotes',
  'key set reached':
    'a key set at the registered address: gatehouse app keys <app> <environment> reads it now',
  signature:
    'sign with the private half of the registered key, or register the public half of yours',
  'app approved': 'gatehouse app approve <app> <environment>',
};

/** A failed finding with the value that would be right, if it has none yet. */
export function completed(finding: Finding, corrected: Corrected): Finding {
  if (finding.result !== 'fail') return finding;
  if (finding.corrected !== undefined && finding.rule !== 'jti unused') return finding;
  const deed = deeds[finding.rule];
  if (deed !== undefined) return { ...finding, corrected: deed };
  const place = places[finding.rule];
  if (!place) return finding;
  const [part, name] = place;
  return { ...finding, corrected: String(corrected[part][name]) };
}
