/**
 * The look-up of a call or message by one of its ids: why the authorisation server refused it, and what gateway and
 * translators did with it. Who has a refusal's id may read it; a trace is for the team of its app. Owns the page.
 */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { Actor } from '../catalogue/roles.ts';
import { mustNotExceed } from './attempts.ts';
import { lookUpForm } from './explain-form.ts';
import type { RefusalTold, TraceTold } from './explain-ports.ts';
import { input } from './fields.ts';
import { blankForm, FormRefused, withFaults, type Fault } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { openPage, type Me, type Page, type Pages, type Visit } from './page.ts';
import { code, inset, summaryList, time } from './parts.ts';
import { actorIn } from './teams.ts';
import { traceDrawing } from './trace-drawing.ts';

export function tracePages(hub: Hub): Pages {
  return { '/explain/call': openPage({ show: (visit) => lookUp(hub, visit) }) };
}

async function lookUp(hub: Hub, visit: Visit): Promise<Page> {
  const id = (visit.query.get('id') ?? '').trim();
  const wrong = id !== '' && !/^[\x21-\x7e]{1,200}$/.test(id);
  const faults: Fault[] = wrong
    ? [{ field: 'id', text: 'Enter an id as it stands in the call' }]
    : [];
  const found = id === '' || wrong ? undefined : await findAll(hub, visit, id, faults);
  const form = withFaults(blankForm({ id }), faults);
  return {
    ...{
      title: 'Look up a call',
      here: 'explain',
      back: { href: '/explain', text: 'Back to Explain' },
      form,
    },
    ...(faults.length > 0 ? { status: 422 } : {}),
    content: html`${lookUpForm(
      input(form, {
        ...{ name: 'id', label: 'Id of the call or message', type: 'search' },
        hint: 'A message_id, X-Request-ID, X-Correlation-ID or the id of a message',
      }),
      'Look it up',
    )}
${found}`,
  };
}

async function findAll(hub: Hub, visit: Visit, id: string, faults: Fault[]): Promise<Html> {
  try {
    await mustNotExceed(hub, [
      { key: 'hub-look-up', from: visit.call.address, limit: 120, minutes: 1 },
    ]);
  } catch (error) {
    if (!(error instanceof FormRefused)) throw error;
    faults.push(...error.faults);
    return html``;
  }
  const refusal = await hub.explain.refusal(id);
  const trace = visit.me ? await traceFor(hub, visit.me, id) : undefined;
  return html`${refusal ? refusalView(refusal) : undefined}
${visit.me ? traceView(trace, refusal !== undefined) : inset(html`<a href="/sign-in?return=${encodeURIComponent(`/explain/call?id=${encodeURIComponent(id)}`)}">Sign in</a> to see what the gateway did with calls of your own apps.`)}`;
}

type Traced = TraceTold | 'not-found' | 'forbidden';

/** As each of the teams, for one of them may own the app; and as oneself, for who may see all. */
async function traceFor(hub: Hub, me: Me, id: string): Promise<Traced> {
  const teams = await hub.teams.of(me.account.id);
  const actors: Actor[] = teams.map(({ value }) => actorIn(value, me.actor));
  if (actors.length === 0 || !['developer', 'viewer'].includes(me.actor.role))
    actors.unshift(me.actor);
  let refused = false;
  for (const actor of actors) {
    try {
      return await hub.explain.trace(actor, id);
    } catch (error) {
      const { kind } = Problem.from(error);
      if (kind === 'not-found') return 'not-found';
      if (kind !== 'forbidden') throw error;
      refused = true;
    }
  }
  return refused ? 'forbidden' : 'not-found';
}

function traceView(trace: Traced | undefined, told: boolean): Html | undefined {
  if (trace === 'not-found')
    return told
      ? undefined
      : html`<h2>Nothing is known of it</h2><p>No trace and no refusal has this id: it is not remembered any more, or the API that was called is not traced. Calls from Try it always are.</p>`;
  if (trace === 'forbidden')
    return html`<h2>It is not yours to see</h2><p>The call belongs to an app of another team.</p>`;
  return trace && traceDrawing(trace);
}

function refusalView(refusal: RefusalTold): Html {
  const { at, environment, where, status, error, description, rule, expected, found } = refusal;
  return html`<h2>The authorisation server refused it</h2>
${summaryList([
  { key: 'When', value: time(at) },
  { key: 'Where', value: `${where}, ${environment}` },
  { key: 'Answer', value: html`${status} ${code(error)}: ${description}` },
  { key: 'Rule that failed', value: code(rule) },
  ...(expected === undefined ? [] : [{ key: 'Expected', value: code(expected) }]),
  ...(found === undefined ? [] : [{ key: 'Found', value: code(found) }]),
])}`;
}
