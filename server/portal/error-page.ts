/** The one error page of the hub: what happened, what to do, a reference to quote. */
import { html } from '../../core/html.ts';
import type { Problem, ProblemKind } from '../../core/problem.ts';
import type { Page } from './page.ts';

const titles: Partial<Record<ProblemKind, string>> = {
  'not-found': 'Page not found',
  forbidden: 'You may not do this',
  gone: 'This link does not work any more',
  'too-large': 'That is too much',
  throttled: 'Try again later',
  unavailable: 'The developer hub cannot do this at the moment',
  'method-not-allowed': 'This page cannot be used that way',
};

const advice: Partial<Record<ProblemKind, string>> = {
  'not-found': 'If you typed the address, check it. If a link led you here, it is out of date.',
  forbidden: 'If you think that you should be able to, ask an owner of your team.',
  gone: 'Ask for a new one.',
  'too-large': 'Nothing was saved. Send less.',
  unavailable: 'Nothing was saved. Try again in a few minutes.',
  internal: 'Nothing more was done. Try again in a few minutes.',
};

export function errorPage(problem: Problem, reference: string): Page {
  const { kind, message, status } = problem;
  // What is wrong with us is in the log, not on the page.
  const told = status >= 500 ? 'Something went wrong on our side' : message;
  return {
    status,
    title: titles[kind] ?? 'There is a problem',
    content: html`<p>${/[.!?]$/.test(told) ? told : `${told}.`}</p>
<p>${advice[kind]} Go to the <a href="/">home page</a>, search the <a href="/catalogue">API catalogue</a>, or look at the <a href="/guides">guides</a>.</p>
<p>If you <a href="/help">ask for help</a>, quote this reference: <code class="hub-code">${reference}</code></p>`,
  };
}
