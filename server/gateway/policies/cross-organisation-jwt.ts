/**
 * `cross-organisation-jwt`: the call bears the token in which another organisation's system says for whom it calls. Owns
 * who must have been proved before that is believed, and the caller it makes; reading the token is handed in. A token of
 * this platform's own is none, and gets 401.
 */
import { bearerOf } from '../../../core/bearer.ts';
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { systemRefused } from '../accredited-systems.ts';
import {
  assertedCaller,
  otherToken,
  type Asserted,
  type AssertedContexts,
  type AssertingApp,
} from '../asserted-context.ts';
import { fieldsOf } from '../backends/directory-told.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';
import { certificateMissing } from './client-certificate.ts';
import { openSandboxApp } from './open-lane.ts';

export interface CrossOrganisationJwtConfig {
  readonly open: boolean;
  readonly asid: string;
  readonly signed: boolean;
  readonly people: 'any' | 'needed';
}

/** @param contexts reads the tokens */
export function crossOrganisationJwtKind(
  contexts: AssertedContexts,
): PolicyKind<CrossOrganisationJwtConfig> {
  return {
    phase: 'authenticate',
    summary:
      'Takes calls of other organisations’ systems: the client certificate proves the system, and the cross-organisation JWT in Authorization says for whom and why it calls. Each rule of the token that fails is named with what was expected and found: 400, 403 for another system or organisation than the call’s or for a scope that does not fit the method. 401 for a token that is no JWT, and for an access token in the form of one.',
    schema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        open: {
          type: 'boolean',
          default: false,
          description: 'Whether a call without a certificate is believed; in the sandbox only.',
        },
        asid: {
          type: 'string',
          pattern: '^[A-Za-z0-9-]{1,64}$',
          default: 'Ssp-From',
          description: 'The header that names the calling system.',
        },
        signed: {
          type: 'boolean',
          default: false,
          description: 'Whether the token must be signed with a registered key of the app.',
        },
        people: {
          enum: ['any', 'needed'],
          default: 'any',
          description: 'Whether the token must name a healthcare worker or a citizen.',
        },
      },
    },
    check: ({ open }, { environment }) =>
      open && environment !== 'sandbox' ? ['open: a system is believed in the sandbox only'] : [],
    create: (config, site) => {
      const { environment, definition } = site;
      const place = { environment, base: definition.base };
      const systemOf = config.open ? openly(contexts, proving(site)) : proving(site);
      return (next) => async (exchange) => {
        const named = asidIn(config.asid, exchange);
        const { app, odsCode, known } = await systemOf(exchange, named);
        const asserted = await contexts.read(tokenIn(exchange), exchange, place, {
          ...(app.asid === undefined ? {} : { asid: app.asid }),
          ...(odsCode === undefined ? {} : { odsCode }),
          ...(known ? { appId: app.appId } : {}),
          signed: config.signed,
        });
        checkPeople(config, asserted);
        const asid = app.asid ?? asserted.asid;
        const caller = assertedCaller(asid === undefined ? app : { ...app, asid }, asserted);
        exchange.facts.caller = caller;
        return next(exchange.with({ caller }));
      };
    },
  };
}

interface CallingSystem {
  readonly app: AssertingApp;
  readonly odsCode: string | undefined;
  /** Whether a certificate has proved it. */
  readonly known: boolean;
}

type SystemOf = (exchange: Exchange, asid: string | undefined) => Promise<CallingSystem>;

/** By its certificate. */
function proving({ services, environment }: PolicySite): SystemOf {
  return async (exchange, asid) => {
    const missing = certificateMissing(exchange);
    if (missing) throw missing;
    if (!services.accredited)
      throw new Problem('unavailable', 'Nobody judges accredited systems here');
    const { certificate } = exchange.peer;
    const found = await services.accredited({ certificate, asid, environment });
    if ('refusal' in found) throw systemRefused(found.refusal);
    const { appId, appName, scopes } = found.facts;
    const app = { appId, appName, scopes, asid: found.asid, grants: new Set<string>() };
    return { app, odsCode: found.odsCode, known: true };
  };
}

/** Without a certificate it is whom it says it is, if the directory has such a one. */
function openly(contexts: AssertedContexts, proved: SystemOf): SystemOf {
  return async (exchange, asid) => {
    if (exchange.peer.certificate) return proved(exchange, asid);
    const app = {
      ...{ appId: openSandboxApp, appName: 'Open sandbox', scopes: [] },
      ...(asid === undefined ? {} : { asid }),
      grants: new Set<string>(),
    };
    if (asid === undefined) return { app, odsCode: undefined, known: false };
    const odsCode = await contexts.organisationOf(asid, exchange);
    if (odsCode !== undefined) return { app, odsCode, known: false };
    throw new Problem(
      'forbidden',
      'Expected the ASID of a system in the directory, and found none',
      {
        code: 'ASID_CHECK_FAILED',
      },
    );
  };
}

function asidIn(header: string, exchange: Exchange): string | undefined {
  const values = fieldsOf(exchange, header);
  const value = values[0]?.trim() ?? '';
  if (values.length > 1 || (value !== '' && !/^[0-9]{12}$/.test(value)))
    throw new Problem(
      'invalid',
      `Expected one ASID of 12 digits in ${header}, and found otherwise`,
      {
        code: 'MISSING_OR_INVALID_HEADER',
      },
    );
  return value === '' ? undefined : value;
}

/** The token in Authorization. @throws Problem 400 where there is none, 401 for one that is none of these */
export function tokenIn(exchange: Exchange): string {
  const bearer = bearerOf(exchange);
  if ('fault' in bearer)
    throw new Problem('invalid', bearer.fault, { code: 'MISSING_OR_INVALID_HEADER' });
  if (bearer.token.includes('.')) return bearer.token;
  throw otherToken();
}

function checkPeople({ people }: CrossOrganisationJwtConfig, asserted: Asserted): void {
  const { userId, roleProfile, patient } = asserted;
  if (people === 'any' || (userId ?? roleProfile ?? patient) !== undefined) return;
  throw new Problem('forbidden', 'Expected a worker or a citizen in the token, and found neither', {
    code: 'ACCESS_DENIED',
  });
}
