/**
 * MESH in the management API: mailboxes, workflows, what waits and since when, messages as ids, states and times, putting one
 * back, and the shared key. Owns the wire; who may and what is entered is mesh-mailboxes.ts's. Never a body, never the
 * address of a patient's practice.
 */
import type { Exchange, Reply } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { checker } from '../core/schema.ts';
import type { OutboxEntry } from '../core/store.ts';
import type { Mailbox, Workflow } from '../spine/mesh/mailboxes.ts';
import type { MeshMessage } from '../spine/mesh/messages.ts';
import { shownMessage, type Waiting } from '../spine/mesh/overview.ts';
import type { Seen } from '../spine/mesh/seen.ts';
import {
  bodyOf,
  conditionOf,
  document,
  environmentOf,
  idOf,
  json,
  noContent,
  pageOf,
  pageReply,
  type Act,
} from './catalogue/api-call.ts';
import type { Environment } from './catalogue/environments.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import type { Ground } from './catalogue/records.ts';
import { must, type Actor } from './catalogue/roles.ts';
import { overlaps, type Overlap } from './catalogue/secret-administration.ts';
import type { MeshKeys, SharedKeys } from './mesh-keys.ts';
import {
  meshAdministration,
  type MailboxFields,
  type MailboxPlace,
  type MeshAdministration,
  type NewMailbox,
} from './mesh-mailboxes.ts';
import { openMeshViews, type MeshViews } from './mesh-views.ts';

export interface MeshManagementOptions extends Ground {
  readonly keys: Pick<MeshKeys, 'seal'>;
  readonly sharedKeys: Pick<SharedKeys, 'next' | 'stored'>;
  /** What else comes of a message that is in its inbox again. */
  readonly accepted?: (message: MeshMessage) => readonly OutboxEntry[];
}

export interface MeshManagement {
  readonly administration: MeshAdministration;
  readonly views: MeshViews;
  readonly acts: Readonly<Record<string, Act>>;
  readonly facts: Readonly<Record<string, RouteFacts>>;
}

const text = { type: 'string', maxLength: 300 };
const fields = {
  name: { type: 'string', minLength: 1, maxLength: 100 },
  odsCode: text,
  orgCode: text,
  orgName: text,
  active: { type: 'boolean' },
  app: text,
};
const closed = { type: 'object', additionalProperties: false };
const newBody = { ...closed, required: ['name', 'odsCode'], properties: { id: text, ...fields } };
const changeBody = { ...closed, minProperties: 1, properties: fields };
const side = {
  type: 'array',
  maxItems: 1000,
  items: { type: 'string', pattern: '^(\\*|[A-Z0-9]{1,32})$' },
};
const workflowBody = {
  ...closed,
  required: ['senders', 'receivers'],
  properties: { senders: side, receivers: side },
};
const overlapBody = { ...closed, properties: { overlap: { enum: Object.keys(overlaps) } } };

const mailboxes = '/mesh/:environment/mailboxes';
const workflows = '/mesh/:environment/workflows';

const facts: Readonly<Record<string, RouteFacts>> = {
  [`GET ${mailboxes}`]: {
    summary: 'Lists mailboxes of MESH with how many messages wait',
    rights: ['mailbox.read'],
    query: { app: text, odsCode: text },
    paged: true,
  },
  [`POST ${mailboxes}`]: {
    summary: 'Makes a mailbox and shows its password once',
    rights: ['mailbox.change'],
    status: 201,
    body: newBody,
  },
  [`GET ${mailboxes}/:id`]: {
    summary: 'Shows a mailbox: what waits, since when, when it was last used and by which client',
    rights: ['mailbox.read'],
  },
  [`PATCH ${mailboxes}/:id`]: {
    summary: 'Changes a mailbox',
    rights: ['mailbox.change'],
    body: changeBody,
    condition: true,
  },
  [`POST ${mailboxes}/:id/password`]: {
    summary: 'Makes a new password for a mailbox and shows it once; the one before ends',
    rights: ['mailbox.change'],
    status: 201,
  },
  [`GET ${mailboxes}/:id/messages`]: {
    summary: 'Lists what a mailbox received and sent, newest first; never contents',
    rights: ['mailbox.read'],
    query: { direction: { enum: ['received', 'sent'] } },
    paged: true,
  },
  [`GET ${mailboxes}/:id/messages/:message`]: {
    summary: 'Tracks a message: what happened to it, reports and receipts about it, its pushes',
    rights: ['mailbox.read'],
  },
  [`POST ${mailboxes}/:id/messages/:message/restore`]: {
    summary: 'Puts a message back into the inbox that was acknowledged or has expired',
    rights: ['mailbox.change'],
  },
  [`GET ${workflows}`]: {
    summary: 'Lists workflows: who may send and who takes a type of document',
    rights: ['mailbox.read'],
    paged: true,
  },
  [`PUT ${workflows}/:id`]: {
    summary: 'Puts a workflow; * stands for every sender',
    rights: ['mailbox.change'],
    body: workflowBody,
  },
  [`DELETE ${workflows}/:id`]: {
    summary: 'Removes a workflow',
    rights: ['mailbox.change'],
    status: 204,
  },
  'GET /mesh/:environment/shared-key': {
    summary: 'Tells since when the shared key of an environment is in use, never the key',
    rights: ['keys.rotate'],
  },
  'POST /mesh/:environment/shared-key': {
    summary: 'Makes a new shared key and shows it once; the one before stays good for the overlap',
    rights: ['keys.rotate'],
    status: 201,
    body: overlapBody,
  },
};

/** The routes and what is said of them. */
export function openMeshManagement(options: MeshManagementOptions): MeshManagement {
  const { clock, sharedKeys } = options;
  const administration = meshAdministration(options);
  const views = openMeshViews({ ...options, administration });
  const toNew = checker<NewMailbox>(newBody);
  const toChange = checker<Partial<MailboxFields>>(changeBody);
  const toWorkflow = checker<Pick<Workflow, 'senders' | 'receivers'>>(workflowBody);
  const toOverlap = checker<{ overlap?: Overlap }>(overlapBody);
  return {
    facts,
    administration,
    views,
    acts: {
      [`GET ${mailboxes}`]: (actor, x) => list(views, actor, x),
      async [`POST ${mailboxes}`](actor, x) {
        const made = await administration.create(actor, environmentIn(x), await bodyOf(x, toNew));
        const location = `/management/v1/mesh/${environmentIn(x)}/mailboxes/${made.stored.value.id}`;
        const shown = (mailbox: Mailbox) => ({ ...shownMailbox(mailbox), password: made.secret });
        return document(201, made.stored, shown, { location });
      },
      [`GET ${mailboxes}/:id`]: (actor, x) => show(views, actor, x),
      async [`PATCH ${mailboxes}/:id`](actor, x) {
        const change = await bodyOf(x, toChange);
        const changed = await administration.change(actor, placeIn(x), change, conditionOf(x));
        return document(200, changed, shownMailbox);
      },
      async [`POST ${mailboxes}/:id/password`](actor, x) {
        const { stored, secret } = await administration.newPassword(actor, placeIn(x));
        return document(201, stored, ({ id }) => ({ id, password: secret }));
      },
      [`GET ${mailboxes}/:id/messages`]: (actor, x) => history(views, actor, x),
      [`GET ${mailboxes}/:id/messages/:message`]: (actor, x) => track(views, actor, x),
      async [`POST ${mailboxes}/:id/messages/:message/restore`](actor, x) {
        const message = await views.restore(actor, placeIn(x), messageIn(x));
        return json(200, shownMessage({ direction: 'received', message }));
      },
      async [`GET ${workflows}`](actor, x) {
        const page = await administration.workflows(actor, environmentIn(x), pageOf(x));
        return pageReply(page, shownWorkflow);
      },
      async [`PUT ${workflows}/:id`](actor, x) {
        const { senders, receivers } = await bodyOf(x, toWorkflow);
        const workflow = { environment: environmentIn(x), id: idOf(x), senders, receivers };
        return document(200, await administration.putWorkflow(actor, workflow), shownWorkflow);
      },
      async [`DELETE ${workflows}/:id`](actor, x) {
        await administration.removeWorkflow(actor, environmentIn(x), idOf(x));
        return noContent;
      },
      async 'GET /mesh/:environment/shared-key'(actor, x) {
        must(actor, 'keys.rotate');
        const value = (await sharedKeys.stored(environmentIn(x)))?.value;
        const { created, before } = value ?? {};
        const isBoth = before !== undefined && before.until > clock.now();
        return json(200, {
          environment: environmentIn(x),
          ...(created === undefined ? { first: true } : { created: iso(created) }),
          ...(isBoth ? { beforeUntil: iso(before.until) } : {}),
        });
      },
      async 'POST /mesh/:environment/shared-key'(actor, x) {
        const { overlap = '24h' } = await bodyOf(x, toOverlap);
        const environment = environmentIn(x);
        const key = await administration.newSharedKey(actor, environment, overlaps[overlap]);
        return json(201, { environment, key, overlap });
      },
    },
  };
}

async function list(views: MeshViews, actor: Actor, x: Exchange): Promise<Reply> {
  const [app, odsCode] = [x.query.get('app'), x.query.get('odsCode')];
  const { listed, next } = await views.list(actor, {
    ...{ environment: environmentIn(x), ...pageOf(x) },
    ...(app === null ? {} : { app: app.slice(0, 200) }),
    ...(odsCode === null ? {} : { odsCode: odsCode.toUpperCase().slice(0, 20) }),
  });
  const items = listed.map(({ mailbox, waiting, version }) => ({
    ...shownMailbox(mailbox),
    ...shownWaiting(waiting),
    etag: `"${version}"`,
  }));
  return json(200, { items, ...(next === undefined ? {} : { next }) });
}

async function show(views: MeshViews, actor: Actor, x: Exchange): Promise<Reply> {
  const shown = await views.show(actor, placeIn(x));
  const { mailbox, version, waiting, seen, sends, takes } = shown;
  const body = {
    ...shownMailbox(mailbox),
    ...shownWaiting(waiting),
    ...shownSeen(seen),
    ...{ sends, takes },
  };
  return json(200, body, { etag: `"${version}"` });
}

async function history(views: MeshViews, actor: Actor, x: Exchange): Promise<Reply> {
  const { limit = 50, after } = pageOf(x);
  const direction = directionIn(x);
  const { items, next } = await views.history(actor, placeIn(x), {
    limit,
    ...(after === undefined ? {} : { after }),
    ...(direction === undefined ? {} : { direction }),
  });
  return json(200, { items: items.map(shownMessage), ...(next === undefined ? {} : { next }) });
}

async function track(views: MeshViews, actor: Actor, x: Exchange): Promise<Reply> {
  const { direction, message, reports, pushes } = await views.track(
    ...([actor, placeIn(x), messageIn(x)] as const),
  );
  return json(200, {
    ...shownMessage({ direction, message }),
    events: message.events.map(({ at, state, event, code, text: said }) => ({
      ...{ at: iso(at), state, event, code, text: said },
    })),
    reports: reports.map(({ id, report, created }) => ({ id, ...report, created: iso(created) })),
    pushes: pushes.map(({ id, state, attempts, about: { subscription } }) => ({
      ...{ id, state, attempts, subscription },
    })),
  });
}

function messageIn({ params }: Exchange): string {
  return (params.message ?? '').toUpperCase();
}

function directionIn({ query }: Exchange): 'received' | 'sent' | undefined {
  const given = query.get('direction');
  if (given === null || given === 'received' || given === 'sent') return given ?? undefined;
  throw new Problem('invalid', 'The direction is received or sent');
}

function environmentIn({ params }: Exchange): Environment {
  return environmentOf(params.environment ?? '', 'not-found');
}

function placeIn(x: Exchange): MailboxPlace {
  return { environment: environmentIn(x), id: idOf(x).toUpperCase() };
}

/** All but what proves it. */
function shownMailbox(mailbox: Mailbox): object {
  const { environment, id, name, odsCode, orgCode, orgName, active, app } = mailbox;
  return { environment, id, name, odsCode, orgCode, orgName, active, ...(app ? { app } : {}) };
}

function shownWorkflow({ id, environment, senders, receivers }: Workflow): object {
  return { id, environment, senders, receivers };
}

function shownWaiting({ count, more, oldest }: Waiting): object {
  return {
    waiting: count,
    ...(more ? { more } : {}),
    ...(oldest === undefined ? {} : { oldest: iso(oldest) }),
  };
}

function shownSeen(seen: Seen | undefined): object {
  if (!seen) return {};
  return { lastSeen: iso(seen.at), ...(seen.client === '' ? {} : { client: seen.client }) };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
