/**
 * Where answers go that come later: `response-url`, else `source.endpoint`. Owns which addresses are called at all: none that
 * somebody just names, but mailboxes, what the directory has for the sender, and endpoints that were verified for pushes.
 */
import { Problem } from '../../core/problem.ts';
import type { Mailbox } from '../mesh/mailboxes.ts';
import type { MessageEvent } from './events.ts';
import type { ReturnAddress } from './kept.ts';
import type { Message } from './message.ts';
import { refused } from './refusals.ts';
import {
  isBelow,
  meshAddress,
  odsCodeOf,
  operationAt,
  type MessageDirectory,
  type RoutingOptions,
} from './routing.ts';

/** Who calls; both are absent where nobody is asked. */
export interface Sending {
  readonly environment: string;
  readonly app?: string;
  /** The organisation of that app. */
  readonly owner?: string;
}

export interface ReturnOptions extends RoutingOptions {
  readonly directory: MessageDirectory & {
    /** Whether an organisation may speak for another: it is the same, or supplied its system. */
    speaksFor(
      environment: string,
      owner: string,
      query: { readonly organisation: string; readonly interaction: string },
    ): Promise<boolean>;
  };
  /** Whether a mailbox is the caller's: answers go into no other, and none is sent from. */
  readonly owns: (mailbox: Mailbox, sending: Sending) => boolean;
  /** Whether an endpoint has been verified for pushes of a mailbox of the caller's. */
  readonly isVerified: (url: string, sending: Sending) => Promise<boolean>;
}

/**
 * The address, where there is one that may be called.
 * @throws Problem 422 for a `response-url` that may not, or none at all where answers come later and are due
 */
export async function returnAddressOf(
  options: ReturnOptions,
  sending: Sending,
  message: Message,
  event: MessageEvent,
): Promise<ReturnAddress | undefined> {
  const { responseUrl, header, async } = message;
  const found = await addressFor(options, sending, message, event);
  if (found) return found;
  if (responseUrl !== undefined) throw notRegistered('Parameters.response-url', 'response-url');
  if (async && event.response !== 'never' && !header.response)
    throw notRegistered('Bundle.entry[0].resource.source.endpoint', 'source.endpoint');
  return undefined;
}

async function addressFor(
  options: ReturnOptions,
  sending: Sending,
  message: Message,
  event: MessageEvent,
): Promise<ReturnAddress | undefined> {
  const { environment } = sending;
  const url = message.responseUrl ?? message.header.source.endpoint;
  const mesh = meshAddress(url);
  if (mesh) {
    const workflow = mesh.workflow ?? event.answerWorkflow ?? event.workflow;
    const box = await options.mailboxes.mailbox(environment, mesh.to);
    return box?.active === true && options.owns(box, sending) && workflow !== undefined
      ? { kind: 'mailbox', mailbox: box.id, workflow }
      : undefined;
  }
  if (await options.isVerified(url, sending))
    return { kind: 'endpoint', organisation: '', url, fqdn: '' };
  return directoryAddress(options, sending, message, { event, url });
}

async function directoryAddress(
  { directory }: ReturnOptions,
  { environment, owner }: Sending,
  message: Message,
  { event: { interaction }, url }: { readonly event: MessageEvent; readonly url: string },
): Promise<ReturnAddress | undefined> {
  const named = /^urn:nhs-uk:addressing:ods:([A-Za-z0-9]{1,12})$/.exec(url)?.[1];
  const said = named ?? odsCodeOf(message.header.sender ?? {}, message);
  const organisation = (said ?? owner)?.toUpperCase();
  if (organisation === undefined || interaction === undefined) return undefined;
  const query = { organisation, interaction };
  try {
    const { address, fqdn } = await directory.endpoint(environment, query);
    if (named === undefined && !isBelow(url, address)) return undefined;
    const may = owner === undefined || (await directory.speaksFor(environment, owner, query));
    return may ? { kind: 'endpoint', organisation, url: operationAt(address), fqdn } : undefined;
  } catch (error) {
    if (error instanceof Problem && ['not-found', 'conflict'].includes(error.kind))
      return undefined;
    throw error;
  }
}

function notRegistered(at: string, name: string): Problem {
  return refused(
    'business-rule',
    at,
    `${name}: expected a mailbox of yours (mesh:<mailbox>), the address that the directory has for your organisation and this event, or an endpoint that was verified for pushes, and found none of these`,
  );
}
