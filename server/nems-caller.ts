/**
 * `nems-system`: which system calls the national events service, for which operation, and for whom. Owns the header fields
 * and their order: sender, receiver and interaction, then certificate and directory, then the token, which says for whom.
 */
import type { Caller, Exchange } from '../core/exchange.ts';
import type { Problem } from '../core/problem.ts';
import { operationOf, type Operation } from '../spine/nems/api.ts';
import { nemsError } from '../spine/nems/errors.ts';
import { eventTypes, publishedBy, subscriptionInteractions } from '../spine/nems/event-types.ts';
import type { LookUps } from '../spine/mhs/look-ups.ts';
import { systemRefused } from './gateway/accredited-systems.ts';
import {
  assertedCaller,
  type AssertedContexts,
  type AssertingApp,
} from './gateway/asserted-context.ts';
import { fieldsOf } from './gateway/backends/directory-told.ts';
import { believing, isBelieved } from './gateway/policies/believed.ts';
import { certificateMissing } from './gateway/policies/client-certificate.ts';
import { tokenIn } from './gateway/policies/cross-organisation-jwt.ts';
import { openSandboxApp } from './gateway/policies/open-lane.ts';
import type { PolicyKind, PolicySite } from './gateway/policy.ts';
import { eventsBase, nemsStem } from './nems-proxies.ts';

export interface NemsCallerOptions {
  readonly contexts: Pick<AssertedContexts, 'read'>;
  readonly lookUps: Pick<LookUps, 'system'>;
  /** The ODS code of the national services, whose the receiving system is. */
  readonly organisation: string;
}

const scopes: Readonly<Record<Operation, string>> = {
  publish: 'patient/Bundle.write',
  create: 'patient/Subscription.write',
  read: 'patient/Subscription.read',
  remove: 'patient/Subscription.write',
};

export function nemsSystem(options: NemsCallerOptions): PolicyKind {
  return {
    phase: 'authenticate',
    summary:
      'Takes calls of the national events service: fromASID, toASID and InteractionID must fit the operation, the client certificate must be that of the system in fromASID, which must be assured for the interaction, and the token in Authorization must name the same system and its organisation. In a sandbox calls without a certificate are believed.',
    ...believing('a system'),
    create: (config, site) => (next) => async (exchange) => {
      const operation = operationOf(exchange, site.definition.base === eventsBase);
      if (!operation) return next(exchange); // there is no such operation, which is for the API to say
      const caller = await callerOf(options, site, exchange, {
        operation,
        isOpen: isBelieved(config, exchange),
      });
      exchange.facts.caller = caller;
      return next(exchange.with({ caller }));
    },
  };
}

interface Asked {
  readonly operation: Operation;
  readonly isOpen: boolean;
}

async function callerOf(
  options: NemsCallerOptions,
  site: PolicySite,
  exchange: Exchange,
  { operation, isOpen }: Asked,
): Promise<Caller> {
  const asid = asidIn(exchange, 'fromASID');
  const receiver = asidIn(exchange, 'toASID');
  const interaction = interactionIn(exchange, operation);
  const missing = isOpen ? undefined : certificateMissing(exchange);
  if (missing) throw missing;
  const { app, odsCode } = await (isOpen ? believed : proved)(options, site, exchange, {
    asid,
    interaction,
  });
  await checkReceiver(options, exchange, receiver);
  const { environment, definition } = site;
  const base = [nemsStem, definition.base, ''];
  const asserted = await options.contexts.read(
    tokenIn(exchange),
    exchange,
    { environment, base },
    {
      ...{ asid, odsCode, signed: false, scopes: [scopes[operation]] },
      ...(isOpen ? {} : { appId: app.appId }),
    },
  );
  return assertedCaller(app, asserted);
}

interface Claimed {
  readonly asid: string;
  readonly interaction: string;
}

interface CallingSystem {
  readonly app: AssertingApp;
  readonly odsCode: string;
}

/** By its certificate. */
async function proved(
  _options: NemsCallerOptions,
  { services, environment }: PolicySite,
  { peer: { certificate } }: Exchange,
  claimed: Claimed,
): Promise<CallingSystem> {
  const found = await services.accredited?.({ certificate, environment, ...claimed });
  if (!found) throw nemsError('INTERNAL_SERVER_ERROR', 'Nobody judges accredited systems here');
  if ('refusal' in found) throw systemRefused(found.refusal);
  const { asid, odsCode, facts } = found;
  const { appId, appName, scopes: rights } = facts;
  return { app: { appId, appName, scopes: rights, asid, grants: new Set() }, odsCode };
}

/** In a sandbox it is whom it says it is, if the directory has such a one. */
async function believed(
  { lookUps }: NemsCallerOptions,
  _site: PolicySite,
  { workspace }: Exchange,
  { asid, interaction }: Claimed,
): Promise<CallingSystem> {
  const system = await lookUps.system(asid, workspace);
  if (!system) throw checkFailed('fromASID', 'a system of the directory', 'none');
  if (!system.interactions.includes(interaction))
    throw checkFailed(
      'fromASID',
      'a system that is assured for the interaction',
      'one that is not',
    );
  const names = { appId: openSandboxApp, appName: 'Open sandbox', scopes: [] };
  return { app: { ...names, asid, grants: new Set() }, odsCode: system.odsCode };
}

async function checkReceiver(
  { lookUps, organisation }: NemsCallerOptions,
  { workspace }: Exchange,
  asid: string,
): Promise<void> {
  const system = await lookUps.system(asid, workspace);
  if (system?.odsCode !== organisation)
    throw checkFailed('toASID', `a system of the national services, ${organisation}`, 'another');
}

function asidIn(exchange: Exchange, name: string): string {
  const [value = '', second] = fieldsOf(exchange, name);
  if (second === undefined && /^[0-9]{12}$/.test(value.trim())) return value.trim();
  const found = value === '' ? 'none' : second === undefined ? 'something else' : 'several';
  throw badField(name, 'one ASID of 12 digits', found);
}

function interactionIn(exchange: Exchange, operation: Operation): string {
  const [value = '', second] = fieldsOf(exchange, 'InteractionID');
  const sent = value.trim();
  const found = sent === '' ? 'none' : second === undefined ? 'another' : 'several';
  if (operation === 'publish') {
    if (second === undefined && publishedBy(sent)) return sent;
    throw badField(
      'InteractionID',
      `urn:nhs:names:services:events:<event>.Write for one of ${eventTypes.map(({ code, published = code }) => published).join(', ')}`,
      found,
    );
  }
  const expected = subscriptionInteractions[operation];
  if (second === undefined && sent === expected) return sent;
  throw badField('InteractionID', expected, found);
}

function badField(name: string, expected: string, found: string): Problem {
  return nemsError('MISSING_OR_INVALID_HEADER', `${name}: expected ${expected}, found ${found}`);
}

function checkFailed(name: string, expected: string, found: string): Problem {
  return nemsError('ASID_CHECK_FAILED', `${name}: expected ${expected}, found ${found}`);
}
