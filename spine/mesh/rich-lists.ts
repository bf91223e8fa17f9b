/** The rich lists of a mailbox: what came in and what was sent, newest first, with what became of it. Owns their shape. */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Collection } from '../../core/store.ts';
import { answer } from './answers.ts';
import { fieldFaults } from './errors.ts';
import type { Mailboxes, MeshCaller } from './mailboxes.ts';
import { day, lifetimes, newestFirst, type MeshMessage } from './messages.ts';

const most = 100;

export interface RichOptions {
  readonly messages: Collection<MeshMessage>;
  readonly mailboxes: Mailboxes;
  readonly now: () => number;
  /** The address of the list, as links name it. */
  readonly path: string;
}

/** @throws Problem 400 in the validation shape */
export async function richList(
  { messages, mailboxes, now, path }: RichOptions,
  { environment, mailbox }: MeshCaller,
  index: 'received' | 'sent',
  { query, rawQuery }: Exchange,
): Promise<Reply> {
  const { start, limit, after } = asked(query, now());
  const { items, next } = await messages.find({
    ...{
      index,
      equals: [`${environment}|${mailbox.id}`],
      to: `${newestFirst(start)}\u0001`,
      limit,
    },
    ...(after === undefined ? {} : { after }),
  });
  const nameOf = async (id: string) => (await mailboxes.mailbox(environment, id))?.name;
  const shown = await Promise.all(
    items.map(async ({ value }) => ({
      ...shownOf(value),
      recipient_name: await nameOf(value.recipient),
      sender_name: await nameOf(value.sender),
    })),
  );
  const more = new URLSearchParams(query);
  if (next !== undefined) more.set('continue_from', next);
  return answer(2, 200, {
    valid_at: new Date(now()).toISOString(),
    links: {
      self: path + (rawQuery === '' ? '' : `?${rawQuery}`),
      ...(next === undefined ? {} : { next: `${path}?${more.toString()}` }),
    },
    messages: shown,
  });
}

function asked(query: URLSearchParams, now: number) {
  const wrong = (name: string, text: string) =>
    fieldFaults([{ at: ['query', name], text, type: 'value_error' }]);
  const given = query.get('start_time');
  const start = given === null ? now - 30 * day : Date.parse(given);
  if (Number.isNaN(start)) throw wrong('start_time', 'invalid datetime format');
  const results = query.get('max_results') ?? String(most);
  const limit = /^\d{1,3}$/.test(results) ? Number(results) : 0;
  if (limit < 1 || limit > most) throw wrong('max_results', `ensure this value is 1 to ${most}`);
  const after = query.get('continue_from') ?? undefined;
  if (after !== undefined && after.length > 1000) throw wrong('continue_from', 'too long');
  return { start, limit, after };
}

function shownOf(message: MeshMessage): object {
  const { id, localId, kind, recipient, sender, state, events, workflow, total } = message;
  const { accepted, created } = message;
  return {
    ...{ message_id: id, local_id: localId, message_type: kind, recipient, sender },
    expiry_timestamp: new Date((accepted ?? created) + lifetimes.inbox).toISOString(),
    sent_date: new Date(created).toISOString(),
    ...{ status: state, status_code: events[0]?.code, workflow_id: workflow },
    total_chunks: total,
  };
}
