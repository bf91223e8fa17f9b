/**
 * Messages of a mailbox: in and out, found by id, and what became of one. Owns what is shown of them: ids, states, times and
 * sizes. Never a body, a subject or a file name, for these may name a patient.
 */
import { html, type Html, type Part } from '../../core/html.ts';
import type { PageQuery } from '../catalogue/app-administration.ts';
import { button, formOn, input } from './fields.ts';
import { blankForm, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import type { MailboxPlace, MessageListed, MessageTold, MessageTracked } from './mailbox-port.ts';
import {
  backToMailbox,
  mailboxName,
  mailboxOf,
  mailboxPath,
  messageLink,
  mustManage,
} from './mailbox-reach.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { code, summaryList, table, tag, time, type TagColour } from './parts.ts';
import { letterPath, letterTag } from './push-reach.ts';

const here = 'apps';
const base = '/mailboxes/:environment/:mailbox/messages';
const onPage = 50;

export function mailboxMessagePages(hub: Hub): Pages {
  return {
    [base]: accountPage({ show: (visit) => listPage(hub, visit) }),
    [`${base}/:message`]: accountPage({
      show: (visit, form) => onePage(hub, visit, form),
      async act(visit) {
        const reached = await mailboxOf(hub, visit);
        mustManage(reached);
        const { actor, at } = reached;
        const { id } = await hub.mailboxes.views.restore(actor, at, idIn(visit));
        return {
          to: mailboxPath(at, `/messages/${id}`),
          told: 'The message is in the inbox again, as its newest.',
        };
      },
    }),
  };
}

/** Finds a message by either id. */
export function messageSearch(at: MailboxPlace, asked: string): Html {
  const form = blankForm({ id: asked });
  return html`<form method="get" action="${mailboxPath(at, '/messages')}" class="hub-chooser">${input(form, { name: 'id', label: 'Find a message by its id, or by your local id', width: 20 })}${button('Find', 'secondary')}</form>`;
}

const directions = {
  '': { title: 'Messages', link: 'All' },
  received: { title: 'Inbox', link: 'Inbox' },
  sent: { title: 'Outbox', link: 'Outbox' },
} as const;

async function listPage(hub: Hub, visit: SignedIn): Promise<Page> {
  const reached = await mailboxOf(hub, visit);
  const { at, actor } = reached;
  const { query } = visit;
  const asked = (query.get('id') ?? '').trim().slice(0, 300);
  const given = query.get('direction');
  const direction = given === 'received' || given === 'sent' ? given : undefined;
  const after = query.get('after')?.slice(0, 200);
  const page: PageQuery = { limit: onPage, ...(after ? { after } : {}) };
  const { items, next } =
    asked === ''
      ? await hub.mailboxes.views.history(actor, at, {
          ...{ ...page, limit: onPage },
          ...(direction ? { direction } : {}),
        })
      : { items: await hub.mailboxes.views.named(actor, at, asked), next: undefined };
  const { title } = directions[direction ?? ''];
  const path = (more: Readonly<Record<string, string>>) =>
    mailboxPath(at, `/messages?${new URLSearchParams(more).toString()}`);
  const kept = direction ? { direction } : {};
  return {
    ...{ title: `${title} of ${mailboxName(at)}`, here, back: backToMailbox(reached) },
    content: html`<nav class="hub-turn" aria-label="Direction"><ul>${Object.entries(directions).map(([one, { link }]) => html`<li><a href="${path(one === '' ? {} : { direction: one })}"${asked === '' && one === (direction ?? '') ? html` aria-current="true"` : undefined}>${link}</a></li>`)}</ul></nav>
${messageSearch(at, asked)}
${items.length === 0 ? html`<p>${asked === '' ? 'There are none.' : 'This mailbox has no message with such an id, and sent none with such a local id. Ended messages are kept for 30 days.'}</p>` : messageTable(at, items)}
${after || asked !== '' ? html`<p><a href="${path(kept)}">Newest messages</a></p>` : undefined}
${next === undefined ? undefined : html`<p><a href="${path({ ...kept, after: next })}">Older messages</a></p>`}`,
  };
}

function messageTable(at: MailboxPlace, items: readonly MessageListed[]): Html {
  const rows = items.map(({ direction, message }) => [
    html`${messageLink(at, message.id)}<br />${message.workflow}`,
    direction === 'received' ? `From ${fromText(message)}` : `To ${toText(message)}`,
    message.localId ?? '',
    stateTag(message),
    bytesText(message),
    time(direction === 'sent' ? message.created : (message.accepted ?? message.created)),
  ]);
  const head = ['Message and workflow', 'From or to', 'Local id', 'State', 'Bytes', 'When'];
  return table('Messages, newest first', head, rows);
}

function fromText({ sender }: MessageTold): string {
  return sender === '' ? 'the platform (a report)' : sender;
}

function toText({ recipient, state }: MessageTold): string {
  if (recipient !== '') return recipient;
  return `the practice of a patient, ${state === 'error' ? 'not found' : 'looked for'}`;
}

const colours: Readonly<Record<MessageTold['state'], TagColour>> = {
  uploading: 'grey',
  accepted: 'blue',
  acknowledged: 'green',
  undeliverable: 'red',
  error: 'red',
};

function stateTag({ state }: Pick<MessageTold, 'state'>): Html {
  return tag(state, colours[state]);
}

function bytesText({ chunks }: MessageTold): string {
  return chunks.reduce((sum, { size }) => sum + size, 0).toLocaleString('en-GB');
}

function sizeText(message: MessageTold): string {
  const { chunks, total } = message;
  const text = `${bytesText(message)} bytes`;
  return total > 1 ? `${text}, ${chunks.length} of ${total} chunks` : text;
}

function idIn({ params }: SignedIn): string {
  return (params.message ?? '').toUpperCase();
}

async function onePage(hub: Hub, visit: SignedIn, form: Form): Promise<Page> {
  const reached = await mailboxOf(hub, visit);
  const { at, actor, manages } = reached;
  const tracked = await hub.mailboxes.views.track(actor, at, idIn(visit));
  const { direction, message } = tracked;
  const ended = ['acknowledged', 'undeliverable'].includes(message.state);
  return {
    ...{ title: `Message ${message.id}`, form, here },
    back: {
      href: mailboxPath(at, `/messages?direction=${direction}`),
      text: `Back to the ${direction === 'sent' ? 'outbox' : 'inbox'} of ${mailboxName(at)}`,
    },
    content: html`${facts(at, message)}
<h2>What happened</h2>
${eventTable(message)}
${reportPart(at, tracked)}
${pushPart(at, tracked)}
${
  direction === 'received' && ended && manages
    ? html`<h2>Put it back</h2>
${formOn(visit, html`<p>It is the newest message of the inbox again, for five days: for when it was acknowledged and then lost.</p>${button('Put it back into the inbox', 'secondary')}`)}`
    : undefined
}`,
  };
}

function facts(at: MailboxPlace, message: MessageTold): Html {
  const { kind, workflow, localId, linked, created, accepted, acknowledged, report } = message;
  return summaryList([
    { key: 'State', value: stateTag(message) },
    { key: 'Kind', value: kind === 'REPORT' ? reportText(report) : 'Message' },
    ...(linked === undefined ? [] : [{ key: 'About message', value: messageLink(at, linked) }]),
    { key: 'From', value: fromText(message) },
    { key: 'To', value: toText(message) },
    { key: 'Workflow', value: code(workflow) },
    ...(localId === undefined ? [] : [{ key: 'Local id', value: code(localId) }]),
    { key: 'Size', value: sizeText(message) },
    { key: 'Sent', value: time(created) },
    ...(accepted === undefined ? [] : [{ key: 'In the inbox since', value: time(accepted) }]),
    ...(acknowledged === undefined ? [] : [{ key: 'Acknowledged', value: time(acknowledged) }]),
  ]);
}

function reportText(report: MessageTold['report']): string {
  if (!report) return 'Report';
  const { event, code: number, text } = report;
  return event === 'RECEIPT' ? `Receipt: ${text}` : `Report ${number}: ${text}`;
}

function eventTable({ events, total }: MessageTold): Html {
  if (events.length === 0) return html`<p>It is being sent; nothing else has happened yet.</p>`;
  const rows = events.map(({ at, state, event, code: number, text }) => [
    time(at),
    stateTag({ state }),
    `${event} ${number}`,
    // What is noted of all, and true of those in chunks.
    state === 'uploading' && total === 1 ? 'Taken from the sender' : text,
  ]);
  return table('Events, newest first', ['When', 'State', 'Event', 'What'], rows);
}

function reportPart(
  at: MailboxPlace,
  { direction, message, reports }: MessageTracked,
): Html | undefined {
  if (direction !== 'sent' || message.kind === 'REPORT') return undefined;
  const rows = reports.map((one): readonly Part[] => [
    messageLink(at, one.id),
    reportText(one.report),
    stateTag(one),
    time(one.created),
  ]);
  return html`<h2>Reports and receipts</h2>
${rows.length === 0 ? html`<p>There are none. A report comes when it cannot be delivered, a receipt where the recipient has it pushed and asked for receipts.</p>` : table('In this inbox, about the message', ['Message', 'What', 'State', 'When'], rows)}`;
}

function pushPart(at: MailboxPlace, { pushes }: MessageTracked): Html | undefined {
  if (pushes.length === 0) return undefined;
  const rows = pushes.map((push) => {
    const { about, attempts, created, reason = '' } = push;
    const path = letterPath(at, about.subscription ?? '', about.messageId ?? '');
    const link = html`<a href="${path}">${time(created)}<span class="nhsuk-u-visually-hidden">, by subscription ${about.subscription}</span></a>`;
    return [link, letterTag(push), attempts, reason];
  });
  return html`<h2>Pushes</h2>${table('To endpoints', ['Handed in', 'State', 'Attempts', 'Reason'], rows)}`;
}
