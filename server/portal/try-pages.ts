/**
 * Try it: a console for each operation. Owns the order of a form's fate: led to the sign-in, keys made, shown again, checked,
 * sent. The sending itself is try-send.ts's.
 */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { keyAttempts, mustNotExceed } from './attempts.ts';
import { FormRefused, formOf, withFaults, type Form } from './form.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { keepForm } from './kept-form.ts';
import { operationSummaries } from './operations.ts';
import {
  accountPage,
  openPage,
  type Move,
  type Page,
  type Pages,
  type SignedIn,
  type Visit,
} from './page.ts';
import { list, warning } from './parts.ts';
import { actorIn } from './teams.ts';
import { consoleView, firstBody } from './try-console.ts';
import { deskOf, type Desk, type TryParts } from './try-desk.ts';
import { tryKeys } from './try-keys.ts';
import { documentOf } from './try-places.ts';
import { signedInPath } from './try-ports.ts';
import { send, type Shown } from './try-send.ts';
import { sessionTokens } from './try-tokens.ts';

export function tryPages(hub: Hub): Pages {
  const parts: TryParts = { hub, keys: tryKeys(hub), tokens: sessionTokens(hub) };
  return {
    '/try': openPage({ show: () => overview(hub) }),
    [signedInPath]: accountPage({ show: (visit) => cameBack(parts, visit) }),
    '/try/:api/:operation': openPage({
      show: (visit, form) => show(parts, visit, form),
      act: (visit, form) => act(parts, visit, form),
    }),
  };
}

async function overview(hub: Hub): Promise<Page> {
  const apis = [...hub.catalogue.apis()].sort((a, b) => a.title.localeCompare(b.title));
  const sections: Html[] = [];
  for (const api of apis.slice(0, 500)) {
    const document = await documentOf(hub, api);
    if (!document) continue;
    const items = operationSummaries(document)
      .slice(0, 200)
      .map(
        ({ id, method, path, summary }) =>
          html`<a href="/try/${api.id}/${id}">${method} ${path}</a>${summary === '' ? undefined : `: ${summary}`}`,
      );
    sections.push(html`<h2>${api.title}</h2>${list(items)}`);
  }
  return {
    title: 'Try an API',
    content: html`<p>Choose an operation. The sandbox can be called without an account; with one, calls are made with your own app.</p>
${sections}`,
  };
}

async function show(parts: TryParts, visit: Visit, form: Form): Promise<Page> {
  const left = form.sent ? undefined : await leftBefore(parts, visit);
  if (left) return pageOf(visit, await deskOf(parts, visit, left), { answer: backAgain(visit) });
  const desk = await deskOf(parts, visit, form);
  return pageOf(visit, { ...desk, form: withFaults(desk.form, form.faults) });
}

async function leftBefore({ tokens }: TryParts, visit: Visit): Promise<Form | undefined> {
  const id = visit.query.get('resume');
  return id === null || !visit.me ? undefined : tokens.left({ ...visit, me: visit.me }, id);
}

function backAgain({ query }: Visit): Html {
  return query.get('refused') === 'yes'
    ? warning(
        'You are not signed in',
        'The provider did not sign you in. Send the call to try again.',
      )
    : html`<h2 tabindex="-1" id="answer-heading">You are signed in</h2>
<p>The call is filled in as you left it: send it again.</p>`;
}

async function act(parts: TryParts, visit: Visit, form: Form): Promise<Page | Move> {
  const asked = (name: string) => form.get(name) === 'yes';
  if (asked('sign_in')) {
    keepForm(parts.hub, visit, withoutButtons(form));
    return { to: `/sign-in?return=${encodeURIComponent(visit.path)}` };
  }
  const keys = ['make_key', 'make_signing', 'make_certificate'].filter(asked);
  if (keys.length > 0) return makeKey(parts, visit, form, keys[0] ?? '');
  const desk = await deskOf(
    parts,
    visit,
    asked('use_example') ? withExample(form, await deskOf(parts, visit, form)) : form,
  );
  if (asked('choose') || asked('use_example')) return pageOf(visit, desk);
  if (asked('preview')) return pageOf(visit, { ...desk, form: withFaults(desk.form, desk.faults) });
  if (desk.faults.length > 0) throw new FormRefused(desk.faults);
  await mustNotExceed(parts.hub, [
    visit.me
      ? { key: `hub-try:${visit.me.account.id}`, limit: 60, minutes: 1 }
      : { key: 'hub-try', from: visit.call.address, limit: 60, minutes: 1 },
    { key: 'hub-try-from', from: visit.call.address, limit: 240, minutes: 1 },
  ]);
  const sent = await send(parts, visit, desk);
  return 'to' in sent ? sent : pageOf(visit, desk, sent);
}

/** What is kept over a sign-in: else the button would be pressed again. */
function withoutButtons(form: Form): Form {
  const names = form.names.filter((name) => name !== 'sign_in');
  return formOf(new Map(names.map((name) => [name, form.all(name)])));
}

function withExample(form: Form, { content }: Desk): Form {
  const number = Number(form.get('example'));
  const text = firstBody(content, Number.isInteger(number) ? number - 1 : 0);
  const names = [...new Set([...form.names, 'body'])];
  return formOf(new Map(names.map((name) => [name, name === 'body' ? [text] : form.all(name)])));
}

/** Keys are made for who may: the catalogue judges, and enters it in the audit. */
async function makeKey(parts: TryParts, visit: Visit, form: Form, what: string): Promise<Page> {
  const { choice } = await deskOf(parts, visit, form);
  const { mine, place } = choice;
  if (!visit.me || !mine)
    throw new FormRefused([{ field: 'subscription', text: 'Choose one of your subscriptions' }]);
  await mustNotExceed(parts.hub, keyAttempts(visit.me.account.id));
  const actor = actorIn(mine.team, visit.me.actor);
  const { keys } = parts;
  if (what === 'make_key') await keys.makeSubscriptionKey(actor, mine.subscription);
  else if (what === 'make_signing') await keys.makeSigningKey(actor, mine.app, place.environment);
  else await keys.makeIdentity(actor, mine.app, place.environment);
  return pageOf(visit, await deskOf(parts, visit, form), {
    answer: html`<h2 tabindex="-1" id="answer-heading">It is made and kept here</h2>
<p>It is used for your calls from this page. Send the call to try it.</p>`,
  });
}

function pageOf(visit: Visit, desk: Desk, shown: Shown = {}): Page {
  const { tried, form, choice, kept, fields, content } = desk;
  const { operation, places, api } = tried;
  const { request = desk.request, answer } = shown;
  return {
    ...{ title: `Try ${operation.method} ${operation.path}`, form, script: 'try.js' },
    of: api.title,
    back: { href: '/try', text: `All operations, ${api.title} and others` },
    content: consoleView(visit, {
      ...{ operation, form, request, answer, fields, choice, kept, content, proof: desk.proof },
      places: places.map(({ environment }) => ({
        value: environment,
        text: environmentName(environment),
      })),
    }),
  };
}

/** The browser comes back from a provider. */
async function cameBack({ tokens, keys }: TryParts, visit: SignedIn): Promise<Page | Move> {
  try {
    return {
      to: await tokens.comeBack(visit, ({ app, environment }) => keys.signingKey(app, environment)),
    };
  } catch (error) {
    const { kind, message } = Problem.from(error);
    if (kind !== 'upstream' && kind !== 'invalid') throw error;
    return {
      ...{
        status: 422,
        title: 'The sign-in did not work',
        back: { href: '/try', text: 'Back to Try it' },
      },
      content: html`<p>${message}</p>`,
    };
  }
}
