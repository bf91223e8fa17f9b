/**
 * The backlog in the management API: items with their votes, and comments to be decided on. Owns the routes; who may what is the
 * backlog's own (server/portal/backlog.ts).
 */
import type { Exchange } from '../core/exchange.ts';
import { checker } from '../core/schema.ts';
import {
  bodyOf,
  conditionOf,
  document,
  idOf,
  json,
  managementBase,
  pageOf,
  type Act,
} from './catalogue/api-call.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import type { Ground } from './catalogue/records.ts';
import { commentStates, openComments, type BacklogComment } from './portal/backlog-comments.ts';
import { openVotes } from './portal/backlog-votes.ts';
import {
  backlogKinds,
  backlogStates,
  openBacklog,
  type BacklogFields,
  type BacklogItem,
  type BacklogState,
} from './portal/backlog.ts';

export interface BacklogApi {
  readonly acts: Readonly<Record<string, Act>>;
  readonly facts: Readonly<Record<string, RouteFacts>>;
}

const properties = {
  title: { type: 'string', pattern: '^\\S[^\\n\\t]{0,99}$' },
  text: { type: 'string', minLength: 1, maxLength: 4_000 },
  kind: { enum: Object.keys(backlogKinds) },
  state: { enum: backlogStates },
  answer: { type: 'string', maxLength: 4_000 },
};
const toItem = {
  ...{ type: 'object', additionalProperties: false, required: ['title', 'text', 'kind'] },
  properties: {
    ...properties,
    state: { ...properties.state, default: 'idea' },
    answer: { ...properties.answer, default: '' },
  },
};
const toChange = { type: 'object', additionalProperties: false, minProperties: 1, properties };
const toDecision = {
  ...{ type: 'object', additionalProperties: false, required: ['state'] },
  properties: { state: { enum: ['shown', 'removed'] } },
};

const read = ['backlog.read'] as const;
const change = ['backlog.change'] as const;
const facts: Readonly<Record<string, RouteFacts>> = {
  'GET /backlog': {
    summary: 'Lists items of the backlog, suggestions that wait among them',
    ...{ rights: read, query: { state: properties.state }, paged: true as const },
  },
  'POST /backlog': {
    summary: 'Puts an item into the backlog',
    ...{ rights: change, status: 201 as const, body: toItem },
  },
  'GET /backlog/{id}': { summary: 'Shows an item of the backlog with its votes', rights: read },
  'PATCH /backlog/{id}': {
    summary: 'Changes an item of the backlog, or decides on a suggestion',
    ...{ rights: change, body: toChange, condition: true as const },
  },
  'GET /backlog-comments': {
    summary: 'Lists comments on the backlog, oldest first, at most 200',
    ...{ rights: read, query: { state: { enum: commentStates } } },
  },
  'PUT /backlog-comments/{id}/state': {
    summary: 'Shows a comment on the backlog to everybody, or to nobody',
    ...{ rights: change, body: toDecision },
  },
};

/** The routes and what is said of them. */
export function openBacklogApi(ground: Ground): BacklogApi {
  const backlog = openBacklog(ground);
  const votes = openVotes(ground);
  const comments = openComments(ground);
  const checkItem = checker<BacklogFields>(toItem);
  const checkChange = checker<Partial<BacklogFields>>(toChange);
  const checkDecision = checker<{ state: 'shown' | 'removed' }>(toDecision);
  const counted = async ({ value }: { readonly value: BacklogItem }) => {
    const count = await votes.count(value.id);
    return (item: BacklogItem) => shownItem(item, count);
  };
  const acts: Readonly<Record<string, Act>> = {
    async 'GET /backlog'(actor, x) {
      const page = await backlog.list(actor, stateOf(x), pageOf(x));
      const items = await Promise.all(
        page.items.map(async (one) => ({
          ...(await counted(one))(one.value),
          etag: `"${one.version}"`,
        })),
      );
      return json(200, { items, ...(page.next === undefined ? {} : { next: page.next }) });
    },
    async 'POST /backlog'(actor, x) {
      const stored = await backlog.create(actor, await bodyOf(x, checkItem));
      const location = `${managementBase}/backlog/${stored.id}`;
      return document(201, stored, await counted(stored), { location });
    },
    async 'GET /backlog/:id'(actor, x) {
      const stored = await backlog.read(idOf(x), actor);
      return document(200, stored, await counted(stored));
    },
    async 'PATCH /backlog/:id'(actor, x) {
      const expected = conditionOf(x);
      const stored = await backlog.change(actor, idOf(x), await bodyOf(x, checkChange), expected);
      return document(200, stored, await counted(stored));
    },
    async 'GET /backlog-comments'(actor, x) {
      const { state } = checkState({ state: x.query.get('state') ?? 'waiting' });
      return json(200, { items: (await comments.list(actor, state)).map(shownComment) });
    },
    async 'PUT /backlog-comments/:id/state'(actor, x) {
      const { state } = await bodyOf(x, checkDecision);
      return document(200, await comments.decide(actor, idOf(x), state), shownComment);
    },
  };
  return { acts, facts };
}

const checkState = checker<{ state: BacklogComment['state'] }>({
  ...{ type: 'object', properties: { state: { enum: commentStates } } },
});
const checkItemState = checker<{ state?: BacklogState }>({
  ...{ type: 'object', properties: { state: properties.state } },
});

/** @throws Problem `invalid` */
function stateOf({ query }: Exchange): BacklogState | undefined {
  const state = query.get('state');
  return checkItemState(state === null ? {} : { state }).state;
}

/** Who suggested it is not told. */
function shownItem({ author, created, changed, ...item }: BacklogItem, votes: number): object {
  const times = {
    created: new Date(created).toISOString(),
    changed: new Date(changed).toISOString(),
  };
  return { ...item, suggested: author !== '', votes, ...times };
}

function shownComment({ id, item, name, text, state, created }: BacklogComment): object {
  return { id, item, name, text, state, created: new Date(created).toISOString() };
}
