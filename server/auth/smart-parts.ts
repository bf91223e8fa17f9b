/**
 * What the files of the SMART face share: the parts of the platform they stand on, and what is kept between two steps of
 * a person's way through it. Owns shapes and collections only.
 */
import type { Addressed, Exchange } from '../../core/exchange.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { Secrets } from '../catalogue/secrets.ts';
import type { OwnerOfCertificate } from './client-certificate.ts';
import type { Cookies } from './cookies.ts';
import type { Families, LaunchContext, SignedIn } from './families.ts';
import type { CodeGrant, Grants } from './grants.ts';
import type { KeySets } from './key-sets.ts';
import type { Limiter } from './limiter.ts';
import type { Logouts } from './logouts.ts';
import { oneTimeCollection, type OneTimes } from './one-time.ts';
import type { ProviderKeys } from './provider-keys.ts';
import type { IdentityProvider } from './providers.ts';
import type { RelyingParty } from './relying-party.ts';
import type { Replay } from './replay.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface SmartParts {
  readonly environment: Environment;
  /** The absolute address of this face, which is the issuer, as the caller addressed it. */
  readonly base: (exchange: Exchange) => string;
  /** The absolute address of the FHIR base that goes with it. */
  readonly fhirBase: (exchange: Exchange) => string;
  /** All addresses of that FHIR base: what `aud` may be. */
  readonly fhirBases: () => readonly string[];
  /** All addresses of the token endpoint, then of the issuer: what an assertion may be for. */
  readonly audiences: () => readonly string[];
  readonly catalogue: Catalogue;
  readonly secrets: Secrets;
  readonly keySets: KeySets;
  readonly replay: Replay;
  readonly limiter: Limiter;
  readonly families: Families;
  readonly grants: Grants;
  readonly codes: OneTimes<CodeGrant>;
  readonly steps: OneTimes<SmartStep>;
  readonly sessions: OneTimes<EhrSession>;
  readonly logouts: Logouts;
  readonly launches: OneTimes<EhrLaunch>;
  /** The providers of this environment, in order of preference. */
  readonly providers: () => readonly IdentityProvider[];
  readonly providerKeys: ProviderKeys;
  readonly relyingParty: RelyingParty;
  readonly cookies: Cookies;
  readonly signingKeys: SigningKeys;
  readonly findPatients: FindPatients;
  readonly ownerOfCertificate: OwnerOfCertificate;
  /** The face's address for mutual TLS; undefined where nothing listens. */
  readonly tlsBase: (addressed: Addressed) => string | undefined;
  readonly now: () => number;
  readonly newId: () => string;
}

/** Whom a worker looks for: by number, or by family name and date of birth (`yyyy-mm-dd`). */
export type AskedPatient =
  { readonly nhsNumber: string } | { readonly family: string; readonly birthDate: string };

export interface FoundPatient {
  readonly nhsNumber: string;
  readonly name: string;
  readonly birthDate: string;
}

/**
 * The people this worker may see who fit, at most 20; enters them into the audit of the exchange.
 * @throws Problem 403 for a worker whose roles open no record, 400 with a sentence for a search that cannot be made.
 */
export type FindPatients = (
  asked: AskedPatient,
  worker: SignedIn,
  exchange: Exchange,
) => Promise<readonly FoundPatient[]>;

/** What an app asked for at authorize, once every check of the request has passed. */
export interface SmartAsked {
  readonly environment: Environment;
  readonly clientId: string;
  readonly redirectUri: string;
  /** The app's own, given back byte for byte. */
  readonly state: string;
  /** What may be granted at most. */
  readonly scopes: readonly string[];
  readonly challenge: string;
  readonly nonce?: string;
  /** Sent on to the provider. */
  readonly prompt?: string;
  readonly loginHint?: string;
  /** Seconds. */
  readonly maxAge?: number;
  /** The EHR's launch that this answers. */
  readonly launched?: EhrLaunch;
}

/** A launch by the EHR, under its opaque value. */
export interface EhrLaunch {
  readonly environment: Environment;
  readonly clientId: string;
  /** Who launched. */
  readonly issuer: string;
  readonly subject: string;
  readonly context: LaunchContext & { readonly patient: string };
}

/** A worker signed in at the launch page. */
export interface EhrSession {
  readonly environment: Environment;
  readonly user: SignedIn;
}

interface Flow {
  readonly environment: Environment;
  /** Names the cookie of this way. */
  readonly flow: string;
  /** Hash of what the browser holds. */
  readonly browser: string;
}

/** Where somebody stands; under a secret that works once. */
export type SmartStep = Flow &
  (
    | { readonly kind: 'choose'; readonly asked: SmartAsked }
    | {
        readonly kind: 'sign-in';
        readonly provider: string;
        readonly nonce: string;
        /** Absent at the launch page, which no app asked for. */
        readonly asked?: SmartAsked;
      }
    | { readonly kind: 'patient'; readonly asked: SmartAsked; readonly user: SignedIn }
    | {
        readonly kind: 'consent';
        readonly asked: SmartAsked;
        readonly user: SignedIn;
        readonly scopes: readonly string[];
        readonly context: LaunchContext;
      }
  );

export type StepOf<K extends SmartStep['kind']> = Extract<SmartStep, { kind: K }>;

export const smartStepCollection = oneTimeCollection<SmartStep>('auth.smart-steps');
export const ehrSessionCollection = oneTimeCollection<EhrSession>('auth.smart-sessions');
export const ehrLaunchCollection = oneTimeCollection<EhrLaunch>('auth.smart-launches');

/** What the sweeper must know of. */
export const smartCollections = [smartStepCollection, ehrSessionCollection, ehrLaunchCollection];
