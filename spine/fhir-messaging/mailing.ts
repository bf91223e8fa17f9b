/**
 * Messages and answers into mailboxes of MESH, and what became of them there. Owns how a FHIR message looks in a mailbox;
 * doing it twice is doing it once, for its id comes from the message.
 */
import { hash } from 'node:crypto';
import type { Blobs } from '../../core/blobs.ts';
import { outboxEntry } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { OutboxEntry, Store } from '../../core/store.ts';
import { fhirJson } from '../../fhir/outcome.ts';
import { keepChunk } from '../mesh/bodies.ts';
import { routingOf } from '../mesh/gp-routing.ts';
import {
  digitsOf,
  meshMessageCollection,
  messageKey as meshKey,
  type MeshMessage,
} from '../mesh/messages.ts';
import { completed, happened } from '../mesh/steps.ts';
import type { KeptMessage, Route } from './kept.ts';

export interface MailingOptions {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly now: () => number;
  /** What else comes of a message that is accepted: pushes. */
  readonly accepted: (message: MeshMessage) => readonly OutboxEntry[];
}

/** What is put, and the id of its own that it is known by. */
export interface Letter {
  readonly to: Exclude<Route, { readonly kind: 'endpoint' }>;
  readonly from: string;
  readonly text: string;
  /** The id that its sender knows it by. */
  readonly localId: string;
  /** Makes its id: what and when. */
  readonly seed: string;
  readonly at: number;
}

/** @returns the key of its document in MESH */
export async function mailed(
  options: MailingOptions,
  { environment }: Pick<KeptMessage, 'environment'>,
  letter: Letter,
): Promise<string> {
  const { store, blobs, now, accepted } = options;
  const { to, text, localId } = letter;
  const messages = store.open(meshMessageCollection);
  const id = idOf(letter);
  const key = meshKey(environment, id);
  if (await messages.get(key)) return key;
  const chunk = await keepChunk(blobs, 1, bytesOf(text), Infinity);
  const at = now();
  const base: MeshMessage = {
    ...{ environment, id, kind: 'DATA', sender: letter.from, workflow: to.workflow },
    recipient: to.kind === 'mailbox' ? to.mailbox : '',
    ...(to.kind === 'practice' ? { addressed: to.addressed } : {}),
    ...{ localId, contentType: fhirJson, total: 1, chunks: [chunk], created: at, touched: at },
    ...{ state: 'uploading', events: [] },
  };
  const isPractice = to.kind === 'practice';
  const message = isPractice ? happened(base, 'uploading', at) : completed(base, at);
  const outbox = isPractice ? [outboxEntry(routingOf(message))] : accepted(message);
  try {
    await messages.put(key, message, { expected: 0, outbox });
  } catch (error) {
    if (!(error instanceof Problem && error.kind === 'conflict')) throw error; // it is there
    if (chunk.blob !== undefined) await blobs.remove([chunk.blob]);
  }
  return key;
}

/** As others of MESH: 20 digits of a time, and six in hexadecimal. */
function idOf({ seed, at }: Letter): string {
  const random = hash('sha256', seed, 'hex').toUpperCase();
  const micro = random.slice(6).replace(/\D/g, '').padEnd(6, '0').slice(0, 6);
  return `${digitsOf(at)}${micro}_${random.slice(0, 6)}`;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a body is asked for piece by piece
async function* bytesOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

/** What became of it: undefined while it waits to be fetched. */
export async function fateOf(
  store: Store,
  key: string,
): Promise<'fetched' | { readonly failed: string } | undefined> {
  const message = (await store.open(meshMessageCollection).get(key))?.value;
  if (message?.state === 'accepted' || message?.state === 'uploading') return undefined;
  if (message?.state === 'undeliverable' || message?.state === 'error')
    return { failed: message.events[0]?.text ?? '' };
  return 'fetched';
}
