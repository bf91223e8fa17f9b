/**
 * What operators look at: calls, errors, times, limits, alerts, messages that wait or were given up, mailboxes. Owns the page;
 * the figures are those of usage, alerts and the outbox.
 */
import { html, type Html } from '../../core/html.ts';
import { toEnvironment } from '../catalogue/environments.ts';
import { must } from '../catalogue/roles.ts';
import { ageText } from './age.ts';
import { button, select } from './fields.ts';
import { blankForm } from './form.ts';
import { environmentName, environmentOptions } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { accountPage, type Page, type Pages, type SignedIn } from './page.ts';
import { summaryList, table, tag, time } from './parts.ts';
import { columns } from './status-chart.ts';
import { apiChoices, titleOf } from './status-parts.ts';
import type {
  AlertShown,
  CallFigures,
  QueueShown,
  ShareFigures,
  UsageAsked,
  UsageFigures,
} from './status-port.ts';

type Parts = Pick<Hub, 'operations' | 'catalogue'>;

const hour = 3_600_000;
const spans: Readonly<Record<string, readonly [string, number]>> = {
  '1h': ['1 hour', hour],
  '6h': ['6 hours', 6 * hour],
  '24h': ['24 hours', 24 * hour],
  '7d': ['7 days', 168 * hour],
};

export function operationsPages(hub: Parts): Pages {
  return { '/operations': accountPage({ show: (visit) => operations(hub, visit) }) };
}

async function operations(hub: Parts, visit: SignedIn): Promise<Page> {
  must(visit.me.actor, 'alert.read');
  const { query, now } = visit;
  const asked = query.get('api') ?? '';
  const api = hub.catalogue.api(asked) ? asked : '';
  const environment = toEnvironment(query.get('environment') ?? '');
  const [span, [spanText, length]] = spanOf(query.get('span') ?? '');
  const question = {
    ...{ from: now + 1 - length, to: now + 1 },
    ...(api === '' ? {} : { api }),
    ...(environment ? { environment } : {}),
  };
  const [usage, alerts, messages, mail, mailboxes] = await Promise.all([
    hub.operations.usage(question),
    hub.operations.alerts(),
    hub.operations.messages(),
    hub.operations.mail(),
    hub.operations.mailboxes(),
  ]);
  const values = { api, environment: environment ?? '', span };
  const unknown = asked !== '' && api === '';
  return {
    ...{ title: 'Operations', here: 'operations' },
    content: html`${alertPart(alerts)}
<h2>Calls of the last ${spanText}</h2>
${chooser(hub, values, unknown ? asked.slice(0, 64) : undefined)}
${callPart(usage, spanText, question)}
${shareTable(hub, usage.by.api)}
${messagePart(messages, now)}
<p>Mail of the last hour: ${mail.sent} sent, ${mail.failed} failed${mail.oldest === 0 ? '; none waits' : `; the oldest that waits has waited ${ageText(mail.oldest)}`}.</p>
<h2>Mailboxes</h2>
${
  mailboxes.length === 0
    ? html`<p>No message waits in a mailbox.</p>`
    : table(
        'Messages waiting in mailboxes',
        ['Environment', 'Messages', 'Oldest'],
        mailboxes.map((one) => [
          nameOf(one.environment),
          one.count,
          one.oldest === undefined ? '' : `${ageText(now - one.oldest)} ago`,
        ]),
      )
}
<p><a href="/operations/mailboxes">All mailboxes</a></p>
<h2>Go on</h2>
<ul class="nhsuk-list nhsuk-list--bullet hub-list"><li><a href="/status/incidents/new">Report an incident</a></li><li><a href="/operations/tickets">Requests for help</a> and <a href="/operations/feedback">feedback</a></li><li><a href="/operations/backlog">The backlog</a>: suggestions and comments</li><li><a href="/operations/publishing">Teams that publish</a>, and those that ask to</li><li><a href="/explain/call">Look a call or message up by its id</a></li><li><a href="/guides/operator">Operating an installation</a></li></ul>`,
  };
}

function spanOf(text: string): readonly [string, readonly [string, number]] {
  const found = Object.hasOwn(spans, text) ? spans[text] : undefined;
  return found ? [text, found] : ['6h', ['6 hours', 6 * hour]];
}

function nameOf(environment: string): string {
  const known = toEnvironment(environment);
  return known ? environmentName(known) : environment;
}

function chooser(
  hub: Parts,
  values: Readonly<Record<string, string>>,
  unknown: string | undefined,
): Html {
  const form = blankForm(values);
  const all = { value: '', text: 'all' };
  const apis = [all, ...apiChoices(hub)];
  const places = [all, ...environmentOptions];
  const times = Object.entries(spans).map(([value, [text]]) => ({ value, text }));
  return html`<form method="get" action="/operations" class="hub-chooser">${select(form, { name: 'api', label: 'API', choices: apis })}${select(form, { name: 'environment', label: 'Environment', choices: places })}${select(form, { name: 'span', label: 'Time', choices: times })}${button('Show', 'secondary')}</form>${unknown === undefined ? undefined : html`<p>There is no API ${unknown}: these are all.</p>`}`;
}

function callPart(
  { totals, series, step }: UsageFigures,
  spanText: string,
  { from, to }: UsageAsked,
): Html {
  const failed = totals.statuses['5xx'] ?? 0;
  const limited = Object.values(totals.limited).reduce((a, b) => a + b, 0);
  const label = `Calls ${step === 'hour' ? 'an' : 'a'} ${step} over the last ${spanText}: ${totals.calls} in all, ${failed} failed`;
  const values = series.length === 0 ? [] : overTime(series, lengths[step], from, to);
  const limits = Object.entries(totals.limited).map(([name, count]) => `${name} ${count}`);
  return html`${values.length === 0 ? undefined : columns(values, label)}
${summaryList([
  { key: 'Calls', value: String(totals.calls) },
  { key: 'Failed (5xx)', value: shareText(failed, totals.calls) },
  { key: 'Refused (4xx)', value: shareText(totals.statuses['4xx'] ?? 0, totals.calls) },
  {
    key: 'Refused by limits',
    value: limits.length === 0 ? String(limited) : `${limited}: ${limits.join(', ')}`,
  },
  { key: 'Half are answered within', value: msText(totals.p50) },
  { key: '95 of 100 within', value: msText(totals.p95) },
])}
${seriesTable(series, step)}`;
}

const lengths = { minute: 60_000, hour, day: 24 * hour } as const;

/** A column for each step, also for those without calls. */
function overTime(series: UsageFigures['series'], length: number, from: number, to: number) {
  const found = new Map(series.map((one) => [Math.floor(Date.parse(one.at) / length), one]));
  const first = Math.floor(from / length);
  const count = Math.min(400, Math.floor((to - 1) / length) - first + 1);
  return Array.from({ length: count }, (_, n) => {
    const one = found.get(first + n);
    return { value: one?.calls ?? 0, bad: one?.statuses['5xx'] ?? 0 };
  });
}

/** What the chart shows, for who cannot see it. */
function seriesTable(series: UsageFigures['series'], step: string): Html | undefined {
  if (series.length === 0) return undefined;
  const rows = series
    .slice(-60)
    .reverse()
    .map((one: { at: string } & CallFigures) => [
      time(Date.parse(one.at)),
      one.calls,
      one.statuses['5xx'] ?? 0,
      msText(one.p95),
    ]);
  return html`<details class="nhsuk-details"><summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">The figures of each ${step}</span></summary><div class="nhsuk-details__text">${table(`The last 60 with calls, newest first`, ['Time', 'Calls', 'Failed', '95 of 100 within'], rows)}</div></details>`;
}

function shareTable(hub: Parts, shares: readonly ShareFigures[]): Html {
  if (shares.length === 0) return html`<p>Nothing was called.</p>`;
  const rows = shares
    .slice(0, 50)
    .map(({ name, calls, failed, limited }) => [
      html`<a href="/operations?api=${encodeURIComponent(name)}">${titleOf(hub, name)}</a>`,
      calls,
      shareText(failed, calls),
      limited,
    ]);
  return table('By API', ['API', 'Calls', 'Failed', 'Refused by limits'], rows);
}

function alertPart(alerts: readonly AlertShown[]): Html {
  const rows = alerts
    .slice(0, 100)
    .map(({ rule, subject, severity, state, text, fired }) => [
      rule,
      subject,
      state === 'firing' ? tag('Firing', 'red') : tag('Over', 'green'),
      severity,
      text,
      time(fired),
    ]);
  return html`<h2>Alerts</h2>${rows.length === 0 ? html`<p>None fires, and none has fired since yesterday.</p>` : table('Alerts since yesterday', ['Rule', 'About', 'State', 'Severity', 'What', 'Since'], rows)}`;
}

const queueWords: Readonly<Record<string, string>> = {
  waiting: 'wait to be sent',
  sending: 'are being sent',
  sent: 'are sent and wait for an acknowledgement',
  dead: 'were given up in the last 7 days',
};

function messagePart(queues: readonly QueueShown[], now: number): Html {
  const rows = queues.map(({ state, count, more, oldest }) => [
    queueWords[state] ?? state,
    more ? `more than ${count}` : count,
    oldest === undefined ? '' : `${ageText(now - oldest)} ago`,
  ]);
  return html`<h2>Messages between systems</h2>${table('Messages that', ['State', 'How many', 'Oldest'], rows)}<p><code class="hub-code">gatehouse messages list --state dead</code> shows which; <a href="/guides/spine-messaging">what to do</a>.</p>`;
}

function shareText(part: number, all: number): string {
  return all === 0 ? '0' : `${part} (${(Math.round((part / all) * 10_000) / 100).toString()} %)`;
}

function msText(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '' : `${Math.round(milliseconds)} ms`;
}
