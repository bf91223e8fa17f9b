/**
 * The default systems and endpoints: the national services, each open practice, pharmacy and trust with a system of a
 * supplier, and some with a second one. What they send and receive is synthetic-interactions.ts's.
 */
import type { Entry, MessageHandler, Product } from './directory.ts';
import { persistDurationOf } from './forwarding.ts';
import {
  handlerEntry,
  partsOf,
  systemEntry,
  type Approval,
  type ContractFacts,
} from './service-entries.ts';
import {
  traffic,
  type Pattern,
  type Received,
  type TrafficKind,
} from './synthetic-interactions.ts';
import type { DirectorySources, Supplier } from './synthetic-sources.ts';

/** Their entries; `approval` names role profiles of the default people. */
export function serviceEntries(sources: DirectorySources, approval: Approval): Entry[] {
  const shapes = { practice: shapesOf('practice'), pharmacy: shapesOf('pharmacy') };
  const others = { trust: shapesOf('trust'), consumer: [], national: shapesOf('national') };
  const all = { ...shapes, ...others };
  return sitesOf(sources).flatMap((site) => entriesOf(site, all[site.kind], approval));
}

/** What all handlers of one interaction have alike, and where on its host each receives. */
interface Shape {
  readonly alike: Pick<
    MessageHandler,
    'interaction' | 'service' | 'action' | 'actors' | 'interactionType'
  > &
    Partial<MessageHandler>;
  readonly facts: ContractFacts;
  readonly pathOf: (odsCode: string) => string;
}

function shapesOf(kind: TrafficKind): readonly Shape[] {
  return traffic[kind].receives.map(shapeOf);
}

function shapeOf({ interaction, pattern }: Received): Shape {
  const { flags, facts, path } = templates[pattern];
  const between = pattern === 'synchronous' && interaction.includes(':tms:');
  const repeated = pattern === 'reliable' || pattern === 'forward';
  return {
    alike: {
      ...{ interaction, ...partsOf(interaction), ...flags },
      ...(repeated ? { persistDuration: persistDurationOf(interaction) ?? 'PT5M' } : {}),
      interactionType: between ? 'N/A' : pattern === 'fhir' ? 'FHIR' : 'HL7',
    },
    facts,
    pathOf: (odsCode) =>
      between
        ? intermediaryPath(interaction)
        : pattern === 'fhir'
          ? `/${odsCode}/STU3/1/gpconnect/fhir`
          : path,
  };
}

/** A system at an organisation. */
interface Site {
  readonly kind: TrafficKind;
  readonly odsCode: string;
  readonly asid: string;
  readonly partyKey: string;
  readonly domain: string;
  readonly manufacturer?: string;
  readonly product: Product;
}

/** ASIDs from here on; those of Deployments and of samples are others. */
const firstAsid = 200_000_010_001;
const firstParty = 820_001;

function sitesOf(sources: DirectorySources): Site[] {
  const sites: Site[] = sources.national.map((one) => ({
    ...{ kind: 'national', odsCode: one.code, asid: one.asid, partyKey: one.partyKey },
    ...{ domain: one.domain, product: { key: '20000', name: 'Spine', version: '2.0' } },
  }));
  const fixed = new Map(sources.systems.map((one) => [one.odsCode, one]));
  const put = (kind: TrafficKind, odsCode: string, supplier: Supplier, second = false) => {
    const number = sites.length;
    const names = second ? undefined : fixed.get(odsCode);
    sites.push({
      ...{ kind, odsCode, manufacturer: supplier.code, product: supplier.product },
      asid: names?.asid ?? String(firstAsid + number),
      partyKey: names?.partyKey ?? `${odsCode}-${firstParty + number}`,
      domain: `${odsCode.toLowerCase()}.${supplier.code.toLowerCase()}.test`,
    });
  };
  const making = (of: Supplier['of']) => sources.suppliers.filter((one) => one.of === of);
  const each = (codes: readonly string[], kind: 'practice' | 'pharmacy' | 'trust') => {
    const suppliers = making(kind);
    codes.forEach((code, at) => {
      const supplier = suppliers[at % suppliers.length];
      if (supplier) put(kind, code, supplier);
    });
  };
  const open = (role: string) =>
    sources.organisations.filter((one) => one.role === role && one.status === 'active');
  const practices = open('practice').map(({ code }) => code);
  const trusts = sources.trusts.filter(({ closed }) => closed === undefined);
  each(practices, 'practice');
  each(
    open('pharmacy').map(({ code }) => code),
    'pharmacy',
  );
  each(
    trusts.map(({ code }) => code),
    'trust',
  );
  const [viewer] = making('consumer');
  const viewing = [
    ...practices.filter((_, at) => at % 10 === 0),
    ...trusts.map(({ code }) => code),
  ];
  if (viewer) for (const code of viewing) put('consumer', code, viewer, true);
  return sites;
}

function entriesOf(site: Site, shapes: readonly Shape[], approval: Approval): Entry[] {
  const { odsCode, asid, partyKey, manufacturer, product } = site;
  const { receives, sends } = traffic[site.kind];
  const interactions = [...receives.map(({ interaction }) => interaction), ...sends];
  const by = manufacturer === undefined ? {} : { manufacturer };
  const system = { asid, odsCode, partyKey, interactions, clients: [odsCode], product, ...by };
  const handlers = shapes.map((shape, at) =>
    handlerEntry(handlerOf(site, shape, at), shape.facts, approval),
  );
  return [systemEntry(system, approval), ...handlers];
}

function handlerOf(site: Site, { alike, pathOf }: Shape, at: number): MessageHandler {
  const { odsCode, partyKey, manufacturer, domain, product } = site;
  const id = `S2001${odsCode}${String(at + 1).padStart(3, '0')}`;
  return {
    ...alike,
    ...{ id, cpaId: id, odsCode, partyKey, fqdn: domain, product },
    endpoints: [`https://${domain}${pathOf(odsCode)}`],
    ...(manufacturer === undefined ? {} : { manufacturer }),
  };
}

function intermediaryPath(interaction: string): string {
  const reliable = interaction.endsWith('ReliableIntermediary');
  return `/reliablemessaging/${reliable ? 'forwardreliable' : 'forwardexpress'}`;
}

interface Template {
  readonly flags: Pick<MessageHandler, 'actors'> & Partial<MessageHandler>;
  readonly facts: ContractFacts;
  readonly path: string;
}

const quiet = { ackRequested: 'never', duplicateElimination: 'never', actors: [] };
const sure = {
  ...{ ackRequested: 'always', duplicateElimination: 'always' },
  ...{ retries: '2', retryInterval: 'PT1M' },
};
const actor = 'urn:oasis:names:tc:ebxml-msg:actor:';

/** The flags of a contract, its number, and where on a host its messages arrive. */
const templates: Readonly<Record<Pattern, Template>> = {
  synchronous: {
    flags: { syncReplyMode: 'None', ...quiet },
    facts: { authenticated: 'transient', template: '1' },
    path: '/sync-service',
  },
  express: {
    flags: { syncReplyMode: 'MSHSignalsOnly', ...quiet },
    facts: { authenticated: 'transient', template: '2' },
    path: '/reliablemessaging/queryrequest',
  },
  reliable: {
    flags: { syncReplyMode: 'MSHSignalsOnly', ...sure, actors: [`${actor}toPartyMSH`] },
    facts: { authenticated: 'transient', template: '3' },
    path: '/reliablemessaging/reliablerequest',
  },
  forward: {
    flags: { syncReplyMode: 'None', ...sure, actors: [`${actor}nextMSH`] },
    facts: { authenticated: 'transient', template: '4' },
    path: '/reliablemessaging/forwarded',
  },
  'forward-express': {
    flags: { syncReplyMode: 'None', ...quiet },
    facts: { authenticated: 'transient', template: '5' },
    path: '/reliablemessaging/forwarded',
  },
  fhir: {
    flags: { syncReplyMode: 'None', ...quiet },
    facts: { authenticated: 'none', template: '1' },
    path: '/fhir',
  },
};
