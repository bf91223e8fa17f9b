/** What the administration of Deployments asks of the Spine Directory, as functions over it: entries put and taken out. */
import { createHash } from 'node:crypto';
import { Problem } from '../core/problem.ts';
import type { Directory, Entry, Product } from '../spine/sds/directory.ts';
import { serviceDn } from '../spine/sds/directory-tree.ts';
import { handlerEntry, partsOf, systemEntry, type Approval } from '../spine/sds/service-entries.ts';
import { environments, type Environment } from './catalogue/environments.ts';
import type {
  DirectoryHooks,
  HandlerEntry,
  SystemEntry,
} from './catalogue/systems/system-hooks.ts';
import { directoryView } from './directory-views.ts';

export function directoryHooks(directory: Directory): DirectoryHooks {
  const of = (environment: Environment) => directory.in(directoryView(environment));
  const everywhere = environments.map(of);
  return {
    async organisation(environment, odsCode) {
      const found = await of(environment).organisation(odsCode);
      return found && { name: found.name, active: found.active };
    },
    asidTaken: (asid) => anyOf(everywhere, (one) => one.systems({ asid }, 1)),
    partyKeyTaken: (partyKey) =>
      anyOf(everywhere, async (one) => [
        ...(await one.systems({ partyKey }, 1)),
        ...(await one.handlers({ partyKey }, 1)),
      ]),
    putSystem: (environment, system, by) => put(of(environment), toSystemEntry(system), by),
    putHandler: (environment, handler, by) => put(of(environment), toHandlerEntry(handler), by),
    removeSystem: (environment, asid, by) => remove(of(environment), serviceDn(asid), by),
    removeHandler: (environment, id, by) => remove(of(environment), serviceDn(id), by),
  };
}

async function anyOf(
  views: readonly Directory[],
  ask: (view: Directory) => Promise<readonly unknown[]>,
): Promise<boolean> {
  for (const view of views) if ((await ask(view)).length > 0) return true;
  return false;
}

/** So many others may write the same entry at the same moment: their Deployment may be of another state. */
const mostTries = 20;

/** Writes what differs. */
async function put(directory: Directory, entry: Entry, by: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    const there = await directory.entry(entry.dn);
    if (there && textOf(there) === textOf(entry)) return;
    try {
      await (there ? directory.replace(entry, by) : directory.add(entry, by));
      return;
    } catch (error) {
      const { kind } = Problem.from(error);
      if (tries === mostTries || (kind !== 'conflict' && kind !== 'not-found')) throw error;
    }
  }
}

async function remove(directory: Directory, dn: string, by: string): Promise<void> {
  for (let tries = 1; ; tries++)
    try {
      await directory.remove(dn, by);
      return;
    } catch (error) {
      const { kind } = Problem.from(error);
      if (kind === 'not-found') return;
      if (tries === mostTries || kind !== 'conflict') throw error;
    }
}

/** The attributes in one order and spelling, to be compared. */
function textOf({ attributes }: Entry): string {
  const all = Object.entries(attributes).map(
    ([name, values]) => [name.toLowerCase(), values] as const,
  );
  return JSON.stringify(all.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function toSystemEntry(system: SystemEntry): Entry {
  const { asid, odsCode, partyKey, interactions, manufacturer } = system;
  const product = toProduct(system);
  return systemEntry(
    { asid, odsCode, partyKey, interactions, clients: [odsCode], manufacturer, product },
    approvalOf(system),
  );
}

function toHandlerEntry(handler: HandlerEntry): Entry {
  const { id, odsCode, partyKey, interaction, url, fqdn, manufacturer, flags } = handler;
  const { template, ...contract } = flags;
  return handlerEntry(
    {
      ...{ id, odsCode, partyKey, interaction, ...partsOf(interaction), manufacturer },
      ...{ endpoints: [url], cpaId: id, fqdn, ...contract, product: toProduct(handler) },
      interactionType: /:fhir:/i.test(interaction) ? 'FHIR' : 'HL7',
    },
    { authenticated: 'transient', template },
    approvalOf(handler),
  );
}

/** The key of a product is a number; the same product of one supplier has the same. */
function toProduct({
  manufacturer,
  product: { name, version },
}: SystemEntry | HandlerEntry): Product {
  const digest = createHash('sha256').update(`${manufacturer}\n${name}\n${version}`).digest();
  return { key: String(digest.readUInt32BE(0)), name, version };
}

function approvalOf({ requested, approved }: SystemEntry | HandlerEntry): Approval {
  return {
    ...{ requestor: requested.by, requested: dateOf(requested.at) },
    ...{ approver: approved.by, approved: dateOf(approved.at) },
  };
}

/** `YYYYMMDDhhmmss` */
function dateOf(time: number): string {
  return new Date(time).toISOString().replace(/\D/g, '').slice(0, 14);
}
