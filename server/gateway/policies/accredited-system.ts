/**
 * `accredited-system`: the call comes from an accredited system, which its certificate and the directory agree on. Owns where
 * the call says which system it is, and who that makes of the caller; the checks are server/accredited.ts's.
 */
import type { Caller, Exchange, Policy } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { systemRefused, type AccreditedCall, type SystemClaim } from '../accredited-systems.ts';
import type { CallerTable, PolicyKind, PolicySite } from '../policy.ts';
import { certificateMissing } from './client-certificate.ts';
import { noCredential } from './credential.ts';
import { standardCaller } from './standard-caller.ts';

export interface AccreditedSystemConfig {
  readonly asid: string;
  readonly organisation?: string;
  readonly interaction?: string;
  readonly interactionHeader?: string;
  readonly callers: string;
  readonly api?: string;
}

const header = { type: 'string', pattern: '^[A-Za-z0-9-]{1,64}$' };

export const accreditedSystem: PolicyKind<AccreditedSystemConfig> = {
  phase: 'authenticate',
  summary:
    'Takes calls of accredited systems: the certificate, the ASID that the call names, its organisation and interaction must agree with the directory, and the deployment must be live. The app of the deployment is the caller, with its application rights, and for a worker or citizen whom a cross-organisation token names where the app has the right to; behind `token` it must be the app of the token. Refused with 403 and ACCESS_DENIED_SSL or ASID_CHECK_FAILED and what was expected, or 400 where no ASID is named.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      asid: {
        ...header,
        description: 'The header that names the system: `NHSD-ASID`, `Ssp-From`.',
        default: 'NHSD-ASID',
      },
      organisation: {
        ...header,
        description: 'The header that names its organisation (ODS code); absent: nobody looks.',
      },
      interaction: {
        type: 'string',
        maxLength: 200,
        description: 'The interaction of all calls, which the system must be assured for.',
      },
      interactionHeader: {
        ...header,
        description: 'The header that names the interaction, in place of `interaction`.',
      },
      callers: {
        type: 'string',
        description:
          'The table that makes a caller of the application rights, as in the policy `token`.',
        default: 'standard',
      },
      api: {
        type: 'string',
        pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
        description:
          'The name of this API in national scopes, for the table `standard` and for whom a system may call; default the id of the API.',
      },
    },
  },
  check: ({ interaction, interactionHeader }) =>
    interaction !== undefined && interactionHeader !== undefined
      ? ['interaction and interactionHeader: give one of them']
      : [],
  create: (config, site) => policyOf(config, site),
};

function policyOf(config: AccreditedSystemConfig, site: PolicySite): Policy {
  const { accredited, userContext } = site.services;
  const table = tableOf(config, site);
  const claim = claimReader(config, site);
  return (next) => async (exchange) => {
    const missing = certificateMissing(exchange);
    if (missing) throw missing;
    if (!accredited) throw new Problem('unavailable', 'Nobody judges accredited systems here');
    const found = await accredited(claim(exchange));
    if ('refusal' in found) throw systemRefused(found.refusal);
    const known = exchange.caller;
    if (!known && exchange.headers.authorization !== undefined) {
      const user = await userContext?.(exchange, found);
      // A token of ours is judged by the policy for tokens.
      if (!user) throw noCredential(unread());
      if (user.mode === 'app') applicationOf(table, found, exchange);
      else if (!mayActFor(user.mode, found, config.api ?? site.api.id)) {
        exchange.facts.caller = table.refusedCaller(found.facts);
        throw noUserRight(user.mode);
      }
      return next(exchange.with({ caller: noted(exchange, user) }));
    }
    const caller = known ? sameApp(known, found) : applicationOf(table, found, exchange);
    return next(exchange.with({ caller: noted(exchange, caller) }));
  };
}

function claimReader(
  { asid, organisation, interaction, interactionHeader }: AccreditedSystemConfig,
  { environment }: PolicySite,
): (exchange: Exchange) => SystemClaim {
  const names = [asid, organisation, interactionHeader].map((name) => name?.toLowerCase());
  return (exchange) => {
    const [system, code, asked] = names.map((name) =>
      name === undefined ? undefined : exchange.headers[name]?.trim(),
    );
    const used = interactionHeader === undefined ? interaction : (asked ?? '');
    return {
      ...{ certificate: exchange.peer.certificate, asid: system, environment },
      ...(code === undefined ? {} : { odsCode: code }),
      ...(used === undefined ? {} : { interaction: used }),
    };
  };
}

function noted(exchange: Exchange, caller: Caller): Caller {
  exchange.facts.caller = caller;
  return caller;
}

function sameApp(caller: Caller, { asid, facts }: AccreditedCall): Caller {
  if (caller.appId === facts.appId) return { ...caller, asid };
  throw new Problem(
    'forbidden',
    `The token is of another app than the one that ASID ${asid} belongs to`,
    { code: 'ASID_CHECK_FAILED' },
  );
}

function applicationOf(table: CallerTable, { facts }: AccreditedCall, exchange: Exchange): Caller {
  try {
    return table.toCaller(facts);
  } catch (error) {
    exchange.facts.caller = table.refusedCaller(facts);
    const problem = Problem.from(error);
    // A 401 asks for a credential; this one was proved, and its app has no such right.
    throw problem.kind === 'unauthenticated'
      ? new Problem('forbidden', 'The app of this system has no application right to this API', {
          code: 'NO_SUBSCRIPTION',
          cause: error,
        })
      : error;
  }
}

/** Whom a call is for the system says itself: for that its app must have the right to call for such users. */
function mayActFor(mode: string, { facts: { userScopes = [] } }: AccreditedCall, api: string) {
  const signIns = mode === 'patient' ? ['user-nhs-login:p9'] : workerSignIns;
  const needed = signIns.map((one) => `urn:nhsd:apim:${one}:${api}`.toLowerCase());
  if (mode === 'worker') needed.push(`${api}:user-restricted`.toLowerCase());
  return userScopes.some((scope) => needed.includes(scope.toLowerCase()));
}

const workerSignIns = ['user-nhs-cis2', 'user-nhs-id'].flatMap((family) =>
  ['aal1', 'aal2', 'aal3'].map((level) => `${family}:${level}`),
);

function noUserRight(mode: string): Problem {
  return new Problem(
    'forbidden',
    `The token names a ${mode}, and the app of this system has no right to call this API for one`,
    { code: 'NO_SUBSCRIPTION' },
  );
}

function unread(): Problem {
  return new Problem('forbidden', 'Authorization bears nothing that says who the user is', {
    code: 'ACCESS_DENIED',
  });
}

/** @throws Problem `invalid` for a table that there is not. */
function tableOf({ callers, api }: AccreditedSystemConfig, site: PolicySite): CallerTable {
  if (callers === 'standard') return standardCaller(api ?? site.api.id);
  const tables = site.services.callers;
  const table = Object.hasOwn(tables, callers) ? tables[callers] : undefined;
  if (!table) throw new Problem('invalid', `There is no table of callers named ${callers}`);
  return table;
}
