/**
 * The rules by which an API takes an access token, in its order, each with what would be right. Owns the rules; what is told
 * of the token beside them is in doctor-access.ts.
 */
import { Problem } from '../../core/problem.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import { guessKind, kindWords } from './doctor-shape.ts';
import type { Face, Families, Family, Judged, LiveToken } from './families.ts';
import { decodeJwt } from './jwt.ts';
import type { Rule, Verdict } from './rules.ts';
import { familyIn } from './tokens.ts';

/** What an API makes of a live token: a mode of access, or how it refuses. */
export type ApiAccess =
  | { readonly mode: string }
  | { readonly status: number; readonly code: string; readonly description: string };

export interface AccessAsked {
  readonly text: string;
  readonly environment: Environment;
  /** The face of the API that it would be used at; absent: its own. */
  readonly face: Face | undefined;
  readonly families: Families;
  readonly catalogue: Catalogue;
  readonly now: () => number;
  /** What PDS makes of a live token of the NHS face. */
  readonly apiAccess: (token: string, environment: Environment) => Promise<ApiAccess | undefined>;
}

/** An access token and what was found behind it. */
export interface AccessState {
  readonly asked: AccessAsked;
  readonly judged: Judged;
  /** There if this very text is one of the family's tokens. */
  readonly family: Family | undefined;
  readonly own: LiveToken | undefined;
  readonly api: ApiAccess | undefined;
}

type R = Rule<AccessState>;

const anew = 'a new token: npx gatehouse token get --app <app> --environment <environment>';

function fail(
  expected: string,
  found: string,
  corrected = anew,
  text = 'Invalid Access Token',
): Verdict {
  const problem = new Problem('unauthenticated', text, { code: 'ACCESS_DENIED' });
  return { ok: false, expected, found, corrected, refuse: () => problem };
}

const opaque: R = {
  name: 'opaque',
  says: 'An access token is an opaque text of 43 characters, no JWT.',
  judge: ({ asked: { text } }) =>
    familyIn(text) === undefined
      ? fail(
          '43 letters, digits, - and _',
          looksLike(text),
          'the access_token of the answer of the token endpoint',
        )
      : { ok: true },
};

function looksLike(text: string): string {
  if (!text.includes('.') || 'fault' in decodeJwt(text))
    return `a text of ${text.length} characters`;
  const { kind } = guessKind(text);
  return kind === 'access_token' ? 'a JWT of another server' : `${kindWords[kind]}, a JWT`;
}

const issued: R = {
  name: 'given out here',
  says: 'This server has given it out.',
  judge({ asked, family }) {
    if (familyIn(asked.text) === undefined) return undefined;
    return family
      ? { ok: true }
      : fail(
          'a token of this server',
          'no such token: never given out here, revoked, or ended more than an hour ago',
        );
  },
};

const isAccess: R = {
  name: 'access token',
  says: 'It is the access token of its grant, not the refresh token.',
  judge({ family, own }) {
    if (!family) return undefined;
    if (own) return { ok: true };
    return fail('the access_token', 'the refresh_token', 'the access_token that came with it');
  },
};

const notRevoked: R = {
  name: 'not revoked',
  says: 'It has not been revoked, nor the grant it belongs to.',
  judge({ family }) {
    if (!family) return undefined;
    return family.dead
      ? fail('a grant that lives', `revoked ${timeOf(family.dead.at)}: ${family.dead.why}`)
      : { ok: true };
  },
};

const notExpired: R = {
  name: 'not expired',
  says: 'It has not ended. There is no allowance: our clock alone counts.',
  judge({ own, asked }) {
    if (!own) return undefined;
    const found = `ends ${timeOf(own.ends)}`;
    return own.ends > asked.now()
      ? { ok: true, found }
      : fail(
          `an end after ${timeOf(asked.now())} (our clock)`,
          `ended ${timeOf(own.ends)}`,
          anew,
          'Access Token expired',
        );
  },
};

const rightFace: R = {
  name: 'face',
  says: 'It is used at an API of the face that gave it out.',
  judge({ asked: { face }, family }) {
    if (!family) return undefined;
    return face === undefined || face === family.face
      ? { ok: true, found: family.face }
      : fail(`a token of the face ${face}`, `a token of the face ${family.face}`);
  },
};

const rightEnvironment: R = {
  name: 'environment',
  says: 'It is used in the environment that gave it out.',
  judge({ asked: { environment }, family }) {
    if (!family) return undefined;
    return environment === family.environment
      ? { ok: true, found: environment }
      : fail(
          `a token of environment ${environment}`,
          `a token of environment ${family.environment}`,
          `use it in ${family.environment}, or get one in ${environment}`,
        );
  },
};

const appApproved: R = {
  name: 'app approved',
  says: 'The app is still approved.',
  judge({ asked, family }) {
    if (!family || family.face === 'management') return undefined;
    const state = asked.catalogue.client(family.clientId)?.registration.state;
    return state === 'approved'
      ? { ok: true }
      : fail(
          'approved',
          state ?? 'no longer registered',
          'gatehouse app approve <app> <environment>',
        );
  },
};

const covers: R = {
  name: 'API',
  says: 'Its scopes open the Personal Demographics Service in some mode of access.',
  judge({ api }) {
    if (!api) return undefined;
    if ('mode' in api) return { ok: true, found: `mode ${api.mode}` };
    const { status, code, description } = api;
    const problem = new Problem(status === 401 ? 'unauthenticated' : 'forbidden', description, {
      code,
    });
    return {
      ok: false,
      expected: 'a scope for personal-demographics-service that gives access',
      found: description,
      corrected: 'a product with such a scope, or a person who signs in at P9',
      refuse: () => problem,
    };
  },
};

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** In the order in which an API looks. */
export const accessRules: readonly R[] = [
  opaque,
  issued,
  isAccess,
  notRevoked,
  notExpired,
  rightFace,
  rightEnvironment,
  appApproved,
  covers,
];
