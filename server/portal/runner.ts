/**
 * Runs the pages of the hub: who is signed in, where a form came from, once or twice, what went wrong. Owns the order of these
 * checks; what a page shows and does is its own.
 */
import { problemsAs, type Exchange, type Handler, type Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes, type Routes } from '../../core/routes.ts';
import { may } from '../catalogue/roles.ts';
import { assetsBase } from './assets.ts';
import { errorPage } from './error-page.ts';
import { button, formOn } from './fields.ts';
import { blankForm, FormRefused, readForm, withFaults, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { keepForm, takeKeptForm } from './kept-form.ts';
import { layout, pageFields } from './layout.ts';
import { isMultipart, readMultipart } from './multipart.ts';
import type { Download, Move, Page, PageRoute, Pages, Visit } from './page.ts';
import { openPosts, type Posts } from './posts.ts';
import { refusalOf } from './refusal.ts';
import { comesFromElsewhere } from './same-origin.ts';
import { sameText } from './secrets.ts';
import { visitOf } from './visit.ts';

/** A page table as one handler. What the table has no path for is answered 404, as a page. */
export function runPages(hub: Hub, pages: Pages): Handler {
  const posts = openPosts(hub.store, () => hub.clock.now());
  const table: Record<string, Handler> = {};
  for (const [path, page] of Object.entries(pages)) {
    table[`GET ${path}`] = (exchange) => get(hub, page, exchange);
    if (page.act) table[`POST ${path}`] = (exchange) => post(hub, posts, page, exchange);
  }
  const run = routes(table satisfies Routes);
  const handler: Handler = (exchange) =>
    exchange.path.startsWith(`${assetsBase}/`) && ['GET', 'HEAD'].includes(exchange.method)
      ? Promise.resolve(exchange).then((x) => hub.assets.serve(x))
      : run(exchange);
  return async (exchange) => {
    let failed: Problem | undefined;
    const edge = problemsAs((problem) => {
      failed = problem;
      return { status: problem.status };
    });
    const answer = await edge(handler)(exchange);
    return failed ? errorReply(hub, failed, exchange) : answer;
  };
}

async function get(hub: Hub, page: PageRoute, exchange: Exchange): Promise<Reply> {
  const visit = await visitOf(hub, exchange);
  if (page.for === 'account' && !visit.me) return reply(hub, visit, toSignIn(visit));
  return reply(hub, visit, await page.show(visit, takeKeptForm(hub, visit) ?? blankForm()));
}

async function post(hub: Hub, posts: Posts, page: PageRoute, exchange: Exchange): Promise<Reply> {
  if (comesFromElsewhere(exchange, hub.publicUrl()))
    throw new Problem('forbidden', 'The form was sent by a page of another site', {
      code: 'CROSS_SITE',
    });
  const visit = await visitOf(hub, exchange);
  const stranger = page.for === 'account' && !visit.me;
  // Files are taken from nobody who has not signed in.
  if (stranger && isMultipart(exchange)) return reply(hub, visit, toSignIn(visit));
  const form =
    page.files && isMultipart(exchange) ? await readMultipart(exchange) : await readForm(exchange);
  if (stranger) {
    keepForm(hub, visit, form);
    return reply(hub, visit, toSignIn(visit));
  }
  try {
    if (!sameText(form.raw('form_token'), visit.formToken()))
      throw new FormRefused([{ text: stale }], 403);
    return reply(hub, visit, await act(posts, page, visit, form));
  } catch (error) {
    const refused = refusalOf(error);
    if (!refused) throw error;
    exchange.facts.code = refused.code;
    const shown = await page.show(visit, withFaults(form, refused.faults));
    return reply(hub, visit, 'title' in shown ? { ...shown, status: refused.status } : shown);
  }
}

const stale =
  'This page was open for too long, or you signed in or out meanwhile. Check what you entered and send it again';

async function act(posts: Posts, page: PageRoute, visit: Visit, form: Form): Promise<Page | Move> {
  if (!page.act) throw new Problem('method-not-allowed', 'This page takes no form');
  const mark = form.raw('form_once');
  if (!page.once || mark === '') return page.act(visit, form);
  return posts.once(`${visit.cookie('session') ?? ''} ${visit.path} ${mark}`, async () => {
    const done = await page.act?.(visit, form);
    if (done && 'to' in done) return done;
    throw new Error('a form that makes something once leads on to another page');
  });
}

/** The sign-in, and back to here. */
function toSignIn({ path, query, exchange }: Visit): Move {
  const asked = query.toString();
  const back = exchange.method === 'POST' || asked === '' ? path : `${path}?${asked}`;
  return { to: `/sign-in?return=${encodeURIComponent(back)}` };
}

function reply(hub: Hub, visit: Visit, answer: Page | Move | Download): Reply {
  if ('file' in answer) return fileReply(answer);
  if ('to' in answer) {
    const { to, told } = answer;
    if (told !== undefined)
      visit.setCookie('told', Buffer.from(told.slice(0, 500)).toString('base64url'), 60);
    return {
      status: 303,
      headers: { location: to, 'cache-control': 'no-store', 'set-cookie': visit.setCookies() },
    };
  }
  const told = visit.cookie('told');
  if (told !== undefined) visit.setCookie('told', '', 0);
  const body = layout(answer, {
    assets: hub.assets,
    outbox: hub.outbox !== undefined && visit.local,
    licence: hub.contentLicence,
    operates: visit.me !== undefined && may(visit.me.actor, 'alert.read'),
    about: pathOf(visit, answer),
    ...(visit.me ? { name: visit.me.person.name, signOut: signOut(visit) } : {}),
    ...(told === undefined ? {} : { told: Buffer.from(told, 'base64url').toString() }),
  });
  const cookies = visit.setCookies();
  return {
    status: answer.status ?? 200,
    headers: {
      ...pageFields(visit.me ? unkept(answer) : answer),
      ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}),
    },
    body,
  };
}

/** Each page bears the name of who is signed in: after they have gone, nobody is shown it from what a browser keeps. */
function unkept({ keep: _keep, ...page }: Page): Page {
  return page;
}

/** What feedback on a page is about: for what is somebody's own, or bears a secret, its kind and not its address. */
function pathOf(
  { path, params, exchange }: Visit,
  { here, status = 200 }: Page,
): string | undefined {
  if (status >= 400 || path.startsWith('/feedback')) return undefined;
  const isPublic = here !== undefined && publicPlaces.has(here);
  if (isPublic || Object.keys(params).length === 0) return path;
  return exchange.facts.route?.split(' ')[1];
}

const publicPlaces: ReadonlySet<string> = new Set([
  ...['home', 'catalogue', 'start', 'guides', 'status', 'products'],
]);

function fileReply({ file, type, content, inline }: Download): Reply {
  return {
    status: 200,
    headers: {
      'content-type': type,
      'content-disposition': `${inline ? 'inline' : 'attachment'}; filename="${file.replace(/[^A-Za-z0-9._-]/g, '-')}"`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
    },
    body: content,
  };
}

function signOut(visit: Visit) {
  return formOn(visit, button('Sign out', 'link'), { action: '/sign-out' });
}

async function errorReply(hub: Hub, problem: Problem, exchange: Exchange): Promise<Reply> {
  const reference = hub.clock.newId();
  exchange.facts.requestId ??= reference;
  const page = errorPage(problem, reference);
  // Whoever is signed in stays so to the eye; where even that cannot be found out, the page comes without it.
  const visit = await visitOf(hub, exchange.with({ params: {} })).catch(() => undefined);
  const plain: Reply = {
    status: problem.status,
    headers: pageFields(page),
    body: layout(page, { assets: hub.assets, outbox: false, licence: hub.contentLicence }),
  };
  const answer = visit ? reply(hub, visit, page) : plain;
  return { ...answer, headers: { ...answer.headers, ...problem.headers } };
}
