/** Incidents as RSS 2.0 and JSON Feed 1.1, and the states as JSON, for programs. Owns these forms. */
import { html } from '../../core/html.ts';
import type { Incident, Incidents } from './incidents.ts';
import { affectedIn, stateWords } from './incident-parts.ts';
import { openPage, type Download, type Pages } from './page.ts';
import { titleOf, type StatusParts } from './status-parts.ts';
import { stateWith } from './status-words.ts';

const month = 31 * 86_400_000;
const title = 'Gatehouse: status of the APIs';

export function feedPages(hub: StatusParts, incidents: Incidents): Pages {
  const recent = async () => entriesOf(hub, await incidents.since(hub.clock.now() - 3 * month));
  const inline = (file: string, type: string, content: string): Download => ({
    ...{ file, type, content, inline: true },
  });
  return {
    '/status/feed.xml': openPage({
      show: async () =>
        inline(
          'status.xml',
          'application/rss+xml; charset=utf-8',
          rss(await recent(), hub.publicUrl()),
        ),
    }),
    '/status/feed.json': openPage({
      show: async () =>
        inline(
          'status.json',
          'application/feed+json; charset=utf-8',
          jsonFeed(await recent(), hub.publicUrl()),
        ),
    }),
    '/status/status.json': openPage({
      async show({ now }) {
        const [instances, open] = await Promise.all([hub.status.instances(), incidents.open()]);
        const items = instances.map((one) => ({
          ...{ api: one.api, title: titleOf(hub, one.api), environment: one.environment },
          ...{ proxy: one.proxy, state: stateWith(one, open, now) },
          ...{ since: iso(one.since), checked: iso(one.checked) },
          ...(one.availability ? { availability: one.availability } : {}),
        }));
        const body = {
          items,
          incidents: open.map(({ id }) => `${hub.publicUrl()}/status/incidents/${id}`),
        };
        return inline('states.json', 'application/json; charset=utf-8', JSON.stringify(body));
      },
    }),
  };
}

/** One update of an incident. */
interface Entry {
  readonly id: string;
  readonly link: string;
  readonly title: string;
  readonly text: string;
  readonly at: number;
}

const mostEntries = 100;

function entriesOf(hub: StatusParts, all: readonly Incident[]): readonly Entry[] {
  const url = hub.publicUrl();
  return all
    .flatMap((incident) =>
      incident.updates.map(({ at, state, text }, n) => ({
        id: `${url}/status/incidents/${incident.id}#update-${n}`,
        link: `${url}/status/incidents/${incident.id}`,
        title: `${stateWords[state]}: ${incident.title}`,
        text: `${affectedIn(hub, incident)}. ${text}`,
        at,
      })),
    )
    .sort((a, b) => b.at - a.at)
    .slice(0, mostEntries);
}

function rss(entries: readonly Entry[], url: string): string {
  const items = entries.map(
    ({ id, link, title: name, text, at }) =>
      html`<item><title>${name}</title><link>${link}</link><guid isPermaLink="false">${id}</guid><pubDate>${new Date(at).toUTCString()}</pubDate><description>${text}</description></item>`,
  );
  return html`<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>${title}</title><link>${url}/status</link><description>Incidents and maintenance, each update an entry.</description>
${items}
</channel></rss>
`.text;
}

function jsonFeed(entries: readonly Entry[], url: string): string {
  const items = entries.map(({ id, link, title: name, text, at }) => ({
    ...{ id, url: link, title: name, content_text: text, date_published: iso(at) },
  }));
  return JSON.stringify({
    version: 'https://jsonfeed.org/version/1.1',
    ...{ title, home_page_url: `${url}/status`, feed_url: `${url}/status/feed.json`, items },
  });
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
