/**
 * A practice to route calls to in the sandbox of a laptop: a Proxy of PDS that takes cross-organisation tokens, and the
 * entries under which the directory names it, at this server's own address, beside those of a system that may call it.
 * What it answers with are the records of the sandbox. Owns the names; docs/guides/directory-routing.md calls it.
 */
import { Problem } from '../core/problem.ts';
import type { Directory, Entry, Product } from '../spine/sds/directory.ts';
import { handlerEntry, partsOf, systemEntry } from '../spine/sds/service-entries.ts';
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { ProxyDefinition } from './catalogue/proxies.ts';

/** An interaction of this platform's own, so that no other system of the practice takes it. */
const exampleInteraction = 'urn:nhs:names:services:gatehouse:fhir:rest:read:patient-1';

/** The practice of the published test patients, and who calls it. */
const exampleProvider = {
  ...{ odsCode: 'Y12345', asid: '200000009001', partyKey: 'Y12345-0009001' },
} as const;
export const exampleConsumer = {
  ...{ odsCode: 'A20047', asid: '200000009000', partyKey: 'A20047-0009000' },
} as const;

export const exampleBase = '/example-practice/FHIR/R4';

const definition: ProxyDefinition = {
  base: exampleBase,
  backend: { kind: 'service', service: 'pds' },
  faults: 'pds',
  policies: [
    { policy: 'pds-ids' },
    { policy: 'pds-names-person' },
    { policy: 'cross-organisation-jwt', config: { open: true } },
    { policy: 'workspace' },
    { policy: 'product-limits' },
    { policy: 'pds-sync-wait' },
  ],
};

/** PDS with that Proxy beside its own. */
export function withExampleProvider(pds: BuiltInApi): BuiltInApi {
  const proxy = { name: 'example-practice', environment: 'sandbox', definition } as const;
  return { ...pds, proxies: [...pds.proxies, proxy] };
}

/** Puts the entries into the directory, or brings their address to this start's. @param url of the sandbox, without a path */
export async function putExampleProvider(directory: Directory, url: string): Promise<void> {
  for (const entry of entriesAt(url + exampleBase)) await put(directory, entry);
}

const by = 'start';
const product: Product = { key: '20090', name: 'Gatehouse example', version: '1' };
const approval = {
  ...{ requestor: by, requested: '20200101000000' },
  ...{ approver: by, approved: '20200101000000' },
};

function entriesAt(address: string): readonly Entry[] {
  const { odsCode, partyKey } = exampleProvider;
  const systems = [exampleConsumer, exampleProvider].map((one) =>
    systemEntry(
      { ...one, interactions: [exampleInteraction], clients: [one.odsCode], product },
      approval,
    ),
  );
  const id = `S2009${odsCode}001`;
  const handler = {
    ...{ id, cpaId: id, odsCode, partyKey, product },
    ...{ interaction: exampleInteraction, ...partsOf(exampleInteraction) },
    ...{ endpoints: [address], fqdn: new URL(address).hostname, interactionType: 'FHIR' },
    ...{ syncReplyMode: 'none', ackRequested: 'never', duplicateElimination: 'never', actors: [] },
  };
  return [...systems, handlerEntry(handler, { authenticated: 'none', template: '90' }, approval)];
}

/** Several processes may be at it at the same time, with the same entries. */
async function put(directory: Directory, entry: Entry): Promise<void> {
  const there = await directory.entry(entry.dn);
  if (there && JSON.stringify(there.attributes) === JSON.stringify(entry.attributes)) return;
  try {
    await (there ? directory.replace(entry, by) : directory.add(entry, by));
  } catch (error) {
    if (Problem.from(error).kind !== 'conflict') throw error;
  }
}
