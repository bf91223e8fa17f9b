/**
 * User context as an application's server gets it: a ticket becomes a role assertion, which is read and judged, the role is
 * checked, and two tokens are made of it: the access token of this platform, and the cross-organisation JWT that older
 * interfaces take. `POST /check` judges an assertion that is sent and tells the rule that failed; it gives nothing for it.
 */
import type { KeyObject } from 'node:crypto';
import type { Exchange, Handler } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes } from '../../core/routes.ts';
import { lifetime, reasons } from './claims.ts';
import { makeCrossOrganisationToken, type CrossOrganisationOrder } from './make-token.ts';
import { audienceOf, type RoleAssertion } from './role-assertion.ts';
import { readRoleAssertion } from './role-assertion-read.ts';
import { checkRole, rolePattern } from './role-assertion-roles.ts';
import { claimsOfAssertion, signClaims } from './role-assertion-token.ts';
import { jsonReply, membersOf, neededIn, textIn, textsIn, type Members } from './ticket-bodies.ts';
import type { ToldSession } from './ticket-broker.ts';

export interface UserContextOptions {
  /** Asks the broker; never a caller. */
  readonly assertion: (ask: {
    readonly ticket: string;
    readonly environment: string;
    readonly asid: string;
    readonly address: string;
  }) => Promise<string | Buffer>;
  readonly session: (ticket: string, environment: string) => Promise<ToldSession>;
  /** The broker's private key; its public half checks. */
  readonly key: () => Promise<KeyObject>;
  readonly issuer: (environment: string) => string;
  /** The organisation of an accredited system, as the directory has it. */
  readonly organisationOf: (asid: string, exchange: Exchange) => Promise<string | undefined>;
  readonly national: (code: string) => boolean;
  readonly clock: { now(): number; newId(): string };
}

export function userContextApi(options: UserContextOptions): Handler {
  return routes({
    'POST /token': (exchange) => giveTokens(options, exchange),
    'POST /check': (exchange) => check(options, exchange),
  });
}

/** Of an assertion that is sent to be checked, in bytes. */
const largest = 32 * 1024;

async function check({ key, issuer, clock }: UserContextOptions, exchange: Exchange) {
  const { environment, body } = exchange;
  const read = readRoleAssertion(await body.bytes(largest), {
    ...{ now: clock.now(), key: await key(), issuer: issuer(environment) },
    audience: audienceOf(asidOf(exchange)),
  });
  return jsonReply({ valid: true, ...shown(read) });
}

async function giveTokens(options: UserContextOptions, exchange: Exchange) {
  const members = await membersOf(exchange, [
    ...['ticket', 'audience', 'reason', 'scopes', 'profile', 'roles', 'activities'],
  ]);
  const asid = asidOf(exchange);
  const odsCode = await options.organisationOf(asid, exchange);
  if (odsCode === undefined)
    throw new Problem('forbidden', 'Expected the ASID of a system in the directory', {
      code: 'ASID_CHECK_FAILED',
    });
  const ticket = neededIn(members, 'ticket', /^[A-Za-z0-9+/=@#]{1,300}$/);
  const order = orderOf(members, { now: options.clock.now(), asid, odsCode });
  const assertion = await assertionFor(options, exchange, ticket, asid);
  const { national } = options;
  checkRole(assertion.selected, { national, odsCode, ...needOf(members) });
  const access = await accessToken(options, exchange, { assertion, ticket, asid });
  return jsonReply({
    ...access,
    token_type: 'Bearer',
    cross_organisation_token: makeCrossOrganisationToken({ ...order, ...personOf(assertion) }),
    cross_organisation_expires_in: lifetime,
    user: shown(assertion),
  });
}

async function assertionFor(
  options: UserContextOptions,
  { environment, peer: { address } }: Exchange,
  ticket: string,
  asid: string,
): Promise<RoleAssertion> {
  const source = await options.assertion({ ticket, environment, asid, address });
  return readRoleAssertion(source, {
    ...{ now: options.clock.now(), key: await options.key(), ticket },
    ...{ issuer: options.issuer(environment), audience: audienceOf(asid) },
  });
}

async function accessToken(
  { session, issuer, clock, key }: UserContextOptions,
  { environment, caller }: Exchange,
  { assertion, ticket, asid }: { assertion: RoleAssertion; ticket: string; asid: string },
) {
  const { id, until } = await session(ticket, environment);
  const claims = claimsOfAssertion(assertion, {
    ...{ issuer: issuer(environment), appId: caller?.appId ?? '', asid, session: id, until },
    ...{ now: clock.now(), id: clock.newId() },
  });
  return {
    access_token: signClaims(claims, await key()),
    expires_in: claims.exp - claims.iat,
  };
}

function asidOf({ caller }: Exchange): string {
  if (caller?.asid !== undefined) return caller.asid;
  throw new Problem('invalid', 'Expected the ASID of the calling system', {
    code: 'MISSING_VALUE',
  });
}

type Order = Omit<CrossOrganisationOrder, 'user'>;

function orderOf(
  members: Members,
  known: Pick<CrossOrganisationOrder, 'now' | 'asid' | 'odsCode'>,
): Order {
  const profile = textIn(members, 'profile', /^(spine|gp-connect)$/);
  const reason = textIn(members, 'reason', /^[a-z]{1,30}$/) ?? 'directcare';
  const audience = neededIn(members, 'audience', /^https?:\/\/[\x21-\x7e]{1,480}$/);
  const found = reasons.find((one) => one === reason);
  if (!found || found === 'patientaccess')
    throw new Problem('invalid', 'Expected directcare or secondaryuses in reason', {
      code: 'INVALID_VALUE',
    });
  return {
    ...{ profile: profile === 'gp-connect' ? 'gp-connect' : 'spine', audience, reason: found },
    ...{ ...known, issuer: `urn:oid:1.2.826.0.1285.0.2.0.107.${known.asid}` },
    scopes: textsIn(members, 'scopes', /^(patient|organization|user)\/\*\.(read|write)$/) ?? [
      'patient/*.read',
    ],
  };
}

function needOf(members: Members) {
  const roles = textsIn(members, 'roles', rolePattern);
  const activities = textsIn(members, 'activities', /^B\d{4}$/);
  return { ...(roles ? { roles } : {}), ...(activities ? { activities } : {}) };
}

function personOf({ userId, name, selected }: RoleAssertion): Pick<CrossOrganisationOrder, 'user'> {
  const [family = '', ...given] = name.split(' ');
  return { user: { roleProfile: selected.id, id: userId, family, given: given.join(' ') } };
}

function shown({ userId, name, mode, selected, roles }: RoleAssertion) {
  return { userId, name, level: 'aal3', mode, role: selected, roles: roles.map(({ id }) => id) };
}
