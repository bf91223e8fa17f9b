/** Finds accredited systems and message handlers by what is known of them, through the most telling index. */
import { setImmediate } from 'node:timers/promises';
import { Problem } from '../../core/problem.ts';
import type { AccreditedSystem, HandlerQuery, MessageHandler, SystemQuery } from './directory.ts';
import { hostOf, keyPart } from './directory-keys.ts';
import { byKeys, type Entries } from './directory-search.ts';
import { comparable } from './schema.ts';
import type { Lookup } from './search-plan.ts';
import { toHandler, toSystem } from './service-entries.ts';

/** Found before other work has its turn. */
const turn = 50;

/** As `Directory.systems`. @throws Problem `invalid` when nothing is asked for */
export async function systems(
  entries: Entries,
  query: SystemQuery,
  limit = 1000,
): Promise<readonly AccreditedSystem[]> {
  const found: AccreditedSystem[] = [];
  for await (const [, entry] of byKeys(entries, [systemLookup(query)])) {
    const system = toSystem(entry);
    if (system && isAsked(system, query)) found.push(system);
    if (found.length % turn === turn - 1) await setImmediate();
  }
  return found.sort((a, b) => compare(a.asid, b.asid)).slice(0, limit);
}

/** As `Directory.handlers`. @throws Problem `invalid` when nothing is asked for */
export async function handlers(
  entries: Entries,
  query: HandlerQuery,
  limit = 1000,
): Promise<readonly MessageHandler[]> {
  const found: MessageHandler[] = [];
  for await (const [, entry] of byKeys(entries, [handlerLookup(query)])) {
    const handler = toHandler(entry);
    if (handler && isMeant(handler, query)) found.push(handler);
    if (found.length % turn === turn - 1) await setImmediate();
  }
  return found.sort((a, b) => compare(a.id, b.id)).slice(0, limit);
}

const { ignoring, exact, host } = keyPart;

function systemLookup({ asid, odsCode, interaction, partyKey, manufacturer }: SystemQuery): Lookup {
  if (asid !== undefined) return { index: 'identifier', equals: [ignoring(asid)] };
  if (partyKey !== undefined) return { index: 'party', equals: [ignoring(partyKey), 'nhsas'] };
  if (interaction !== undefined) return byInteraction(interaction, odsCode);
  if (odsCode !== undefined) return { index: 'ods', equals: [exact(odsCode), 'nhsas'] };
  if (manufacturer === undefined) throw nothingAsked();
  return { index: 'supplier', equals: [ignoring(manufacturer), 'nhsas'] };
}

function handlerLookup({ odsCode, interaction, partyKey, fqdn }: HandlerQuery): Lookup {
  if (partyKey !== undefined && interaction !== undefined)
    return { index: 'contract', equals: [ignoring(partyKey), exact(interaction)] };
  if (interaction !== undefined && odsCode !== undefined)
    return byInteraction(interaction, odsCode);
  if (fqdn !== undefined) return { index: 'fqdn', equals: [host(fqdn)] };
  if (interaction !== undefined) return byInteraction(interaction);
  if (partyKey !== undefined) return { index: 'party', equals: [ignoring(partyKey), 'nhsmhs'] };
  if (odsCode !== undefined) return { index: 'ods', equals: [exact(odsCode), 'nhsmhs'] };
  throw nothingAsked();
}

function byInteraction(interaction: string, odsCode?: string): Lookup {
  const code = odsCode === undefined ? [] : [exact(odsCode)];
  return { index: 'interaction', equals: [exact(interaction), ...code] };
}

function isAsked(system: AccreditedSystem, query: SystemQuery): boolean {
  return (
    (query.asid === undefined || alike(system.asid, query.asid)) &&
    (query.odsCode === undefined || system.odsCode === query.odsCode) &&
    (query.interaction === undefined || system.interactions.includes(query.interaction)) &&
    (query.partyKey === undefined || alike(system.partyKey, query.partyKey)) &&
    (query.manufacturer === undefined || alike(system.manufacturer ?? '', query.manufacturer))
  );
}

function isMeant(handler: MessageHandler, query: HandlerQuery): boolean {
  return (
    (query.odsCode === undefined || handler.odsCode === query.odsCode) &&
    (query.interaction === undefined || handler.interaction === query.interaction) &&
    (query.partyKey === undefined || alike(handler.partyKey, query.partyKey)) &&
    (query.fqdn === undefined || hostOf(handler.fqdn) === hostOf(query.fqdn))
  );
}

function alike(one: string, other: string): boolean {
  return comparable('ignore', one) === comparable('ignore', other);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function nothingAsked(): Problem {
  return new Problem('invalid', 'At least one part of what is looked for must be given');
}
