/**
 * The assertion doctor: takes a token as its caller sends it, runs every rule in order instead of stopping at the first
 * that fails, and says for each what was expected and found, by our clock. It claims nothing, writes nothing, keeps nothing.
 * Owns the report; each kind of token has a file of its own (doctor-*.ts).
 */
import { Problem } from '../../core/problem.ts';
import type { Client } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import { examineAccessToken, type TokenTold } from './doctor-access.ts';
import { examineAssertion } from './doctor-assertion.ts';
import {
  doctorFaces,
  elsewhereOf,
  faceFor,
  familyFaces,
  groundOf,
  isNhs,
  issuerOf,
  notServed,
  rfcElsewhere,
  type DoctorFace,
  type DoctorOptions,
} from './doctor-faces.ts';
import { examineIdToken } from './doctor-id-token.ts';
import { provenElsewhere } from './doctor-possession.ts';
import { examineRfcAssertion } from './doctor-rfc.ts';
import {
  guessKind,
  kindWords,
  shownMembers,
  type Corrected,
  type Examined,
  type Guess,
  type Members,
  type TokenKind,
} from './doctor-shape.ts';
import { decodeJwt } from './jwt.ts';
import type { NhsFace } from './providers.ts';
import type { Finding } from './rules.ts';

/** What is to be looked at, and as what. */
export interface DoctorQuestion {
  readonly token: string;
  readonly environment: Environment;
  /** Guessed when absent. */
  readonly kind?: TokenKind;
  /** Absent: the face that `aud` names, else `/oauth2`; for an access token its own. */
  readonly face?: DoctorFace;
  /** For id_tokens: the app that would exchange it. */
  readonly clientId?: string;
}

export interface DoctorReport {
  readonly kind: TokenKind;
  /** Why it was taken for that, when the caller did not say. */
  readonly guessed?: string;
  readonly environment: Environment;
  readonly face: string;
  /** Ours. */
  readonly clock: { readonly time: string; readonly seconds: number };
  readonly header?: Members;
  readonly claims?: Members;
  /** Of an access token that this server gave out. */
  readonly token?: TokenTold;
  readonly findings: readonly Finding[];
  readonly verdict: {
    readonly wouldPass: boolean;
    readonly firstFailure?: FirstFailure;
  };
  readonly corrected?: Corrected;
  readonly notes: readonly string[];
}

/** The first rule that fails, with the answer that the endpoint would give. */
export interface FirstFailure {
  readonly rule: string;
  readonly error: string;
  readonly description: string;
}

export interface Doctor {
  /** @throws Problem `invalid` for a face that is not served, or a client id of nobody there. */
  examine(question: DoctorQuestion): Promise<DoctorReport>;
}

export function createDoctor(options: DoctorOptions): Doctor {
  return {
    async examine(question) {
      const token = trimmed(question.token);
      const guess = guessKind(token);
      const kind = question.kind ?? guess.kind;
      const face = question.face ?? (await faceFor(options, kind, token, question.environment));
      const examined = await lookAt(options, { ...question, token, kind, face }, question.face);
      const settled = {
        ...question,
        token,
        kind,
        face: faceOf(examined.token, face, question.face),
      };
      return toReport(options, settled, guess, question.kind !== undefined, examined);
    },
  };
}

/** An access token is judged at its own face when nobody says where it is used. */
function faceOf(
  token: TokenTold | undefined,
  face: DoctorFace,
  asked: DoctorFace | undefined,
): DoctorFace {
  const own = doctorFaces.find((one) => familyFaces[one] === token?.face);
  return asked ?? own ?? face;
}

interface Settled extends DoctorQuestion {
  readonly kind: TokenKind;
  readonly face: DoctorFace;
}

/** As one pastes it: with the word in front, or a line break behind. */
function trimmed(text: string): string {
  return text.trim().replace(/^bearer[ \t]+/i, '');
}

async function lookAt(
  options: DoctorOptions,
  question: Settled,
  asked: DoctorFace | undefined,
): Promise<Examined & { readonly token?: TokenTold }> {
  switch (question.kind) {
    case 'access_token':
      return examineAccessToken({
        ...options,
        text: question.token,
        environment: question.environment,
        face: asked && familyFaces[asked],
      });
    case 'id_token':
      return lookAtIdToken(options, question);
    case 'client_assertion':
      return isNhs(question.face)
        ? lookAtNhsAssertion(options, question, question.face)
        : lookAtRfcAssertion(options, question, question.face);
  }
}

function lookAtNhsAssertion(options: DoctorOptions, question: Settled, face: NhsFace) {
  const { environment, token: text, clientId } = question;
  const { audiences, uses } = groundOf(options, environment, face);
  const { newId } = options;
  const state = { text, environment, audiences, parts: { ...options, uses } };
  return examineAssertion({ state, clientId, newId, elsewhere: elsewhereOf(options, face) });
}

async function lookAtRfcAssertion(
  options: DoctorOptions,
  { environment, token: text, clientId }: Settled,
  face: '/smart' | '/management',
) {
  const ground = await options.rfc(environment, face, { text, issuer: issuerOf(text) });
  if (!ground) throw notServed(face, environment);
  const { newId } = options;
  const jwt = decodeJwt(text);
  const mayBeElsewhere = face === '/smart' && !('fault' in jwt);
  const other = mayBeElsewhere ? await provenElsewhere(jwt, environment, options) : undefined;
  const elsewhere = await rfcElsewhere(options, face, text);
  return examineRfcAssertion({ ...ground, other, environment, clientId, newId, elsewhere });
}

function lookAtIdToken(options: DoctorOptions, { environment, token, face, clientId }: Settled) {
  if (!isNhs(face))
    throw new Problem('invalid', `id_tokens are exchanged at /oauth2 and /oauth2-mock only`);
  const { subject: parts } = groundOf(options, environment, face);
  const { catalogue } = options;
  return examineIdToken({
    text: token,
    parts,
    catalogue,
    client: clientOf(options, environment, clientId),
  });
}

function clientOf(
  { catalogue }: DoctorOptions,
  environment: Environment,
  clientId: string | undefined,
): Client | undefined {
  if (clientId === undefined) return undefined;
  const client = catalogue.client(clientId);
  if (client?.environment === environment) return client;
  throw new Problem('invalid', `clientId is no client id of environment ${environment}`);
}

function toReport(
  { now }: DoctorOptions,
  { kind, environment, face, token: text }: Settled,
  guess: Guess,
  said: boolean,
  { findings, corrected, notes, token }: Examined & { readonly token?: TokenTold },
): DoctorReport {
  const jwt = decodeJwt(text);
  const failed = findings.find(({ result }) => result === 'fail');
  const seconds = Math.floor(now() / 1000);
  return {
    kind,
    ...(said ? {} : { guessed: `taken for ${kindWords[kind]}: ${guess.because}` }),
    environment,
    face,
    clock: { time: new Date(now()).toISOString(), seconds },
    ...('fault' in jwt
      ? {}
      : { header: shownMembers(jwt.header), claims: shownMembers(jwt.claims) }),
    ...(token ? { token } : {}),
    findings,
    verdict: failed
      ? { wouldPass: false, firstFailure: firstFailure(failed) }
      : { wouldPass: true },
    ...(corrected ? { corrected } : {}),
    notes:
      guess.kind === kind
        ? notes
        : [`It looks like ${kindWords[guess.kind]}: ${guess.because}.`, ...notes],
  };
}

/** `error` of a finding is the code, a colon, and the description. */
function firstFailure({ rule, error = '' }: Finding): FirstFailure {
  const colon = error.indexOf(': ');
  return { rule, error: error.slice(0, colon), description: error.slice(colon + 2) };
}
