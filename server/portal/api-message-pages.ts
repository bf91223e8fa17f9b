/** The page of one interaction: what it is, how it is exchanged, what it is made of, example pairs. */
import { html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { elementTable, exampleOf } from './api-message-parts.ts';
import { baseOf, entryOf } from './api-pages.ts';
import { accessWords } from './catalogue-access.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { pageTexts } from './markdown.ts';
import { openPage, type Pages } from './page.ts';
import { code, summaryList, table } from './parts.ts';

export function messagePages(hub: Hub): Pages {
  return {
    '/catalogue/:api/interactions/:interaction': openPage({
      async show({ params }) {
        const entry = await entryOf(hub, params.api);
        const found = entry.messages?.interactions.find(({ id }) => id === params.interaction);
        if (!found) throw new Problem('not-found', 'The API has no such interaction');
        const base = baseOf(entry);
        const { id, name, title, group, pattern, facts, fields, examples } = found;
        const texts = pageTexts();
        return {
          title: title === '' ? name : `${title}: ${name}`,
          of: id === name ? entry.api.title : `${id}, ${entry.api.title}`,
          here: 'catalogue',
          back: { href: base, text: entry.api.title },
          keep: 'revalidate',
          content: html`${summaryList([
            { key: 'Interaction', value: code(name) },
            { key: 'Group', value: group },
            { key: 'Exchange', value: pattern },
            ...facts.map(({ key, value }) => ({ key, value: code(value) })),
          ])}
<h2>Where</h2>
${table(
  'Environments',
  ['Environment', 'Address', 'Access'],
  entry.places.map(({ environment, base: path, patterns }) => [
    environmentName(environment),
    code(
      (patterns.includes('certificate') ? hub.reach.certified(environment, path) : undefined) ??
        hub.reach(environment, path),
    ),
    patterns.map((one) => accessWords[one].title).join(', '),
  ]),
)}
${
  fields.length === 0
    ? undefined
    : html`<h2>Fields</h2>${table(
        'Fields',
        ['Name', 'Needed', 'Meaning'],
        fields.map((one) => [code(one.name), one.required ? 'yes' : 'no', texts.line(one.meaning)]),
      )}`
}
${
  examples.length === 0
    ? undefined
    : html`<h2>Examples</h2>${examples.map((one) => exampleOf(one, base))}${examples.flatMap((one) => elementTable(one) ?? [])}`
}`,
        };
      },
    }),
  };
}
