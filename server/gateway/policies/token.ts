/**
 * `token`: the call bears an access token of the NHS face. Owns which access modes and sign-in levels a Proxy takes; judging
 * the token is access-token.ts's, and what it makes of its caller a table's.
 */
import type { Caller, Policy } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { CallerTable, GatewayTokenFacts, PolicyKind, PolicySite } from '../policy.ts';
import { accessToken, optionalToken, type AccessTokenOptions } from './access-token.ts';
import { standardCaller } from './standard-caller.ts';

export interface TokenConfig {
  readonly realm?: string;
  readonly callers: string;
  readonly api?: string;
  readonly modes?: readonly Caller['mode'][];
  readonly levels?: readonly string[];
  readonly optional: boolean;
}

export const token: PolicyKind<TokenConfig> = {
  phase: 'authenticate',
  summary:
    'Needs a live access token of this environment in Authorization. Missing, unknown, expired or revoked, or without a scope for this API: 401. Of an access mode or sign-in level that is not taken here: 403.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      realm: {
        type: 'string',
        pattern: '^[A-Za-z0-9._-]{1,64}$',
        description: 'Names the protection space in WWW-Authenticate; default the id of the API.',
      },
      callers: {
        type: 'string',
        description:
          'The table that makes a caller of a token. `standard` reads national scopes for this API; others are built in.',
        default: 'standard',
      },
      api: {
        type: 'string',
        pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
        description:
          'The name of this API in national scopes, for the table `standard`; default the id of the API.',
      },
      modes: {
        type: 'array',
        description: 'The access modes that are taken; default all.',
        items: { enum: ['worker', 'app', 'privileged', 'patient'] },
        minItems: 1,
        uniqueItems: true,
      },
      levels: {
        type: 'array',
        description:
          'The levels at which people must have signed in, each meant exactly; default all. Callers without a person are not asked.',
        items: { enum: ['aal1', 'aal2', 'aal3', 'p0', 'p5', 'p9'] },
        minItems: 1,
        uniqueItems: true,
      },
      optional: {
        type: 'boolean',
        description:
          'Whether calls without a token of ours are let in as nobody; one that has ended is refused all the same.',
        default: false,
      },
    },
  },
  check: ({ callers, api }) =>
    callers !== 'standard' && api !== undefined ? ['api is for the table standard alone'] : [],
  create: (config, site) => {
    const options = optionsOf(config, site);
    const nobody: Policy = (next) => next;
    return config.optional ? optionalToken(options, nobody) : accessToken(options);
  },
};

function optionsOf(config: TokenConfig, site: PolicySite): AccessTokenOptions<GatewayTokenFacts> {
  const { api, services } = site;
  const table = tableOf(config, site);
  const modes = config.modes && new Set(config.modes);
  const levels = config.levels && new Set(config.levels);
  return {
    realm: config.realm ?? api.id,
    judge: services.judge,
    refusedCaller: (facts) => table.refusedCaller(facts),
    toCaller(facts) {
      const caller = table.toCaller(facts);
      checkMode(modes, caller);
      checkLevel(levels, caller);
      return caller;
    },
  };
}

/** @throws Problem `invalid` for a table that there is not. */
function tableOf({ callers, api }: TokenConfig, site: PolicySite): CallerTable {
  if (callers === 'standard') return standardCaller(api ?? site.api.id);
  const tables = site.services.callers;
  const table = Object.hasOwn(tables, callers) ? tables[callers] : undefined;
  if (table) return table;
  const known = [...new Set(['standard', ...Object.keys(tables)])].join(', ');
  throw new Problem(
    'invalid',
    `There is no table of callers named ${callers}; there are: ${known}`,
  );
}

function checkMode(modes: ReadonlySet<string> | undefined, { mode }: Caller): void {
  if (!modes || modes.has(mode)) return;
  throw new Problem(
    'forbidden',
    `This API takes the access modes ${[...modes].join(', ')}, and the token is for ${mode} access`,
    { code: 'ACCESS_MODE' },
  );
}

function checkLevel(levels: ReadonlySet<string> | undefined, { mode, signIn }: Caller): void {
  if (!levels || mode === 'app' || mode === 'privileged') return;
  const level = signIn?.level.toLowerCase();
  if (level !== undefined && levels.has(level)) return;
  throw new Problem(
    'forbidden',
    `This API takes sign-ins at ${[...levels].join(', ')}, and this one is at ${level ?? 'none'}`,
    { code: 'SIGN_IN_LEVEL' },
  );
}
