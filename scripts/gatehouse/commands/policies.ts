/** `gatehouse policies`: the policies that a definition may use, and the settings of each as a table. */
import type { Command } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { listOf, objectOf, textOf } from '../../../server/catalogue/openapi/document.ts';
import { textIn } from '../client.ts';
import {
  clientFor,
  itemsIn,
  managing,
  printItem,
  printList,
  printTable,
  toText,
  type Item,
  type ManagingFlags,
} from '../managing.ts';

export function policiesCommand(): Command {
  return managing('policies', 'list the policies, or tell the settings of one')
    .argument('[name]', 'such as quota')
    .action(async (name: string | undefined, flags: ManagingFlags) => {
      const { body } = await clientFor(flags).call('GET', '/policies');
      const items = itemsIn(body);
      if (name === undefined) {
        printList(flags.json ? items : items.map(shortened), ['name', 'phase', 'summary'], flags);
        return;
      }
      const policy = items.find((one) => one.name === name);
      if (!policy)
        throw new Problem('not-found', `There is no policy ${name}: gatehouse policies lists them`);
      if (flags.json) printItem(policy, flags);
      else tell(policy);
    });
}

/** The first sentence. */
function shortened(policy: Item): Item {
  return { ...policy, summary: textIn(policy, 'summary').split(/(?<=\.)\s/, 1)[0] };
}

function tell(policy: Item): void {
  console.log(`${textIn(policy, 'name')} (phase ${textIn(policy, 'phase')})`);
  console.log(toText(policy.summary));
  const rows = settingsOf(objectOf(policy.schema), '', 0);
  console.log('');
  if (rows.length === 0) console.log('It has no settings.');
  else printTable(['setting', 'value', 'default', 'meaning'], rows);
}

const deepest = 4;

/** A row for each setting; those within another are named after it: `defaults.quota.limit`. */
function settingsOf(schema: Item, prefix: string, depth: number): readonly (readonly string[])[] {
  const required = new Set(listOf(schema.required));
  return Object.entries(objectOf(schema.properties)).flatMap(([name, value]) => {
    const one = objectOf(value);
    const mark = required.has(name) ? ' (needed)' : '';
    const row = [
      `${prefix}${name}${mark}`,
      valuesOf(one),
      one.default === undefined ? '' : JSON.stringify(one.default),
      textOf(one.description) ?? '',
    ];
    if (depth === deepest) return [row];
    const list = objectOf(one.items);
    const inner = one.properties ? one : list;
    const within = `${prefix}${name}${one.properties ? '' : '[]'}.`;
    return [row, ...settingsOf(inner, within, depth + 1)];
  });
}

function valuesOf(schema: Item): string {
  if (Array.isArray(schema.enum)) return schema.enum.map((one) => String(one)).join(' | ');
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : (textOf(schema.type) ?? '');
  const { minimum, maximum } = schema;
  if (minimum !== undefined && maximum !== undefined)
    return `${type} ${toText(minimum)} to ${toText(maximum)}`;
  const items = textOf(objectOf(schema.items).type);
  if (type === 'array' && items !== undefined) return `list of ${items}`;
  const choices = [...listOf(schema.anyOf), ...listOf(schema.oneOf)].map((one) =>
    valuesOf(objectOf(one)),
  );
  return type || [...new Set(choices)].join(' or ');
}
