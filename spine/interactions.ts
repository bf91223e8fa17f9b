/**
 * The interactions that this platform knows by name: which service each belongs to, how it is exchanged, what answers it.
 * Owns the look-up in both spellings of their ids; the rows are interactions-pds.ts and interactions-families.ts, the
 * contract of an unknown one comes from the directory (interactions-contract.ts).
 */
import type { Pattern } from './interactions-contract.ts';
import { familyRows } from './interactions-families.ts';
import { pdsRows, type PdsOperation, type PdsRelease } from './interactions-pds.ts';
import { persistDurationOf } from './sds/forwarding.ts';

/** One message type of one service. */
export interface Interaction {
  /** `urn:nhs:names:services:pdsquery`. */
  readonly service: string;
  /** `QUPA_IN000008UK02`: the local name of the message's root element. */
  readonly action: string;
  readonly pattern: Pattern;
  /** Message types that answer it well; empty where there is none, or none that is known. */
  readonly answers: readonly string[];
  /** Message types that refuse it. */
  readonly refusals: readonly string[];
  /** The element around the answer in a SOAP body; absent where the answer stands alone. */
  readonly wrapper?: string;
  /** What it asks of the demographics service; absent for interactions that are only passed on. */
  readonly operation?: PdsOperation;
  /** Of the message manual; `older` ones are known and refused with fault 101. */
  readonly release?: PdsRelease;
}

/** A service and one of its message types, apart. */
export interface ServiceAction {
  readonly service: string;
  readonly action: string;
}

/** What all services of Spine begin with. */
const serviceStem = 'urn:nhs:names:services:';

/** The service of acknowledgements and errors of the envelope itself. */
export const signalService = 'urn:oasis:names:tc:ebxml-msg:service';

/**
 * Takes a service-interaction id apart: with a slash as SOAPAction and wsa:Action have it (quoted or bare), or with a
 * colon as the directory has it. Undefined when it is neither.
 */
export function serviceActionOf(id: string): ServiceAction | undefined {
  const text = unquoted(id.trim());
  const slash = text.lastIndexOf('/');
  const at = slash >= 0 ? slash : text.lastIndexOf(':');
  const service = text.slice(0, Math.max(at, 0));
  const action = text.slice(at + 1);
  return at > 0 && service.includes(':') && action !== '' && !/\s/.test(text)
    ? { service, action }
    : undefined;
}

/** `urn:nhs:names:services:pdsquery/QUPA_IN000008UK02`: as SOAPAction and wsa:Action have it. */
export function slashId({ service, action }: ServiceAction): string {
  return `${service}/${action}`;
}

/** `urn:nhs:names:services:pdsquery:QUPA_IN000008UK02`: as the directory has it. */
export function colonId({ service, action }: ServiceAction): string {
  return `${service}:${action}`;
}

/** The interaction of an id in either spelling; undefined for one that is not in the table. */
export function interactionOf(id: string): Interaction | undefined {
  const parts = serviceActionOf(id);
  return parts && byId.get(colonId(parts));
}

/** All interactions of one message type: the same one may belong to several services. */
export function interactionsNamed(action: string): readonly Interaction[] {
  return byAction.get(action) ?? [];
}

/** All of the table, in its order. */
export function allInteractions(): readonly Interaction[] {
  return all;
}

/** How long the id of a received message is remembered: an ISO 8601 duration; five minutes where there is no rule. */
export function rememberedFor(parts: ServiceAction): string {
  return persistDurationOf(colonId(parts)) ?? 'PT5M';
}

const all: readonly Interaction[] = [...pdsRows(serviceStem), ...familyRows(serviceStem)];
const byId = new Map(all.map((one) => [colonId(one), one]));
const byAction = grouped(all);

function grouped(list: readonly Interaction[]): Map<string, Interaction[]> {
  const groups = new Map<string, Interaction[]>();
  for (const one of list) groups.set(one.action, [...(groups.get(one.action) ?? []), one]);
  return groups;
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
