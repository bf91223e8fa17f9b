/**
 * Where a message goes: from its destination and event to an endpoint of the directory or a mailbox of MESH. Owns the forms
 * of addresses and the order of look-ups: an organisation's endpoint goes before its mailbox.
 */
import { Problem } from '../../core/problem.ts';
import { odsCodeSystem } from '../../fhir/identifiers.ts';
import { gpWorkflows, isGpAddress } from '../mesh/gp-routing.ts';
import type { Mailboxes, WorkflowRule } from '../mesh/mailboxes.ts';
import { firstResource, type Reference } from './bundle-shape.ts';
import type { MessageEvent } from './events.ts';
import type { Route } from './kept.ts';
import type { Message } from './message.ts';
import { refused } from './refusals.ts';

/** An endpoint as the directory has it. */
export interface FoundEndpoint {
  readonly organisation: string;
  /** The name its certificate bears; may be empty. */
  readonly fqdn: string;
  readonly address: string;
}

/** The directory of an environment, as far as messages ask it. */
export interface MessageDirectory {
  /** @throws Problem `not-found` or `conflict`, which names the first check that failed */
  endpoint(
    environment: string,
    query: { readonly organisation: string; readonly interaction: string; readonly partyKey?: string }, // prettier-ignore
  ): Promise<FoundEndpoint>;
  system(
    environment: string,
    asid: string,
  ): Promise<{ readonly organisation: string; readonly partyKey: string } | undefined>;
}

export interface RoutingOptions {
  readonly directory: MessageDirectory;
  readonly mailboxes: Mailboxes;
  readonly workflows: WorkflowRule;
}

const asidSystem = 'https://fhir.nhs.uk/Id/nhsSpineASID';
const destinationAt = `${firstResource}.destination`;

/** A `mesh:` address: a mailbox, or a person for whose practice it is, and the workflow where it names one. */
export interface MeshAddress {
  readonly to: string;
  readonly workflow?: string;
}

export function meshAddress(url: string): MeshAddress | undefined {
  const match =
    /^mesh:(?:\/\/)?(GPPROVIDER_[^?\s]{1,200}|[A-Za-z0-9]{1,64})(?:\?workflow_id=([\w.-]{1,300}))?$/i.exec(
      url,
    );
  if (!match) return undefined;
  const [, to = '', workflow] = match;
  return {
    to: to.includes('_') ? decoded(to) : to.toUpperCase(),
    ...(workflow === undefined ? {} : { workflow }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @throws Problem 404, 409, 422 that says what was expected and found */
export async function routeOf(
  options: RoutingOptions,
  environment: string,
  message: Message,
  event: MessageEvent,
): Promise<Route> {
  const [destination, more] = message.header.destination ?? [];
  if (!destination || more)
    throw refused(
      'required',
      destinationAt,
      `The destination: expected exactly one, and found ${more ? 'several' : 'none'}`,
    );
  const url = destination.endpoint;
  const mesh = meshAddress(url);
  if (mesh) return mailboxRoute(options, environment, mesh, workflowOf(message, event));
  const { partyKey, organisation } = await addressed(options, environment, message);
  if (organisation === undefined)
    throw refused(
      'required',
      destinationAt,
      'The destination: expected a mesh: address, urn:nhs-uk:addressing:ods:<code>, an ASID, or a receiver with its ODS code, and found none of these',
    );
  return organisationRoute(options, environment, {
    ...{ event, organisation, workflow: workflowOf(message, event) },
    ...(partyKey === undefined ? {} : { partyKey }),
    ...(/^https?:/i.test(url) && !url.startsWith(asidSystem) ? { url } : {}),
  });
}

function workflowOf({ header }: Message, event: MessageEvent): string | undefined {
  return header.response ? (event.answerWorkflow ?? event.workflow) : event.workflow;
}

/** The organisation that is meant, and the party key where a system of it is named. */
async function addressed(
  { directory }: RoutingOptions,
  environment: string,
  message: Message,
): Promise<{ readonly organisation: string | undefined; readonly partyKey?: string }> {
  const [destination] = message.header.destination ?? [];
  const { endpoint = '', receiver = {} } = destination ?? {};
  const asid = /^https:\/\/fhir\.nhs\.uk\/Id\/nhsSpineASID[|/](\d{1,20})$/.exec(endpoint)?.[1];
  if (asid !== undefined) {
    const system = await directory.system(environment, asid);
    if (!system)
      throw new Problem(
        'not-found',
        `Expected an accredited system with the ASID ${asid} in the directory, and found none`,
        { code: 'NO_ACCREDITED_SYSTEM' },
      );
    return system;
  }
  const named = /^urn:nhs-uk:addressing:ods:([A-Za-z0-9]{1,12})$/.exec(endpoint)?.[1];
  const received = odsCodeOf(receiver, message);
  if (named !== undefined && received !== undefined && named.toUpperCase() !== received)
    throw refused(
      'business-rule',
      destinationAt,
      'The destination: expected endpoint and receiver to name one organisation, and found two',
    );
  return { organisation: named?.toUpperCase() ?? received };
}

/** The ODS code of an organisation that is referred to, by identifier or as a resource of the Bundle. */
export function odsCodeOf(reference: Reference, message: Message): string | undefined {
  const own = [reference.identifier];
  const identifiers = message.resolve(reference)?.identifier;
  const listed = Array.isArray(identifiers) ? (identifiers as readonly unknown[]) : []; // looked at one by one
  const all: readonly unknown[] = [...own, ...listed];
  for (const one of all) {
    if (typeof one !== 'object' || one === null || !('system' in one && 'value' in one)) continue;
    const { system, value } = one;
    if (system !== odsCodeSystem || typeof value !== 'string') continue;
    if (/^[A-Za-z0-9]{1,12}$/.test(value)) return value.toUpperCase();
  }
  return undefined;
}

interface Wanted {
  readonly event: MessageEvent;
  readonly organisation: string;
  readonly workflow: string | undefined;
  readonly partyKey?: string;
  /** The address that the sender expects; the directory must have the same. */
  readonly url?: string;
}

async function organisationRoute(
  options: RoutingOptions,
  environment: string,
  { event: { interaction }, organisation, workflow, partyKey, url }: Wanted,
): Promise<Route> {
  let none: Problem | undefined;
  if (interaction !== undefined)
    try {
      const found = await options.directory.endpoint(environment, {
        ...{ organisation, interaction },
        ...(partyKey === undefined ? {} : { partyKey }),
      });
      if (url !== undefined && !isBelow(url, found.address)) throw otherAddress();
      return { kind: 'endpoint', organisation, url: operationAt(found.address), fqdn: found.fqdn };
    } catch (error) {
      if (!(error instanceof Problem && error.kind === 'not-found')) throw error;
      none = error;
    }
  if (url !== undefined) throw none ?? otherAddress();
  const boxes =
    workflow === undefined
      ? []
      : await options.mailboxes.receivers(environment, organisation, workflow);
  const [box, another] = boxes;
  if (another)
    throw new Problem(
      'conflict',
      `Expected one mailbox of ${organisation} for ${workflow ?? ''}, and found ${boxes.length}; say which as mesh:<mailbox>`,
      { code: 'AMBIGUOUS_MAILBOX' },
    );
  if (box && workflow !== undefined) return { kind: 'mailbox', mailbox: box.id, workflow };
  const mailbox = workflow === undefined ? '' : `, and no mailbox that takes ${workflow}`;
  throw new Problem(
    'not-found',
    `${none?.message ?? `Expected an organisation ${organisation} that takes this event, and found none`}${mailbox}`,
    { code: none?.code ?? 'NO_MAILBOX' },
  );
}

function otherAddress(): Problem {
  return refused(
    'business-rule',
    `${destinationAt}[0].endpoint`,
    'The destination: expected the address that the directory has for the receiver and this event, and found another',
  );
}

/** A mailbox by its name, or the practice of a person. @throws Problem 404, 422 */
async function mailboxRoute(
  { mailboxes }: Pick<RoutingOptions, 'mailboxes'>,
  environment: string,
  { to, workflow: named }: MeshAddress,
  standard: string | undefined,
): Promise<Exclude<Route, { readonly kind: 'endpoint' }>> {
  const workflow = named ?? standard;
  if (workflow === undefined)
    throw refused(
      'required',
      destinationAt,
      'A mesh: address: expected ?workflow_id=, for the event has no workflow, and found none',
    );
  if (to.includes('_') && !isGpAddress(to, workflow))
    throw refused(
      'business-rule',
      destinationAt,
      `A person in a mesh: address: expected a workflow of ${gpWorkflows.join(', ')}, and found another`,
    );
  if (to.includes('_')) return { kind: 'practice', addressed: to, workflow };
  const box = await mailboxes.mailbox(environment, to);
  if (box?.active) return { kind: 'mailbox', mailbox: box.id, workflow };
  throw new Problem('not-found', 'Expected a registered mailbox, and found none of that name', {
    code: 'NO_MAILBOX',
  });
}

/** The directory has the base of a FHIR API, or the operation itself. */
export function operationAt(address: string): string {
  return address.endsWith('$process-message')
    ? address
    : `${address.replace(/\/$/, '')}/$process-message`;
}

/** Whether an address is the one that is registered, or the operation below it. */
export function isBelow(url: string, registered: string): boolean {
  return [registered, registered.replace(/\/$/, ''), operationAt(registered)].includes(url);
}
