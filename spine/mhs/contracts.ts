/**
 * The contract of a message from the directory entry of its receiver: what its envelope must bear, how long it is
 * remembered, how often it is sent. Owns these choices; envelopes are checked by ebxml.
 */
import type { Schedule } from '../../core/outbox.ts';
import type { EbxmlEnvelope, EbxmlError } from '../ebxml/envelope.ts';
import { actorOfUrn } from '../ebxml/ebxml-elements.ts';
import { noContract, unknownCpa } from '../ebxml/message-error.ts';
import {
  contractOf,
  contractOfPattern,
  durationMilliseconds,
  endPartyContract,
  type Contract,
} from '../interactions-contract.ts';
import { colonId, interactionOf, rememberedFor, signalService } from '../interactions.ts';
import type { MessageHandler } from '../sds/directory.ts';
import type { LookUps } from './look-ups.ts';

/** What a received message rests on. */
export interface FoundContract {
  readonly handler: MessageHandler;
  readonly contract: Contract;
  /** Whether it goes on to another party. */
  readonly forwarded: boolean;
}

/** The agreement under which all senders of prescriptions use the polling front; the directory has none of it. */
const prescriptions = { cpaId: 'S1001A1630', service: 'urn:nhs:names:services:mm' };

/**
 * The contract of a message, or the error that its sender is told.
 * @param isPolled whether it came to the polling front
 */
export async function contractFor(
  lookUps: LookUps,
  envelope: EbxmlEnvelope,
  view: string,
  isPolled = false,
): Promise<FoundContract | { readonly error: EbxmlError }> {
  const interaction = colonId(envelope);
  const query = { partyKey: envelope.toParty, interaction };
  const [handlers, own] = await Promise.all([
    lookUps.handlers(query, view),
    lookUps.intermediary(view),
  ]);
  const known = interactionOf(interaction);
  const { cpaId, service } = prescriptions;
  const isPrescription = isPolled && envelope.cpaId === cpaId && envelope.service === service;
  if (isPrescription && known && own?.partyKey === envelope.toParty)
    return { handler: own, contract: contractOfPattern(known.pattern), forwarded: false };
  if (handlers.length === 0) return { error: noContract };
  const handler = handlers.find(({ cpaId, id }) => [cpaId, id].includes(envelope.cpaId));
  if (!handler) return { error: unknownCpa };
  const forwarded = handler.partyKey !== own?.partyKey;
  return { handler, contract: stated(envelope, handler, forwarded), forwarded };
}

/** The table's pattern where there is one; what is passed on may leave reliability to its ends. */
function stated(envelope: EbxmlEnvelope, handler: MessageHandler, forwarded: boolean): Contract {
  const known = interactionOf(colonId(envelope));
  const contract = known ? contractOfPattern(known.pattern) : contractOf(handler);
  const byEnds = actorOfUrn(envelope.ackRequested?.actor ?? '') === 'toPartyMSH';
  return forwarded && byEnds && contract.ackActor !== 'toPartyMSH' ? endPartyContract : contract;
}

/** Milliseconds for which ids of an interaction are remembered, and messages sent again. */
export function persistence(
  parts: { readonly service: string; readonly action: string },
  handler?: Pick<MessageHandler, 'persistDuration'>,
): number {
  const told = durationMilliseconds(handler?.persistDuration ?? '');
  return told ?? durationMilliseconds(rememberedFor(parts)) ?? fiveMinutes;
}

/** How a message is sent to its receiver. Without reliability it is sent once. */
export function scheduleOf(
  contract: Contract,
  parts: { readonly service: string; readonly action: string },
  handler?: Pick<MessageHandler, 'retries' | 'retryInterval' | 'persistDuration'>,
): Schedule {
  const lifetime = persistence(parts, handler);
  if (contract.ackRequested !== 'required') return { retries: 0, interval: minute, lifetime };
  const retries = Number(handler?.retries ?? 2);
  const interval = durationMilliseconds(handler?.retryInterval ?? 'PT1M') ?? minute;
  return { retries: Number.isInteger(retries) && retries >= 0 ? retries : 2, interval, lifetime };
}

/** Where a party takes an interaction: its own endpoint for it, else the one for signals, else the first of its endpoints. */
export async function endpointOf(
  lookUps: LookUps,
  partyKey: string,
  interaction: string,
  view: string,
): Promise<MessageHandler | undefined> {
  const [own] = await lookUps.handlers({ partyKey, interaction }, view);
  if (own) return own;
  const signals = `${signalService}:Acknowledgment`;
  const [signal] = await lookUps.handlers({ partyKey, interaction: signals }, view);
  if (signal) return signal;
  const all = await lookUps.handlers({ partyKey }, view);
  return all.find(({ interactionType }) => interactionType === 'HL7');
}

const minute = 60_000;
const fiveMinutes = 5 * minute;
