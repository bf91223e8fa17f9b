/**
 * Who a token makes of its caller at an API that has no table of its own: the access mode from the national scopes for that
 * API. Owns that reading; which modes and levels an API takes, its Proxy says (token.ts).
 */
import type { AccessMode, Caller } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { isNhsNumber } from '../../../fhir/identifiers.ts';
import type { CallerTable, GatewayTokenFacts } from '../policy.ts';

/** The table for one API. @param api its name in scopes: `urn:nhsd:apim:app:level3:<api>` */
export function standardCaller(api: string): CallerTable {
  const modes = modesOf(api);
  // A token makes the same caller each time, for as long as its facts stay the same object.
  const known = new WeakMap<GatewayTokenFacts, Caller>();
  return {
    refusedCaller,
    toCaller(facts) {
      let caller = known.get(facts);
      if (!caller) known.set(facts, (caller = toCaller(modes, facts)));
      return caller;
    },
  };
}

/** NHS login's highest level is more than who somebody is: the second factor counts too. */
const vectors = ['P9.Cp.Cd', 'P9.Cp.Ck', 'P9.Cm'];

type Modes = readonly (readonly [scope: string, mode: AccessMode])[];

/** The first that fits. In lower case, as levels are written both ways. */
function modesOf(api: string): Modes {
  const scope = (family: string) => `urn:nhsd:apim:${family}:${api}`.toLowerCase();
  return [
    [scope('user-nhs-login:p9'), 'patient'],
    [scope('user-nhs-login:p5'), 'patient'],
    [scope('user-nhs-login:p0'), 'patient'],
    ...['user-nhs-cis2', 'user-nhs-id'].flatMap((family): Modes =>
      ['aal3', 'aal2', 'aal1'].map((level) => [scope(`${family}:${level}`), 'worker'] as const),
    ),
    [`urn:nhsd:apim:app:level3:privileged-${api}`.toLowerCase(), 'privileged'],
    [scope('app:level3'), 'app'],
  ];
}

function toCaller(modes: Modes, facts: GatewayTokenFacts): Caller {
  const held = new Set(facts.scopes.map((scope) => scope.toLowerCase()));
  const mode = modes.find(([scope]) => held.has(scope))?.[1];
  if (mode === undefined)
    throw new Problem('unauthenticated', 'Invalid API call as no apiproduct match found');
  const person = mode === 'worker' || mode === 'patient';
  if (person && !facts.signIn)
    throw new Problem('forbidden', 'Nobody signed in for this token', { code: 'ACCESS_MODE' });
  const { appId, appName, scopes, asid, signIn, userId } = facts;
  return {
    ...{ appId, appName, mode, scopes, grants: new Set<string>() },
    ...(asid === undefined ? {} : { asid }),
    ...(person && signIn ? { signIn } : {}),
    ...(person && userId !== undefined ? { userId } : {}),
    ...(mode === 'patient' ? patientOf(facts) : {}),
  };
}

/** Only whoever was identified at the highest level is taken for the patient of an NHS number. */
function patientOf({ nhsNumber, vot, signIn }: GatewayTokenFacts): Partial<Caller> {
  if (signIn?.level.toLowerCase() !== 'p9') return {};
  if (nhsNumber === undefined || !isNhsNumber(nhsNumber) || !vectors.includes(vot ?? ''))
    throw new Problem('forbidden', 'The patient was not identified well enough', {
      code: 'SIGN_IN_LEVEL',
    });
  return { nhsNumber };
}

function refusedCaller({ appId, appName, scopes, signIn, userId }: GatewayTokenFacts): Caller {
  const mode = !signIn ? 'app' : signIn.level.toLowerCase().startsWith('p') ? 'patient' : 'worker';
  return {
    ...{ appId, appName, mode, scopes, grants: new Set<string>() },
    ...(userId === undefined ? {} : { userId }),
  };
}
