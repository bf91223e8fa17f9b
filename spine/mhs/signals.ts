/**
 * Acknowledgements and errors of the envelope that come in: which delivery they end. Owns the matching; whatever comes
 * late, twice or out of order ends nothing and is taken all the same.
 */
import type { Outbox } from '../../core/outbox.ts';
import type { EbxmlEnvelope } from '../ebxml/envelope.ts';
import { signalling, topics } from './deliveries.ts';
import type { KeptMessages } from './kept-message.ts';

export interface SignalOptions {
  readonly messages: KeptMessages;
  readonly outbox: Outbox;
  readonly newId: () => string;
}

/** Ends the delivery that a signal is about. @returns whether there was one that was open */
export async function takeSignal(
  options: SignalOptions,
  envelope: EbxmlEnvelope,
  environment: string,
): Promise<boolean> {
  const ref = envelope.acknowledgment?.refToMessageId ?? envelope.refToMessageId ?? '';
  const named = await options.outbox.named(ref.toUpperCase());
  const delivery = named.find(
    ({ topic, about, ended }) =>
      topic === topics.send &&
      ended === undefined &&
      about.environment === environment &&
      about.messageId?.toUpperCase() === ref.toUpperCase() &&
      about.toParty === envelope.fromParty,
  );
  if (!delivery) return false;
  const { id, body: key } = delivery;
  if (envelope.acknowledgment) {
    const ended = await options.outbox.confirm(id);
    if (ended) await relay(options, key);
    return ended;
  }
  const fatal = envelope.errors?.errors.filter(({ severity }) => severity !== 'Warning') ?? [];
  if (fatal.length === 0) return false;
  await options.outbox.abandon(id, `refused by the receiver: ${fatal[0]?.errorCode ?? ''}`);
  await failed(options, key);
  return true;
}

/** Tells the first sender that the final receiver has acknowledged, where that was to be relayed. */
export async function relay(
  { messages, outbox, newId }: SignalOptions,
  key: string,
): Promise<void> {
  const stored = await messages.collection.get(key);
  if (stored?.value.relayed !== true) return;
  const signal = { key, from: stored.value.toParty, messageId: newId().toUpperCase() };
  await outbox.add(signalling({ ...signal, signal: 'acknowledgment' }, stored.value));
}

/** Tells the first sender that its message was not delivered. */
async function failed({ messages, outbox, newId }: SignalOptions, key: string): Promise<void> {
  const stored = await messages.collection.get(key);
  if (stored?.value.kind !== 'forward') return;
  const { value } = stored;
  const signal = { key, from: value.between ?? value.toParty, messageId: newId().toUpperCase() };
  await outbox.add(signalling({ ...signal, signal: 'delivery-failure' }, value));
}
