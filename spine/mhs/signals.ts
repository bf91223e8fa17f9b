/**
 * Acknowledgements and errors of the envelope that come in: which delivery they end. Owns the matching; whatever comes
 * late, twice or out of order ends nothing and is taken all the same.
 */
import type { Outbox } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { Trace } from '../../core/trace.ts';
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
  trace?: Trace,
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
  trace?.named(ref);
  if (!delivery) {
    trace?.add(
      'answered',
      'It ends no delivery: late, repeated, or about a message of nobody here',
    );
    return false;
  }
  const { id, body: key } = delivery;
  const app = (await options.messages.collection.get(key))?.value.app;
  if (app) trace?.belongs?.(app.id);
  if (envelope.acknowledgment) {
    const ended = await options.outbox.confirm(id);
    trace?.add('acknowledged', 'The receiver has acknowledged the message');
    if (ended) await relay(options, key);
    return ended;
  }
  const fatal = envelope.errors?.errors.filter(({ severity }) => severity !== 'Warning') ?? [];
  if (fatal.length === 0) return false;
  // Codes are words; what the receiver writes in place of one might be anything, and of any length.
  const code = (fatal[0]?.errorCode ?? '').replace(/[^A-Za-z]/g, '').slice(0, 40);
  trace?.add('gave-up', 'The receiver has refused the message', { facts: { code } });
  try {
    await options.outbox.abandon(id, `refused by the receiver: ${code}`);
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict') return false; // it has ended meanwhile
    throw error;
  }
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
