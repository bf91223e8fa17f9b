/** Where one learns why: the start page of everything that explains. Owns what stands on it. */
import { html } from '../../core/html.ts';
import type { Hub } from './hub-parts.ts';
import { doctorPages } from './doctor-pages.ts';
import { diaryPages } from './explain-diary.ts';
import { limitPages } from './limit-pages.ts';
import { openPage, type Pages } from './page.ts';
import { summaryList } from './parts.ts';
import { tracePages } from './trace-pages.ts';
import { workspacePages } from './workspace-pages.ts';

export function explainPages(hub: Hub): Pages {
  return {
    '/explain': openPage({
      show: () => ({
        ...{ title: 'Explain', here: 'explain', keep: 'revalidate' },
        content: html`<p class="nhsuk-lede-text">Why was it refused, and what became of it?</p>
${summaryList([
  {
    key: 'A call or message',
    value: html`<a href="/explain/call">Look it up</a> by its message_id, X-Request-ID or correlation id: what the gateway did, step by step.`,
  },
  {
    key: 'A token',
    value: html`<a href="/explain/token">Ask the assertion doctor</a>: every rule at once, with what would have been right.`,
  },
  {
    key: 'Too many calls',
    value: html`<a href="/explain/limits">See the limits</a> of an app at an API: how much is left, and when it frees.`,
  },
  {
    key: 'No connection',
    value: html`<a href="/explain/handshakes">Read the diary of handshakes</a> of your own names: why a certificate was refused.`,
  },
  {
    key: 'Data of the sandbox',
    value: html`<a href="/workspaces">Your workspaces</a>: patients, reset, own data, scenarios.`,
  },
])}`,
      }),
    }),
    ...doctorPages(hub),
    ...limitPages(hub),
    ...diaryPages(hub),
    ...tracePages(hub),
    ...workspacePages(hub),
  };
}
