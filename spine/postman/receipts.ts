/**
 * Receipts: messages without a body in the inbox of the sender, of the kind of reports, that tell how a push goes. Owns when
 * there is one and what it says; a report never has one. Where the sender's own mailbox is pushed, they are as well.
 */
import { hash } from 'node:crypto';
import type { Delivery, NewDelivery } from '../../core/outbox.ts';
import type { Outcome } from '../../core/outbox-runner.ts';
import { Problem } from '../../core/problem.ts';
import type { OutboxEntry, Store } from '../../core/store.ts';
import { digitsOf, meshMessageCollection, messageKey, type MeshMessage } from '../mesh/messages.ts';
import { completed } from '../mesh/steps.ts';
import type { PushSubscription, ReceiptKind } from './subscriptions.ts';

/** The topic of the outbox whose sender makes receipts. */
export const receiptTopic = 'push-receipt';

const day = 24 * 3_600_000;

/** The delivery that makes a receipt, where one is wanted. */
export function receiptOf(
  subscription: PushSubscription,
  message: MeshMessage,
  kind: ReceiptKind,
): readonly NewDelivery[] {
  const { environment, id, sender, workflow } = message;
  const isWanted = subscription.receipts.includes(kind);
  if (!isWanted || message.kind !== 'DATA' || sender === '') return [];
  return [
    {
      id: `${receiptTopic}|${environment}|${id}|${kind}`,
      topic: receiptTopic,
      body: JSON.stringify({ message: messageKey(environment, id), kind }),
      about: { environment, messageId: id, mailbox: sender, workflow, receipt: kind },
      refs: [id],
      schedule: { retries: 20, interval: 1_000, growing: true, lifetime: 5 * day },
    },
  ];
}

const told: Readonly<Record<ReceiptKind, { readonly code: string; readonly text: string }>> = {
  accepted: { code: '00', text: 'The broker has the message and pushes it' },
  delivered: { code: '00', text: 'The endpoint of the recipient has taken the message' },
  failed: { code: '06', text: 'The endpoint of the recipient did not take the message' },
};

export interface ReceiptOptions {
  readonly store: Store;
  readonly now: () => number;
  /** What else comes of a message that is accepted. */
  readonly accepted: (message: MeshMessage) => readonly OutboxEntry[];
}

/** The sender of the topic. */
export function receiptMaker({ store, now, accepted }: ReceiptOptions) {
  const messages = store.open(meshMessageCollection);
  return async ({ body }: Delivery): Promise<Outcome> => {
    const given = JSON.parse(body) as { message: string; kind: ReceiptKind }; // receiptOf wrote it
    const found = await messages.get(given.message);
    if (!found) return { kind: 'dead', reason: 'the message is no longer kept' };
    const receipt = writeReceipt(found.value, given.kind, now());
    try {
      await messages.put(messageKey(receipt.environment, receipt.id), receipt, {
        expected: 0,
        outbox: accepted(receipt),
      });
    } catch (error) {
      if (!(error instanceof Problem && error.kind === 'conflict')) throw error; // it is there
    }
    return { kind: 'done' };
  };
}

/** The ids that receipts about a message have, where there are any. */
export function receiptIds({ id, events }: MeshMessage): readonly string[] {
  // A receipt bears the time at which the message was accepted, and that may have been twice.
  const times = new Set(events.filter(({ state }) => state === 'accepted').map(({ at }) => at));
  return [...times].flatMap((at) => receiptKinds.map((kind) => receiptId(id, kind, at)));
}

const receiptKinds: readonly ReceiptKind[] = ['accepted', 'delivered', 'failed'];

function receiptId(message: string, kind: ReceiptKind, accepted: number): string {
  const random = hash('sha256', `${message} receipt ${kind}`, 'hex').toUpperCase();
  const micro = random.slice(6).replace(/\D/g, '').padEnd(6, '0').slice(0, 6);
  return `${digitsOf(accepted)}${micro}_${random.slice(0, 6)}`;
}

function writeReceipt(message: MeshMessage, kind: ReceiptKind, now: number): MeshMessage {
  const { environment, id: linked, sender, workflow, localId } = message;
  const { code, text } = told[kind];
  const receipt: MeshMessage = {
    ...{ environment, kind: 'REPORT', sender: '', recipient: sender, workflow, linked },
    id: receiptId(linked, kind, message.accepted ?? message.created),
    ...(localId === undefined ? {} : { localId }),
    subject: `Receipt: ${kind}`,
    report: { code, event: 'RECEIPT', text },
    ...{ total: 1, chunks: [], state: 'uploading', created: now, touched: now, events: [] },
  };
  return completed(receipt, now);
}
