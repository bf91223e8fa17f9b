/**
 * The trace of a message in the management API: who may see which part of it, as JSON or as text, and the entry in the
 * audit for who sees texts. Owns these; the view is observe/trace-view.ts's.
 */
import type { Reply } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { appCollection } from './catalogue/apps.ts';
import { idOf, json, type Act } from './catalogue/api-call.ts';
import type { Ground } from './catalogue/records.ts';
import { may, must, reachOf, type Actor } from './catalogue/roles.ts';
import { refusalsEntered } from './catalogue/systems/deeds.ts';
import { openSandboxApp } from './gateway/policies/open-lane.ts';
import type { TraceKeeper } from './observe/trace-keeper.ts';
import type { TracePiece } from './observe/trace-pieces.ts';
import { traceOf, traceText, type FoundTrace, type MessageTrace } from './observe/trace-view.ts';

export interface TraceApiOptions extends Ground {
  readonly keeper: Pick<TraceKeeper, 'find'>;
}

/** Whose trace is not one's own is refused; a developer sees what his organisation's apps did. */
export const traceRight = 'trace.read';

const action = 'message.trace';

/** `GET /messages/:id/trace`. */
export function seeTrace(options: TraceApiOptions): Act {
  return async (actor, exchange) => {
    const trace = await messageTrace(options, actor, idOf(exchange));
    const asText = /^\s*text\/plain\b/i.test(exchange.headers.accept ?? '');
    return asText ? textReply(trace) : json(200, trace);
  };
}

/**
 * The trace as this actor may see it; who sees texts is in the audit before it is given. The hub draws it.
 * @throws Problem `not-found`, `forbidden` for another organisation's, `unavailable` when the audit cannot be written
 */
export async function messageTrace(
  options: TraceApiOptions,
  actor: Actor,
  id: string,
): Promise<MessageTrace> {
  if (reachOf(actor.role, traceRight) === undefined)
    await refusalsEntered(options, { actor, action }, id, () => {
      must(actor, traceRight);
    });
  const found = await traceOf(options.keeper, id, (pieces) => seen(options, actor, id, pieces));
  if (!found)
    throw new Problem(
      'not-found',
      'No trace has this id: it is not kept any more, or the Proxy that was called is not traced',
    );
  if (found.showsTexts) await enter(options, actor, found);
  return found.trace;
}

/** The pieces that an actor may see. @throws Problem `forbidden` when there are none of them */
async function seen(
  options: TraceApiOptions,
  actor: Actor,
  id: string,
  pieces: readonly TracePiece[],
): Promise<readonly TracePiece[]> {
  const owners = new Map<string, string | undefined>();
  for (const app of new Set(pieces.map((piece) => piece.app)))
    if (app !== '') owners.set(app, await ownerOf(options, app));
  const mine = pieces.filter(
    ({ app, environment }) =>
      // Nobody's calls over invented people.
      (app === openSandboxApp && environment === 'sandbox') ||
      may(actor, traceRight, subjectOf(owners.get(app))),
  );
  if (mine.length === 0)
    await refusalsEntered(options, { actor, action }, id.slice(0, 100), () => {
      must(actor, traceRight, subjectOf(owners.get(pieces[0]?.app ?? '')));
    });
  return mine;
}

function subjectOf(organisation: string | undefined) {
  return organisation === undefined ? {} : { organisation };
}

async function ownerOf({ store }: TraceApiOptions, app: string): Promise<string | undefined> {
  return (await store.open(appCollection).get(app))?.value.owner;
}

/** An access: texts show what was told of people. */
async function enter(
  { journal, clock }: TraceApiOptions,
  actor: Actor,
  { trace, people }: FoundTrace,
): Promise<void> {
  const { requestId = '', correlationId = '', address = '' } = actor.call ?? {};
  try {
    await journal.append({
      ...{ at: clock.now(), kind: 'access', api: 'management', workspace: '', mode: '' },
      environment: trace.steps[0]?.environment ?? '',
      ...{ action, app: '', user: actor.id, role: actor.role, purpose: '', people },
      ...{ status: 200, code: '', requestId, correlationId, address, commit: 0 },
    });
  } catch (cause) {
    throw new Problem('unavailable', 'The audit cannot be written, so nothing may be shown', {
      cause,
      code: 'AUDIT_UNAVAILABLE',
      headers: { 'retry-after': '5' },
    });
  }
}

function textReply(trace: MessageTrace): Reply {
  return {
    status: 200,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body: traceText(trace),
  };
}
