/** What every page of a sign-in needs to know. Only types. */
import type { Identities } from './identities.ts';
import type { ProviderKind } from './kinds.ts';

/** What every page of a sign-in needs. */
export interface PageFacts {
  readonly kind: ProviderKind;
  readonly people: Identities;
  readonly clientName: string;
  /** Where the answer goes: absolute, for scripted clients take it as it stands. */
  readonly action: string;
  readonly search: { readonly action: string; readonly secret: string };
  readonly redirectUri: string;
}
