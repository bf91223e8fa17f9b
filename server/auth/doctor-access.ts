/**
 * The doctor's look at an access token: opaque, so that there is nothing to decode; what stands behind it is looked up and
 * told to whoever presents it, for that is possession. Of the person behind it nothing is told but the level.
 */
import { accessRules, type AccessAsked, type AccessState } from './doctor-access-rules.ts';
import type { Examined } from './doctor-shape.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { Face, Judged } from './families.ts';
import { report } from './rules.ts';
import { digest, sameDigest } from './tokens.ts';

/** What is told of a token that this server gave out. */
export interface TokenTold {
  readonly state: Judged['state'];
  readonly face: Face;
  readonly environment: Environment;
  readonly app: { readonly clientId: string; readonly name: string };
  readonly grant: string;
  readonly scopes: readonly string[];
  readonly secondsLeft: number;
  /** Who vouched for a person, and at which level; absent for an app on its own. */
  readonly signIn?: { readonly provider: string; readonly level: string };
  /** How PDS would let it act. */
  readonly accessMode?: string;
}

export type AccessExamined = Examined & { readonly token?: TokenTold };

export async function examineAccessToken(asked: AccessAsked): Promise<AccessExamined> {
  const state = await lookUp(asked);
  const findings = await report(accessRules, state);
  const told = toldOf(state);
  const unknownInSandbox = asked.environment === 'sandbox' && state.judged.state === 'unknown';
  return {
    findings,
    notes: unknownInSandbox
      ? ['The open lane of the sandbox takes a token that it does not know for none at all.']
      : [],
    ...(told ? { token: told } : {}),
  };
}

async function lookUp(asked: AccessAsked): Promise<AccessState> {
  const { text, families, apiAccess } = asked;
  const judged = await families.judge(text);
  const family = (await families.familyOf(text))?.family;
  const hash = digest(text);
  const own = family?.access.find((one) => sameDigest(one.hash, hash));
  const judgeable = judged.state === 'live' && family?.face === 'nhs';
  const api = judgeable ? await apiAccess(text, family.environment) : undefined;
  return { asked, judged, family, own, api };
}

function toldOf({ asked, judged, family, own, api }: AccessState): TokenTold | undefined {
  if (!family) return undefined;
  const { app } = asked.catalogue.client(family.clientId) ?? {};
  const { face, environment, clientId, grant, user } = family;
  const scopes = own?.scopes ?? family.scopes;
  return {
    state: judged.state,
    face,
    environment,
    app: { clientId, name: app?.name ?? '' },
    grant,
    scopes,
    secondsLeft:
      judged.state === 'live'
        ? Math.max(0, Math.floor(((own?.ends ?? 0) - asked.now()) / 1000))
        : 0,
    ...(user ? { signIn: { provider: user.provider, level: user.level } } : {}),
    ...(api && 'mode' in api ? { accessMode: api.mode } : {}),
  };
}
