/** `gatehouse api spec`: the OpenAPI document of an API, read or put. */
import type { Command } from 'commander';
import {
  clientFor,
  managing,
  part,
  printItem,
  tellNotes,
  toText,
  type Item,
  type ManagingFlags,
} from '../managing.ts';
import { inLinesOf, readSent } from './api-file.ts';

interface SpecFlags extends ManagingFlags {
  readonly file?: string;
  readonly publish?: boolean;
}

export function specCommand(): Command {
  return managing('spec', 'print the OpenAPI document of an API, or put another')
    .argument('<id>', 'its id')
    .option('--file <file>', 'put this document, 2 or 3, JSON or YAML')
    .option(
      '--publish',
      'as strictly as for the public: refused with all reasons below a score of 90',
    )
    .addHelpText(
      'after',
      '\nWhat runs keeps the document that it was deployed with: deploy again to check calls against the new one.',
    )
    .action(spec);
}

async function spec(id: string, flags: SpecFlags): Promise<void> {
  const client = clientFor(flags);
  const path = `/apis/${part(id)}/specification`;
  if (flags.file === undefined) {
    console.log(JSON.stringify((await client.call('GET', path)).body, null, 2));
    return;
  }
  const file = readSent(flags.file);
  const type = /^\s*[{[]/.test(file.text.slice(0, 1000)) ? 'application/json' : 'application/yaml';
  const query = flags.publish ? '?publish=true' : '';
  const document = { text: file.text, type };
  const { body } = await inLinesOf(
    () => file,
    () => client.call('PUT', path + query, { document }),
    'Nothing was changed: the document before stays.',
  );
  tell(body, flags);
}

function tell(body: Item, flags: SpecFlags): void {
  if (flags.json) {
    printItem(body, flags);
    return;
  }
  tellNotes(body.warnings);
  console.log(`Put. It scores ${toText(body.score)} for publishing.`);
  if (body.fit !== true)
    console.error(
      'Not fit for the public yet: gatehouse api spec <id> --file <file> --publish says why.',
    );
}
