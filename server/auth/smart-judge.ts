/**
 * What a token of the SMART face is, now: live, of its environment, of an app that may still call, with the scopes that it
 * still has. Owns that judgement; whom it makes of its caller is told by the composition.
 */
import { grantScopes } from '../../core/smart-scopes.ts';
import type { Catalogue, Client } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { Families, Family, LiveToken } from './families.ts';
import { registeredScopes } from './smart-doors.ts';

export interface SmartTokenFacts {
  readonly client: Client;
  readonly family: Family;
  /** The scopes of the token that the app still has, as they were spelled. */
  readonly scopes: readonly string[];
  /** All scopes of the app's products. */
  readonly given: ReadonlySet<string>;
}

export type JudgedSmartToken =
  | {
      readonly state: 'live';
      readonly facts: SmartTokenFacts;
      readonly token: LiveToken;
      /** What it is bound to (RFC 8705). */
      readonly certificate: string | undefined;
    }
  | { readonly state: 'unknown' | 'expired' | 'revoked' };

export type JudgeSmartToken = (token: string) => Promise<JudgedSmartToken>;

interface Made {
  readonly facts: SmartTokenFacts;
  readonly of: LiveToken['scopes'];
}

export function createSmartJudge(
  { families, catalogue }: { readonly families: Families; readonly catalogue: Catalogue },
  environment: Environment,
): JudgeSmartToken {
  // Made once per token, for as long as app and subscriptions stay as they are.
  const made = new WeakMap<Family, Made>();
  return async (text) => {
    const judged = await families.judge(text);
    if (judged.state !== 'live') return judged;
    const { family, token } = judged;
    const client = catalogue.client(family.clientId);
    if (
      family.face !== 'smart' ||
      family.environment !== environment ||
      client?.registration.state !== 'approved'
    )
      return { state: 'revoked' };
    const { certificate } = family;
    const given = catalogue.scopes(family.appId, environment);
    const known = made.get(family);
    if (known?.facts.client === client && known.facts.given === given && known.of === token.scopes)
      return { state: 'live', facts: known.facts, token, certificate };
    const registered = registeredScopes(catalogue, client, environment);
    const scopes = grantScopes(token.scopes ?? family.scopes, registered);
    const facts = { client, family, scopes, given };
    made.set(family, { facts, of: token.scopes });
    return { state: 'live', facts, token, certificate };
  };
}
