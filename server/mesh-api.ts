/**
 * MESH in the management API: mailboxes, workflows, what waits and since when, messages as ids, states and times, putting one
 * back, and the shared key. Owns the wire; who may and what is entered is mesh-mailboxes.ts's. Never a body, never the
 * address of a patient's practice.
 */
import type { Exchange, Reply } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { checker } from '../core/schema.ts';
import type { Collection, OutboxEntry } from '../core/store.ts';
import {
  mailboxKey,
  workflowCollection,
  type Mailbox,
  type Workflow,
} from '../spine/mesh/mailboxes.ts';
import { meshMessageCollection, messageKey, type MeshMessage } from '../spine/mesh/messages.ts';
import { historyOf, shownMessage, waitingIn, type Waiting } from '../spine/mesh/overview.ts';
import { restored } from '../spine/mesh/restore.ts';
import { openSeen, type Seen, type SeenKeeper } from '../spine/mesh/seen.ts';
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
import { entered } from './catalogue/systems/deeds.ts';
import type { MeshKeys, SharedKeys } from './mesh-keys.ts';
import {
  meshAdministration,
  type MailboxFields,
  type MailboxPlace,
  type MeshAdministration,
  type NewMailbox,
} from './mesh-mailboxes.ts';

export interface MeshManagementOptions extends Ground {
  readonly keys: Pick<MeshKeys, 'seal'>;
  readonly sharedKeys: Pick<SharedKeys, 'next' | 'stored'>;
  /** What else comes of a message that is in its inbox again. */
  readonly accepted?: (message: MeshMessage) => readonly OutboxEntry[];
}

export interface MeshManagement {
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

interface Parts {
  readonly administration: MeshAdministration;
  readonly messages: Collection<MeshMessage>;
  readonly seen: SeenKeeper;
  readonly options: MeshManagementOptions;
}

/** The routes and what is said of them. */
export function openMeshManagement(options: MeshManagementOptions): MeshManagement {
  const { store, clock, sharedKeys } = options;
  const administration = meshAdministration(options);
  const messages = store.open(meshMessageCollection);
  const seen = openSeen(store, () => clock.now());
  const parts: Parts = { administration, messages, seen, options };
  const toNew = checker<NewMailbox>(newBody);
  const toChange = checker<Partial<MailboxFields>>(changeBody);
  const toWorkflow = checker<Pick<Workflow, 'senders' | 'receivers'>>(workflowBody);
  const toOverlap = checker<{ overlap?: Overlap }>(overlapBody);
  return {
    facts,
    acts: {
      [`GET ${mailboxes}`]: (actor, x) => list(parts, actor, x),
      async [`POST ${mailboxes}`](actor, x) {
        const made = await administration.create(actor, environmentIn(x), await bodyOf(x, toNew));
        const location = `/management/v1/mesh/${environmentIn(x)}/mailboxes/${made.stored.value.id}`;
        const shown = (mailbox: Mailbox) => ({ ...shownMailbox(mailbox), password: made.secret });
        return document(201, made.stored, shown, { location });
      },
      [`GET ${mailboxes}/:id`]: (actor, x) => show(parts, actor, x),
      async [`PATCH ${mailboxes}/:id`](actor, x) {
        const change = await bodyOf(x, toChange);
        const changed = await administration.change(actor, placeIn(x), change, conditionOf(x));
        return document(200, changed, shownMailbox);
      },
      async [`POST ${mailboxes}/:id/password`](actor, x) {
        const { stored, secret } = await administration.newPassword(actor, placeIn(x));
        return document(201, stored, ({ id }) => ({ id, password: secret }));
      },
      [`GET ${mailboxes}/:id/messages`]: (actor, x) => history(parts, actor, x),
      [`POST ${mailboxes}/:id/messages/:message/restore`]: (actor, x) => restore(parts, actor, x),
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

async function list(
  { administration, messages }: Parts,
  actor: Actor,
  x: Exchange,
): Promise<Reply> {
  const environment = environmentIn(x);
  const [app, odsCode] = [x.query.get('app'), x.query.get('odsCode')];
  const { items, next } = await administration.list(actor, {
    ...{ environment, ...pageOf(x) },
    ...(app === null ? {} : { app: app.slice(0, 200) }),
    ...(odsCode === null ? {} : { odsCode: odsCode.toUpperCase().slice(0, 20) }),
  });
  const shown = items.map(async ({ value, version }) => ({
    ...shownMailbox(value),
    ...shownWaiting(await waitingIn(messages, environment, value.id, 100)),
    etag: `"${version}"`,
  }));
  return json(200, { items: await Promise.all(shown), ...(next === undefined ? {} : { next }) });
}

async function show(parts: Parts, actor: Actor, x: Exchange): Promise<Reply> {
  const { administration, messages, seen, options } = parts;
  const { environment, id } = placeIn(x);
  const stored = await administration.read(actor, { environment, id });
  const [waiting, last, flows] = await Promise.all([
    waitingIn(messages, environment, id),
    seen.get(environment, id),
    workflowsOf(options, environment, id),
  ]);
  return document(200, stored, (mailbox) => ({
    ...shownMailbox(mailbox),
    ...shownWaiting(waiting),
    ...shownSeen(last),
    ...flows,
  }));
}

/** The first hundreds of an environment: it has some tens. */
async function workflowsOf(
  { store }: MeshManagementOptions,
  environment: string,
  id: string,
): Promise<{ readonly sends: readonly string[]; readonly takes: readonly string[] }> {
  const query = { index: 'environment', equals: [environment], limit: 1000 };
  const { items } = await store.open(workflowCollection).find(query);
  const named = (side: (one: Workflow) => readonly string[]) =>
    items.filter(({ value }) => side(value).includes(id)).map(({ value }) => value.id);
  return { sends: named(({ senders }) => senders), takes: named(({ receivers }) => receivers) };
}

async function history({ administration, messages }: Parts, actor: Actor, x: Exchange) {
  const { environment, id } = placeIn(x);
  await administration.read(actor, { environment, id });
  const { limit = 50, after } = pageOf(x);
  const direction = directionIn(x);
  const { items, next } = await historyOf(messages, environment, id, {
    limit,
    ...(after === undefined ? {} : { after }),
    ...(direction === undefined ? {} : { direction }),
  });
  return json(200, { items: items.map(shownMessage), ...(next === undefined ? {} : { next }) });
}

async function restore({ administration, messages, options }: Parts, actor: Actor, x: Exchange) {
  const at = placeIn(x);
  const action = 'mailbox.restore';
  await administration.mayChange(actor, at, action);
  const id = (x.params.message ?? '').toUpperCase();
  const key = /^[A-Z0-9_]{1,60}$/.test(id) ? messageKey(at.environment, id) : '';
  const found = key === '' ? undefined : await messages.get(key);
  if (found?.value.recipient !== at.id)
    throw new Problem('not-found', 'There is no such message for this mailbox');
  const deed = { actor, action, environment: at.environment };
  const about = `${mailboxKey(at.environment, at.id)} ${id}`;
  const message = await entered(options, deed, about, () =>
    restored(messages, key, options.clock.now(), options.accepted),
  );
  return json(200, shownMessage({ direction: 'received', message }));
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
