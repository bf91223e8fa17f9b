/**
 * The faces as the doctor knows them: what each judges by, which one an assertion is meant for, and whose token address an
 * `aud` is. Owns finding the place; what is judged there is in doctor.ts.
 */
import { Problem } from '../../core/problem.ts';
import type { AssertionUses } from './assertion-uses.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import type { ApiAccess } from './doctor-access-rules.ts';
import type { Elsewhere } from './doctor-notes.ts';
import type { RfcGround } from './doctor-rfc.ts';
import type { TokenKind } from './doctor-shape.ts';
import type { Face, Families } from './families.ts';
import { decodeJwt, textOf } from './jwt.ts';
import type { KeySets } from './key-sets.ts';
import type { NhsFace } from './providers.ts';
import type { SubjectParts } from './subject-token.ts';

export const doctorFaces = ['/oauth2', '/oauth2-mock', '/smart', '/management'] as const;

export type DoctorFace = (typeof doctorFaces)[number];

export interface DoctorOptions {
  readonly catalogue: Catalogue;
  readonly keySets: KeySets;
  readonly families: Families;
  readonly now: () => number;
  readonly newId: () => string;
  /** What an endpoint of the NHS face judges by; undefined where it is not served. */
  readonly nhs: (environment: Environment, face: NhsFace) => NhsGround | undefined;
  /** The assertion as a face that follows the RFCs judges it; undefined where that face is not served. */
  readonly rfc: (
    environment: Environment,
    face: '/smart' | '/management',
    assertion: { readonly text: string; readonly issuer: string },
  ) => Promise<RfcGround | undefined>;
  readonly apiAccess: (token: string, environment: Environment) => Promise<ApiAccess | undefined>;
}

export interface NhsGround {
  readonly audiences: readonly string[];
  readonly uses: AssertionUses;
  readonly subject: SubjectParts;
}

/** Which dialect the tokens of a face belong to. */
export const familyFaces: Readonly<Record<DoctorFace, Face>> = {
  '/oauth2': 'nhs',
  '/oauth2-mock': 'nhs',
  '/smart': 'smart',
  '/management': 'management',
};

/** Whether a face is one of the national dialect. */
export function isNhs(face: DoctorFace): face is NhsFace {
  return face === '/oauth2' || face === '/oauth2-mock';
}

/** What a face of the NHS dialect judges by. @throws Problem `invalid` where it is not served */
export function groundOf(
  { nhs }: DoctorOptions,
  environment: Environment,
  face: NhsFace,
): NhsGround {
  const ground = nhs(environment, face);
  if (!ground) throw notServed(face, environment);
  return ground;
}

/** The refusal to judge for a face that is not there. */
export function notServed(face: DoctorFace, environment: Environment): Problem {
  return new Problem('invalid', `The face ${face} is not served in environment ${environment}`);
}

const nhsFaces: readonly NhsFace[] = ['/oauth2', '/oauth2-mock'];

/** What is known of the endpoints beside the one of this face that is asked about. */
export function elsewhereOf({ nhs }: DoctorOptions, face: NhsFace): Elsewhere {
  return {
    tokenAddress: (environment) => nhs(environment, face)?.audiences[0],
    whose: (address) =>
      environments
        .flatMap((environment) => nhsFaces.map((one) => ({ environment, one })))
        .filter(({ environment, one }) => nhs(environment, one)?.audiences.includes(address))
        .map(({ environment, one }) => `environment ${environment}, face ${one}`)[0],
  };
}

/** The same of a face that follows the RFCs; whose an address of the NHS face is, is told too. */
export async function rfcElsewhere(
  options: DoctorOptions,
  face: '/smart' | '/management',
  text: string,
): Promise<Elsewhere> {
  const addresses = new Map<Environment, readonly string[]>();
  for (const environment of environments) {
    const ground = await options.rfc(environment, face, { text, issuer: '' });
    if (ground) addresses.set(environment, ground.state.audiences);
  }
  const named = (address: string) => [...addresses].find(([, all]) => all.includes(address))?.[0];
  return {
    tokenAddress: (environment) => addresses.get(environment)?.[0],
    whose: (address) => {
      const environment = named(address);
      return environment === undefined
        ? elsewhereOf(options, '/oauth2').whose(address)
        : `environment ${environment}, face ${face}`;
    },
  };
}

/** The face whose token address stands in `aud`. */
export async function faceFor(
  { nhs, rfc }: DoctorOptions,
  kind: TokenKind,
  text: string,
  environment: Environment,
): Promise<DoctorFace> {
  const jwt = kind === 'client_assertion' ? decodeJwt(text) : undefined;
  const aud = jwt && !('fault' in jwt) ? textOf(jwt.claims, 'aud') : undefined;
  if (aud === undefined) return '/oauth2';
  const named = nhsFaces.find((face) => nhs(environment, face)?.audiences.includes(aud));
  if (named) return named;
  for (const face of ['/smart', '/management'] as const)
    if (
      (await rfc(environment, face, { text, issuer: issuerOf(text) }))?.state.audiences.includes(
        aud,
      )
    )
      return face;
  return '/oauth2';
}

/** The `iss` of a JWT as claimed; empty for what is none. */
export function issuerOf(text: string): string {
  const jwt = decodeJwt(text);
  return 'fault' in jwt ? '' : (textOf(jwt.claims, 'iss') ?? '');
}
