/** A console of Try it as a browser without script uses it: the fields of its form with what stands in them, and its parts. */
import assert from 'node:assert/strict';
import { textOf, type Fields, type HubClient, type HubPage } from './hub-ground.ts';

/** What a browser would send of the page's main form: fields, drop-downs, ticks and texts. */
export function fieldsIn({ html }: HubPage): Record<string, string> {
  const main = html.slice(html.indexOf('<main'));
  const fields: Record<string, string> = {};
  for (const [tag, name = ''] of main.matchAll(/<input[^>]*? name="([^"]+)"[^>]*>/g)) {
    if (
      tag.includes('type="hidden"') ||
      (tag.includes('type="checkbox"') && !tag.includes(' checked'))
    )
      continue;
    fields[name] = textOf(/ value="([^"]*)"/.exec(tag)?.[1] ?? '');
  }
  for (const [, name = '', inner = ''] of main.matchAll(
    /<select[^>]* name="([^"]+)"[^>]*>(.*?)<\/select>/gs,
  )) {
    const chosen = /value="([^"]*)" selected/.exec(inner) ?? /value="([^"]*)"/.exec(inner);
    fields[name] = textOf(chosen?.[1] ?? '');
  }
  for (const [, name = '', text = ''] of main.matchAll(
    /<textarea[^>]* name="([^"]+)"[^>]*>\n?(.*?)<\/textarea>/gs,
  ))
    fields[name] = textOf(text);
  return fields;
}

/** The name of the field of a parameter. */
export function fieldFor({ html }: HubPage, parameter: string): string {
  const label = [...html.matchAll(/<label class="nhsuk-label" for="([^"]+)">([^<]*)<\/label>/g)];
  const found = label.find(([, , text = '']) => textOf(text).startsWith(`${parameter} (`));
  assert.ok(found, `there is no field for ${parameter}`);
  return found[1] ?? '';
}

/** Opens a console, changes some fields, and sends. */
export async function tryIt(
  client: HubClient,
  path: string,
  changes: Fields = {},
): Promise<HubPage> {
  const page = await client.get(path);
  assert.equal(page.status, 200, page.title);
  return client.send(page, path, { ...fieldsIn(page), ...changes });
}

/** What a part of the page says. */
export function partOf({ html }: HubPage, id: 'try-answer' | 'try-request'): string {
  const from = html.indexOf(`id="${id}"`);
  assert.ok(from >= 0, `there is no ${id}`);
  const end = html.indexOf('</section>', from);
  return textOf(html.slice(html.indexOf('>', from) + 1, end)).replaceAll(/\n\n+/g, '\n');
}

/** The options of a drop-down. */
export function optionsOf({ html }: HubPage, name: string): readonly string[] {
  const inner =
    new RegExp(`<select[^>]* name="${name}"[^>]*>(.*?)</select>`, 's').exec(html)?.[1] ?? '';
  return [...inner.matchAll(/value="([^"]*)"/g)].map(([, value = '']) => textOf(value));
}
