/**
 * Reports of what was not delivered: messages without a body in the sender's own inbox. Owns their ids, which come from the
 * message and the code, so that making one twice is making it once; a report is never reported on.
 */
import { hash } from 'node:crypto';
import type { NewDelivery } from '../../core/outbox.ts';
import type { Outcome } from '../../core/outbox-runner.ts';
import type { Delivery } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { OutboxEntry, Store } from '../../core/store.ts';
import { completed } from './steps.ts';
import {
  digitsOf,
  meshMessageCollection,
  messageKey,
  type MeshEvent,
  type MeshMessage,
} from './messages.ts';

/** The topic of the outbox whose sender makes reports. */
export const reportTopic = 'mesh-report';

/** The delivery that makes the report on a message which has ended badly. */
export function reportOf(message: MeshMessage): NewDelivery {
  const { environment, id, sender, workflow } = message;
  const { code = '', at = 0 } = endOf(message) ?? {};
  return {
    // With the time: a message that was put back may end badly once more.
    id: `${reportTopic}|${environment}|${id}|${code}|${at}`,
    topic: reportTopic,
    body: messageKey(environment, id),
    about: { environment, messageId: id, mailbox: sender, workflow, code },
    refs: [id],
    schedule: { retries: 20, interval: 1_000, growing: true, lifetime: 5 * 24 * 3_600_000 },
  };
}

/** The sender of the topic. */
export function reporter(
  store: Store,
  now: () => number,
  accepted: (report: MeshMessage) => readonly OutboxEntry[] = () => [],
): (delivery: Delivery) => Promise<Outcome> {
  const messages = store.open(meshMessageCollection);
  return async ({ body: key }) => {
    const found = await messages.get(key);
    if (!found) return { kind: 'dead', reason: 'the message is no longer kept' };
    const { value } = found;
    if (value.kind === 'REPORT') return { kind: 'done' };
    const report = writeReport(value, now());
    try {
      const options = { expected: 0, outbox: accepted(report) };
      await messages.put(messageKey(value.environment, report.id), report, options);
    } catch (error) {
      if (!(error instanceof Problem && error.kind === 'conflict')) throw error; // it is there
    }
    return { kind: 'done' };
  };
}

/** The ids that reports about a message have, where there are any. */
export function reportIds({ id, events }: MeshMessage): readonly string[] {
  return events.filter(isEnd).map(({ code, at }) => reportId(id, code, at));
}

function reportId(message: string, code: string, at: number): string {
  const random = hash('sha256', `${message} ${code}`, 'hex').slice(0, 12).toUpperCase();
  const micro = `${String(at % 1000).padStart(3, '0')}${random.slice(6).replace(/\D/g, '0').slice(0, 3)}`;
  return `${digitsOf(at)}${micro}_${random.slice(0, 6)}`;
}

function isEnd({ state }: MeshEvent): boolean {
  return state === 'undeliverable' || state === 'error';
}

/** How it ended last; it may have been put back meanwhile. */
function endOf({ events }: MeshMessage): MeshEvent | undefined {
  return events.find(isEnd);
}

function writeReport(message: MeshMessage, now: number): MeshMessage {
  const { environment, id: linked, sender, workflow, localId, subject } = message;
  const last = endOf(message);
  const { code = '', event = 'SEND', text = '' } = last ?? {};
  const at = last?.at ?? now;
  const id = reportId(linked, code, at);
  const report: MeshMessage = {
    ...{ environment, id, kind: 'REPORT', sender: '', recipient: sender, workflow, linked },
    ...(localId === undefined ? {} : { localId }),
    subject: subject === undefined ? 'NDR' : `NDR: ${subject}`,
    report: { code, event: event === 'TRANSFER' ? 'SEND' : event, text },
    ...{ total: 1, chunks: [], state: 'uploading', created: now, touched: now, events: [] },
  };
  return completed(report, now);
}
