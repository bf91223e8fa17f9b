/**
 * The doctor's look at an id_token that an app would exchange: the rules of the exchange in their order, and what the
 * token of a provider would have to say. Whose scopes are left is told only when the token is one of this app.
 */
import { Problem } from '../../core/problem.ts';
import type { Catalogue, Client } from '../catalogue/catalogue.ts';
import { clockNotes } from './doctor-notes.ts';
import type { Corrected, Examined } from './doctor-shape.ts';
import { noScopeLeft, scopesOfUser } from './nhs-scopes.ts';
import { toRow } from './oauth-error.ts';
import { report, type Finding, type Rule } from './rules.ts';
import { toSignedIn } from './signed-in.ts';
import {
  judgeDelegation,
  subjectRules,
  type SubjectParts,
  type SubjectState,
} from './subject-token.ts';

export interface IdTokenAsked {
  readonly text: string;
  readonly parts: SubjectParts;
  readonly catalogue: Catalogue;
  /** The app that would exchange it; without one `aud` is not judged. */
  readonly client: Client | undefined;
}

export async function examineIdToken(asked: IdTokenAsked): Promise<Examined> {
  const { text, parts, client } = asked;
  const state: SubjectState = {
    text,
    parts,
    place: 'subject_token',
    audiences: client && ((provider) => parts.audiences(client, provider)),
  };
  const judged = await report(subjectRules, state);
  // What follows believes the token: only once nothing is wrong with it.
  const sound = client !== undefined && judged.every(({ result }) => result === 'pass');
  const more = sound ? await report([delegation, userScopes(asked, client)], state) : [];
  const corrected = correctedIdToken(asked, state);
  return {
    findings: [...judged, ...more].map((one) => completed(one, corrected)),
    corrected,
    notes: [
      ...(client
        ? []
        : ['Whether aud fits is not judged: name the app that would exchange it as clientId.']),
      'An id_token is made by the identity provider: what is corrected here, it has to change.',
      ...(state.jwt
        ? clockNotes(state.jwt, parts.now()).filter((one) => !one.startsWith('exp is'))
        : []),
    ],
  };
}

const delegation: Rule<SubjectState> = {
  name: 'delegation in act.sub',
  says: 'Where somebody acts for the person (`act.sub`), that one’s own JWT is as good.',
  async judge({ jwt, audiences, parts }) {
    if (jwt?.claims.act === undefined || !audiences) return undefined;
    try {
      await judgeDelegation(jwt.claims, audiences, parts);
      return { ok: true };
    } catch (error) {
      const problem = Problem.from(error);
      return { ok: false, expected: 'an id_token of the same kind', refuse: () => problem };
    }
  },
};

/** Whether anything is left for a person of this level (1.5). */
function userScopes({ catalogue }: IdTokenAsked, { app, environment }: Client): Rule<SubjectState> {
  return {
    name: 'scopes left',
    says: "The app's products hold a scope for the level at which the person signed in.",
    judge({ jwt, provider }) {
      if (!jwt || !provider) return undefined;
      const user = toSignedIn(provider, jwt.claims);
      const given = catalogue.scopes(app.id, environment);
      const left = scopesOfUser(given, app.kinds, user);
      if (left.length > 0) return { ok: true, found: left.join(' ') };
      const problem = noScopeLeft(given, user.kind, user.level);
      const { expected = '', found = '' } = toRow(problem).reason ?? {};
      return {
        ok: false,
        expected,
        found,
        corrected: `a person of another level, or a product for ${found}`,
        refuse: () => problem,
      };
    },
  };
}

function correctedIdToken(
  { parts, client }: IdTokenAsked,
  { provider, keys, key }: SubjectState,
): Corrected | undefined {
  const named = provider ?? parts.providers()[0];
  if (!named) return undefined;
  const now = Math.floor(parts.now() / 1000);
  const [aud = `<the app's client id at ${named.name}>`] = client
    ? parts.audiences(client, named)
    : [];
  return {
    header: {
      alg: 'RS256 or RS512',
      typ: 'JWT',
      kid: key?.kid ?? keys?.[0]?.kid ?? `<a kid of ${named.issuer}>`,
    },
    claims: { iss: named.issuer, aud, exp: now + 3600 },
  };
}

const ways: Readonly<Record<string, (corrected: Corrected) => unknown>> = {
  kid: ({ header }) => header.kid,
  'kid found': ({ header }) => header.kid,
  typ: () => 'JWT',
  'alg there': ({ header }) => header.alg,
  exp: () => 'a fresh id_token: sign the person in again',
  iss: ({ claims }) => claims.iss,
  aud: ({ claims }) => claims.aud,
  'is an id_token': () => 'the id_token of the answer, not its access_token',
  signature: () => 'the id_token as the provider gave it, unchanged',
};

function completed(finding: Finding, corrected: Corrected | undefined): Finding {
  const way = ways[finding.rule];
  if (finding.result !== 'fail' || finding.corrected !== undefined || !way || !corrected)
    return finding;
  return { ...finding, corrected: String(way(corrected)) };
}
