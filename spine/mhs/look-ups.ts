/**
 * What messaging asks the directory, as a port that may keep answers in memory, and the two checks that every message
 * passes: its sender is accredited for the interaction, and its receiver takes it. Owns the words of those refusals.
 */
import type { Problem } from '../../core/problem.ts';
import { fault } from '../soap/fault.ts';
import type { AccreditedSystem, MessageHandler } from '../sds/directory.ts';

/** The directory in a view of the data; '' is the base. Treat answers as frozen. */
export interface LookUps {
  system(asid: string, view: string): Promise<AccreditedSystem | undefined>;
  /** Endpoints of a party for an interaction, or all of the party's. */
  handlers(
    query: { readonly partyKey: string; readonly interaction?: string },
    view: string,
  ): Promise<readonly MessageHandler[]>;
  /** The reliable intermediary: whose party key is that of the national services. */
  intermediary(view: string): Promise<MessageHandler | undefined>;
}

/** Between which systems a message goes, and what it is. */
export interface Parties {
  readonly senderAsid: string;
  readonly receiverAsid: string;
  /** With a colon before the interaction. */
  readonly interaction: string;
}

export interface JudgedParties {
  readonly sender: AccreditedSystem;
  readonly receiver: AccreditedSystem;
}

/**
 * Sender and receiver as the directory has them.
 * @throws Problem of fault 300: the sender is unknown or not accredited for the interaction, or the receiver is
 */
export async function judgeParties(
  lookUps: LookUps,
  { senderAsid, receiverAsid, interaction }: Parties,
  view: string,
): Promise<JudgedParties> {
  const [sender, receiver] = await Promise.all([
    lookUps.system(senderAsid, view),
    lookUps.system(receiverAsid, view),
  ]);
  if (!sender) throw asidRefused('SENDER_ASID_UNKNOWN', 'communicationFunctionSnd');
  if (!sender.interactions.includes(interaction))
    throw asidRefused('SENDER_ASID_NOT_ACCREDITED', 'communicationFunctionSnd');
  if (!receiver) throw asidRefused('RECEIVER_ASID_UNKNOWN', 'communicationFunctionRcv');
  const handlers = await lookUps.handlers({ partyKey: receiver.partyKey, interaction }, view);
  if (!receiver.interactions.includes(interaction) || handlers.length === 0)
    throw asidRefused('RECEIVER_ASID_NOT_ACCREDITED', 'communicationFunctionRcv');
  return { sender, receiver };
}

/** Fault 300 with the rule's name; what was sent is not told. */
export function asidRefused(name: string, location: string): Problem {
  return fault('300', { name, location });
}
