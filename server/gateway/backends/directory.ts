/**
 * The back end that is looked up for each call: an organisation and an interaction become the address and the ASID of a
 * system of the Spine Directory, which is called with the platform's certificate and told between whom the call goes.
 * Owns what a call must tell; the look-up is the directory's (directory-routes.ts), the connections are directory-targets.ts's.
 */
import type { Exchange } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { DirectoryBackend, Told } from '../../catalogue/proxies.ts';
import type { Backend, BackendSite } from '../backend.ts';
import type { LookUpTerms, RouteQuery } from '../directory-routes.ts';
import { createTargets } from './directory-targets.ts';
import { readTold, toldFields, withoutTold, wordsOf } from './directory-told.ts';
import { tellSpineFacts } from './identity-facts.ts';

const standardTimeout = 10_000;
const standardConnections = 8;
const standardTargets = 200;
/** Seconds; as clients of the directory keep its answers. */
const standardKept = 900;

/** @throws Problem `invalid` where there is no directory. */
export function directoryBackend(definition: DirectoryBackend, site: BackendSite): Backend {
  const { directory } = site.services;
  if (!directory) throw new Problem('invalid', 'There is no Spine Directory here');
  const { organisation, interaction, partyKey } = definition;
  const all = [organisation, interaction, ...(partyKey === undefined ? [] : [partyKey])];
  const targets = createTargets(
    {
      ...targetTerms(definition),
      passing: definition.authorization === 'pass' ? ['authorization'] : [],
      withheld: toldFields(all),
    },
    site,
  );
  const view = directory.viewOf(site.environment);
  return {
    handler: async (exchange) => {
      const from = senderOf(definition, exchange);
      const query = queryOf(definition, exchange);
      const found = await directory.route(query, lookUpTerms(definition, exchange, view));
      const traceId = traceIdOf(exchange, () => site.services.clock.newId());
      tellSpineFacts(exchange, { traceId, from, to: found.asid, interaction: found.interaction });
      return targets.call(found, withoutTold(exchange, all));
    },
    close: () => targets.close(),
  };
}

/** What a definition says of its targets, with the defaults. */
export function targetTerms(definition: {
  readonly timeout?: number;
  readonly connections?: number;
  readonly targets?: number;
}) {
  const { timeout = standardTimeout } = definition;
  const { connections = standardConnections, targets = standardTargets } = definition;
  return { timeout, connections, targets };
}

/**
 * In which view a call looks, and whether it wants to know anew (RFC 9111 5.2.1.4).
 * @param common the view of calls that are in none of their own
 */
export function lookUpTerms(
  { kept = standardKept }: { readonly kept?: number },
  { workspace, headers }: Exchange,
  common: string,
): LookUpTerms {
  const view = workspace === '' ? common : workspace;
  const control = headers['cache-control'] ?? '';
  return { view, kept, fresh: /(^|,)\s*no-cache\s*(,|$)/i.test(control.slice(0, 500)) };
}

/** The id of the chain of calls: the caller's, when it can stand in a field. */
export function traceIdOf({ headers }: Exchange, newId: () => string): string {
  const told = [headers['ssp-traceid'], headers['x-correlation-id'], headers['x-request-id']];
  return told.find((id) => id !== undefined && /^[A-Za-z0-9.-]{8,64}$/.test(id)) ?? newId();
}

function senderOf({ sender }: DirectoryBackend, { caller, environment }: Exchange): string {
  const asid = caller?.asid ?? sender;
  if (asid !== undefined) return asid;
  throw new Problem(
    'forbidden',
    `The app has no ASID in ${environment}, and systems of the directory are called with one: its deployment must be approved first`,
    { code: 'NO_ASID' },
  );
}

function queryOf(definition: DirectoryBackend, exchange: Exchange): RouteQuery {
  const { organisation, interaction, partyKey } = definition;
  const query = {
    organisation: needed(organisation, exchange, 'the ODS code of an organisation', odsCode),
    interaction: needed(interaction, exchange, 'a service-interaction id', interactionId),
  };
  const party = partyKey && readTold(partyKey, exchange);
  if (partyKey === undefined || party === undefined) return query;
  return { ...query, partyKey: fit(party, partyKey, 'a party key', partyKeyForm) };
}

const odsCode = /^[A-Za-z0-9]{1,12}$/;
const interactionId = /^[A-Za-z0-9:._-]{3,200}$/;
const partyKeyForm = /^[A-Za-z0-9]{1,12}-[0-9]{1,10}$/;

function needed(told: Told, exchange: Exchange, what: string, form: RegExp): string {
  const value = readTold(told, exchange);
  if (value !== undefined) return fit(value, told, what, form);
  throw new Problem('invalid', `Expected ${what} in ${wordsOf(told)}, and found nothing`, {
    code: 'MISSING_VALUE',
  });
}

function fit(value: string, told: Told, what: string, form: RegExp): string {
  if (form.test(value)) return value;
  throw new Problem(
    'invalid',
    `Expected ${what} in ${wordsOf(told)}, and found what cannot be one`,
    { code: 'INVALID_VALUE' },
  );
}
