/** Saying what one thinks of a page, what became of that, and the list for those who look at it. */
import { html, type Html } from '../../core/html.ts';
import { mustNotExceed } from './attempts.ts';
import { mustBeRight } from './checks.ts';
import {
  feedbackStates,
  openFeedback,
  type Feedback,
  type FeedbackBook,
  type PageCount,
} from './feedback.ts';
import { button, formOn, radios, textarea } from './fields.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, openPage, type Pages } from './page.ts';
import { code, table, tag, time, type TagColour } from './parts.ts';
import { safePath } from './same-origin.ts';

/** @param isPage whether a path is one of the table of pages */
export function feedbackPages(hub: Hub, isPage: (path: string) => boolean): Pages {
  const book = openFeedback(hub);
  const publicCounts = async () =>
    (await book.counts()).filter(({ page }) => isPage(page) || names(hub, page));
  return {
    '/feedback': givePage(hub, book),
    '/feedback/thanks': openPage({
      show: () => ({
        title: 'Thank you',
        keep: 'revalidate',
        content: html`<p>We read each word. <a href="/feedback/answers">What became of what others said</a>.</p><p>If you need an answer, <a href="/help/ask">ask for help</a>.</p>`,
      }),
    }),
    '/feedback/answers': openPage({
      async show() {
        const all = await book.answered();
        return {
          title: 'What became of feedback',
          content: html`${all.length === 0 ? html`<p>Nothing has been answered yet.</p>` : all.map((one) => answered(one))}
<h2>Was a page useful?</h2>${countTable(await publicCounts())}`,
        };
      },
    }),
    '/operations/feedback': accountPage({
      async show({ me, query }) {
        const state = feedbackStates.find((one) => one === query.get('state')) ?? 'new';
        const all = await book.list(me.actor, state);
        return {
          ...{ title: 'Feedback', here: 'operations' },
          back: { href: '/operations', text: 'Operations' },
          content: html`<nav class="hub-turn" aria-label="State"><ul>${feedbackStates.map((one) => html`<li><a href="/operations/feedback?state=${one}"${one === state ? html` aria-current="true"` : undefined}>${one}</a></li>`)}</ul></nav>
${all.length === 0 ? html`<p>There is none.</p>` : table(`Feedback that is ${state}`, ['Page', 'Useful', 'What was said', 'When'], all.map(rowOf))}
<h2>Was a page useful?</h2>${countTable(await book.counts())}`,
        };
      },
    }),
    '/operations/feedback/:feedback': decidePage(book),
  };
}

/** A path of this hub; anything else is no page that feedback could be about. */
function pathIn(text: string): string {
  return text.length > 200 ? '/' : safePath(text);
}

/** Whether a path with a name in it is that of something that there is: else strangers would write on a page for all. */
function names({ content, catalogue }: Hub, path: string): boolean {
  const [, section = '', id = ''] = /^\/(catalogue|products)\/([^/]+)$/.exec(path) ?? [];
  if (section === 'catalogue') return catalogue.api(id) !== undefined;
  if (section === 'products') return catalogue.product(id) !== undefined;
  return content.page(path) !== undefined;
}

function givePage(hub: Hub, book: FeedbackBook) {
  return openPage({
    show(visit, form) {
      const page = pathIn(form.get('page') || (visit.query.get('page') ?? ''));
      const asked = visit.query.get('useful') ?? '';
      const fields = html`${radios(form, { name: 'useful', label: 'Was the page useful?', choices: yesNo, value: asked })}
${textarea(form, { name: 'text', label: 'What was good, wrong or missing? (optional)', hint: 'Nothing about patients, and nothing about yourself' })}`;
      return {
        ...{ title: 'What do you think of this page?', form },
        back: { href: page, text: 'Back to the page' },
        content: html`<p>The page is ${code(page)}. We do not ask who you are, and do not keep it.</p>${formOn(visit, html`${fields}${button('Send it')}`, { action: '/feedback', hidden: { page } })}`,
      };
    },
    async act(visit, form) {
      const useful = (['yes', 'no'] as const).find((one) => one === form.get('useful'));
      mustBeRight(
        useful ? [] : [{ field: 'useful', text: 'Say whether the page was useful' }],
        form.get('text').length > 5_000
          ? [{ field: 'text', text: 'Say it in 5,000 characters or fewer' }]
          : [],
      );
      await mustNotExceed(hub, [
        { key: 'hub-feedback-from', from: visit.call.address, limit: 20, minutes: 60 },
        { key: 'hub-feedback', limit: 1_000, minutes: 60 },
      ]);
      await book.add({
        page: pathIn(form.get('page')),
        useful: useful ?? 'no',
        text: form.get('text'),
      });
      return { to: '/feedback/thanks' };
    },
  });
}

const yesNo = [
  { value: 'yes', text: 'Yes' },
  { value: 'no', text: 'No' },
];

function decidePage(book: FeedbackBook) {
  return accountPage({
    async show(visit, form) {
      const { value } = await book.read(visit.me.actor, visit.params.feedback ?? '');
      const states = feedbackStates.map((one) => ({ value: one, text: one }));
      const fields = html`${radios(form, { name: 'state', label: 'What becomes of it', choices: states, value: value.state })}
${textarea(form, { name: 'answer', label: 'What everybody is told (optional)', hint: 'It stands on the page of answers. What was said itself does not', value: value.answer })}`;
      return {
        ...{ title: `Feedback on ${value.page}`, here: 'operations', form },
        back: { href: '/operations/feedback', text: 'Feedback' },
        content: html`<p><a href="${value.page}">${value.page}</a>, ${time(value.created)}. Useful: ${value.useful}.</p><blockquote class="nhsuk-inset-text hub-said">${value.text || 'Nothing was said.'}</blockquote>${formOn(visit, html`${fields}${button('Save')}`)}`,
      };
    },
    async act(visit, form) {
      const state = feedbackStates.find((one) => one === form.get('state'));
      mustBeRight(
        state ? [] : [{ field: 'state', text: 'Say what becomes of it' }],
        form.get('answer').length > 2_000
          ? [{ field: 'answer', text: 'Say it in 2,000 characters or fewer' }]
          : [],
      );
      await book.decide(
        visit.me.actor,
        visit.params.feedback ?? '',
        state ?? 'new',
        form.get('answer'),
      );
      return { to: '/operations/feedback', told: 'It is saved.' };
    },
  });
}

const colours: Readonly<Record<Feedback['state'], TagColour>> = {
  ...{ new: 'grey', planned: 'blue', done: 'green', declined: 'yellow' },
};

function answered({ page, state, answer, created }: Feedback): Html {
  return html`<div class="nhsuk-inset-text"><p>${tag(state, colours[state])} <a href="${page}">${page}</a>, asked ${time(created)}</p><p class="hub-said">${answer}</p></div>`;
}

function rowOf({ id, page, useful, text, created }: Feedback) {
  return [
    html`<a href="/operations/feedback/${id}">${page}</a>`,
    useful,
    text.length > 200 ? `${text.slice(0, 200)} …` : text,
    time(created),
  ];
}

function countTable(counts: readonly PageCount[]): Html {
  if (counts.length === 0) return html`<p>Nobody has said so yet.</p>`;
  const rows = counts
    .slice(0, 50)
    .map(({ page, yes, no }) => [
      html`<a href="${page}">${page}</a>`,
      yes,
      no,
      `${Math.round((100 * yes) / (yes + no))} %`,
    ]);
  return table('Answers of the last year', ['Page', 'Yes', 'No', 'Useful'], rows);
}
