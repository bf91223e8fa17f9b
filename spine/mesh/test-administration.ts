/**
 * What public tests of MESH clients ask of a server for tests: forget messages, plant reports, force what happened. Owns these
 * few addresses; they are served where the policy in front lets anybody in.
 */
import type { Exchange, Handler, Reply } from '../../core/exchange.ts';
import type { Routes } from '../../core/routes.ts';
import { checker } from '../../core/schema.ts';
import type { Collection, Stored } from '../../core/store.ts';
import { Problem } from '../../core/problem.ts';
import { answer } from './answers.ts';
import { meshError } from './errors.ts';
import { messageKey, newMessageId, type MeshMessage, type MessageState } from './messages.ts';
import { changed, completed, happened } from './steps.ts';

export interface TestAdministrationOptions {
  readonly messages: Collection<MeshMessage>;
  readonly now: () => number;
}

interface ReportAsked {
  readonly mailbox_id: string;
  readonly code: string;
  readonly description: string;
  readonly workflow_id: string;
  readonly subject?: string;
  readonly local_id?: string;
  readonly linked_message_id?: string;
}

/** What a header may hold: reports are told in headers. */
const text = { type: 'string', maxLength: 500, pattern: '^[\\x20-\\x7e\\xa0-\\xff]*$' };
const reportBody = {
  type: 'object',
  required: ['mailbox_id', 'code', 'description', 'workflow_id'],
  properties: {
    mailbox_id: { type: 'string', pattern: '^[A-Za-z0-9]{1,64}$' },
    ...{ code: text, description: text, workflow_id: text, subject: text, local_id: text },
    ...{ linked_message_id: text, file_name: text },
    status: { enum: ['error', 'undeliverable'] },
  },
};

interface EventAsked {
  readonly status: MessageState;
  readonly code?: string;
  readonly event?: string;
  readonly description?: string;
}

const eventBody = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { enum: ['uploading', 'accepted', 'acknowledged', 'undeliverable', 'error'] },
    ...{ code: text, event: text, description: text, linked_message_id: text },
  },
};

/** @param prefix where they are: `/admin` below the API, nothing below an address of their own */
export function testAdministration(
  { messages, now }: TestAdministrationOptions,
  prefix: '' | '/admin',
): Routes {
  const report = checker<ReportAsked>(reportBody);
  const event = checker<EventAsked>(eventBody);
  const reset: Handler = async ({ environment, params }) => {
    await forget(messages, environment, (params.mailbox ?? '').toUpperCase());
    return { status: 204 };
  };
  return {
    [`DELETE ${prefix}/reset`]: reset,
    [`DELETE ${prefix}/reset/:mailbox`]: reset,
    async [`POST ${prefix}/report`](exchange) {
      const asked = report(await jsonOf(exchange));
      const planted = reportFor(asked, exchange.environment, now());
      await messages.put(messageKey(exchange.environment, planted.id), planted, { expected: 0 });
      return answer(1, 200, { message_id: planted.id });
    },
    async [`POST ${prefix}/message/:id/event`](exchange): Promise<Reply> {
      const { status, code, event: name, description } = event(await jsonOf(exchange));
      const key = messageKey(exchange.environment, (exchange.params.id ?? '').toUpperCase());
      const more = {
        ...(code === undefined ? {} : { code }),
        ...(name === undefined ? {} : { event: name }),
        ...(description === undefined ? {} : { text: description }),
      };
      const done = await changed(messages, key, (message) =>
        status === 'accepted' ? completed(message, now()) : happened(message, status, now(), more),
      );
      if (!done) throw meshError('missing');
      return { status: 200, body: '' };
    },
    async [`GET ${prefix}/message/:id`]({ environment, params }) {
      const found = await messages.get(messageKey(environment, (params.id ?? '').toUpperCase()));
      if (!found) throw meshError('missing');
      const { id, sender, recipient, workflow, state, total, events } = found.value;
      const { created, localId } = found.value;
      return answer(2, 200, {
        ...{ message_id: id, sender, recipient, workflow_id: workflow, status: state },
        ...{ total_chunks: total, local_id: localId, created: new Date(created).toISOString() },
        events: events.map((one) => ({
          ...{ status: one.state, event: one.event, code: one.code, description: one.text },
          timestamp: new Date(one.at).toISOString(),
        })),
      });
    },
  };
}

function reportFor(asked: ReportAsked, environment: string, now: number): MeshMessage {
  const { code, description, workflow_id: workflow, subject, local_id: localId } = asked;
  const linked = asked.linked_message_id;
  return completed(
    {
      ...{ environment, id: newMessageId(now), kind: 'REPORT', sender: '', workflow },
      recipient: asked.mailbox_id.toUpperCase(),
      subject: subject === undefined ? 'NDR' : `NDR: ${subject}`,
      ...(localId === undefined ? {} : { localId }),
      ...(linked === undefined ? {} : { linked }),
      report: { code, event: 'TRANSFER', text: description },
      ...{ total: 1, chunks: [], state: 'uploading', created: now, touched: now, events: [] },
    },
    now,
  );
}

/** Of the whole environment, or of one mailbox's inbox and outbox. Bodies go with the next sweep. */
async function forget(
  messages: Collection<MeshMessage>,
  environment: string,
  mailbox: string,
): Promise<void> {
  for (let after: string | undefined, more = true; more;) {
    const page = await messages.find({
      ...{ index: 'due', limit: 500 },
      ...(after === undefined ? {} : { after }),
    });
    const of = page.items.filter(
      ({ value }) =>
        value.environment === environment &&
        (mailbox === '' || value.recipient === mailbox || value.sender === mailbox),
    );
    await Promise.all(of.map((one) => removed(messages, one)));
    after = page.next;
    more = after !== undefined;
  }
}

async function removed(
  messages: Collection<MeshMessage>,
  { id, version }: Stored<MeshMessage>,
): Promise<void> {
  try {
    await messages.remove(id, version);
  } catch (error) {
    if (!(error instanceof Problem && error.kind === 'conflict')) throw error; // somebody changed it just now
  }
}

async function jsonOf({ body }: Exchange): Promise<unknown> {
  try {
    return JSON.parse((await body.bytes(100_000)).toString()) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) throw new Problem('invalid', 'The body must be JSON');
    throw error;
  }
}
