/** Accredited systems and message handlers, read from their entries and written as such. */
import type { AccreditedSystem, Entry, MessageHandler, Product } from './directory.ts';
import { serviceDn } from './directory-tree.ts';
import { structuralClass } from './schema-check.ts';

/** Who asked for an entry and who approved it: names or ids of role profiles, times as `YYYYMMDDhhmmss`. */
export interface Approval {
  readonly requestor: string;
  readonly requested: string;
  readonly approver: string;
  readonly approved: string;
}

/** What an entry of a message handler says besides where and how: `nhsMHSIsAuthenticated` and the number of its contract. */
export interface ContractFacts {
  readonly authenticated: 'none' | 'transient' | 'persistent';
  readonly template: string;
}

/** The system of an entry; undefined when it is none. */
export function toSystem(entry: Entry): AccreditedSystem | undefined {
  if (structuralClass(entry) !== 'nhsAs') return undefined;
  const { all, first, some } = readerOf(entry);
  return {
    asid: first('uniqueIdentifier'),
    odsCode: first('nhsIDCode'),
    partyKey: first('nhsMHSPartyKey'),
    interactions: all('nhsAsSvcIA'),
    clients: all('nhsAsClient'),
    ...some('manufacturer', 'nhsMhsManufacturerOrg'),
    product: productOf(entry),
  };
}

/** The message handler of an entry; undefined when it is none. */
export function toHandler(entry: Entry): MessageHandler | undefined {
  if (structuralClass(entry) !== 'nhsMhs') return undefined;
  const { all, first, some } = readerOf(entry);
  return {
    id: first('uniqueIdentifier'),
    odsCode: first('nhsIDCode'),
    partyKey: first('nhsMHSPartyKey'),
    interaction: first('nhsMhsSvcIA'),
    service: first('nhsMHsSN'),
    action: first('nhsMHsIN'),
    endpoints: all('nhsMHSEndPoint'),
    cpaId: first('nhsMhsCPAId'),
    fqdn: first('nhsMhsFQDN'),
    ...some('syncReplyMode', 'nhsMHSSyncReplyMode'),
    ...some('ackRequested', 'nhsMHSAckRequested'),
    ...some('duplicateElimination', 'nhsMHSDuplicateElimination'),
    ...some('retries', 'nhsMHSRetries'),
    ...some('retryInterval', 'nhsMHSRetryInterval'),
    ...some('persistDuration', 'nhsMHSPersistDuration'),
    actors: all('nhsMHSActor'),
    interactionType: first('nhsEPInteractionType'),
    ...some('manufacturer', 'nhsMhsManufacturerOrg'),
    product: productOf(entry),
  };
}

/** The entry of a system, below `ou=Services`. */
export function systemEntry(system: AccreditedSystem, approval: Approval): Entry {
  return {
    dn: serviceDn(system.asid),
    attributes: withoutEmpty({
      objectClass: ['top', 'nhsAs'],
      uniqueIdentifier: [system.asid],
      nhsIDCode: [system.odsCode],
      nhsMHSPartyKey: [system.partyKey],
      nhsAsClient: system.clients,
      nhsAsSvcIA: system.interactions,
      nhsMhsManufacturerOrg: listOf(system.manufacturer),
      ...productAttributes(system.product),
      ...approvalAttributes(approval),
    }),
  };
}

/** The entry of a message handler, below `ou=Services`. */
export function handlerEntry(
  handler: MessageHandler,
  { authenticated, template }: ContractFacts,
  approval: Approval,
): Entry {
  return {
    dn: serviceDn(handler.id),
    attributes: withoutEmpty({
      objectClass: ['top', 'nhsMhs'],
      uniqueIdentifier: [handler.id],
      nhsIDCode: [handler.odsCode],
      nhsMHSPartyKey: [handler.partyKey],
      nhsMhsCPAId: [handler.cpaId],
      nhsMhsSvcIA: [handler.interaction],
      nhsMHsSN: [handler.service],
      nhsMHsIN: [handler.action],
      nhsMHSEndPoint: handler.endpoints,
      nhsMhsFQDN: [handler.fqdn],
      nhsMHSIsAuthenticated: [authenticated],
      nhsMHSSyncReplyMode: listOf(handler.syncReplyMode),
      nhsMHSAckRequested: listOf(handler.ackRequested),
      nhsMHSDuplicateElimination: listOf(handler.duplicateElimination),
      nhsMHSRetries: listOf(handler.retries),
      nhsMHSRetryInterval: listOf(handler.retryInterval),
      nhsMHSPersistDuration: listOf(handler.persistDuration),
      nhsMHSActor: handler.actors,
      nhsEPInteractionType: [handler.interactionType],
      nhsContractPropertyTemplateKey: [template],
      nhsMhsManufacturerOrg: listOf(handler.manufacturer),
      ...productAttributes(handler.product),
      ...approvalAttributes(approval),
      nhsDNSApprover: [approval.approver],
      nhsDateDNSApproved: [approval.approved],
    }),
  };
}

/** A service-interaction id taken apart at its last colon. */
export function partsOf(interaction: string): { service: string; action: string } {
  const colon = interaction.lastIndexOf(':');
  return {
    service: interaction.slice(0, Math.max(colon, 0)),
    action: interaction.slice(colon + 1),
  };
}

function productAttributes({ key, name, version }: Product) {
  return { nhsProductKey: [key], nhsProductName: [name], nhsProductVersion: [version] };
}

function approvalAttributes({ requestor, requested, approver, approved }: Approval) {
  return {
    nhsRequestorURP: [requestor],
    nhsDateRequested: [requested],
    nhsApproverURP: [approver],
    nhsDateApproved: [approved],
  };
}

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function withoutEmpty(attributes: Record<string, readonly string[]>): Entry['attributes'] {
  const filled = Object.entries(attributes).filter(([, values]) => (values[0] ?? '') !== '');
  return Object.fromEntries(filled);
}

function readerOf({ attributes }: Entry) {
  const all = (name: string) => attributes[name] ?? [];
  return {
    all,
    first: (name: string) => all(name)[0] ?? '',
    some: <N extends string>(field: N, name: string): Partial<Record<N, string>> => {
      const [value] = all(name);
      // a member of the one name that was asked for
      return value === undefined ? {} : ({ [field]: value } as Partial<Record<N, string>>);
    },
  };
}

function productOf(entry: Entry): Product {
  const { first } = readerOf(entry);
  return {
    key: first('nhsProductKey'),
    name: first('nhsProductName'),
    version: first('nhsProductVersion'),
  };
}
