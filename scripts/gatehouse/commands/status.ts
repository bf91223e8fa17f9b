/** `gatehouse status`: how the APIs are. */
import type { Command } from 'commander';
import { objectOf } from '../../../server/catalogue/openapi/document.ts';
import {
  clientFor,
  itemsIn,
  managing,
  printItem,
  printTable,
  queryOf,
  type Item,
  type ManagingFlags,
} from '../managing.ts';

export function statusCommand(): Command {
  return managing('status', 'tell how the APIs are')
    .option('--api <id>', 'this API alone')
    .option('--environment <name>', 'in this environment')
    .addHelpText(
      'after',
      '\nWhat was deployed just now is in it after the next look, within half a minute.',
    )
    .action(async (flags: ManagingFlags & { api?: string; environment?: string }) => {
      const { api, environment } = flags;
      const path = `/status${queryOf({ api, environment })}`;
      const { body } = await clientFor(flags).call('GET', path);
      if (flags.json) printItem(body, flags);
      else tell(itemsIn(body));
    });
}

function tell(items: readonly Item[]): void {
  printTable(
    ['proxy', 'state', 'since', 'revision', 'circuit', 'this month'],
    items.map((one) => [
      one.proxy,
      one.state,
      one.since,
      one.revision,
      one.circuit,
      percentIn(objectOf(one.availability)),
    ]),
  );
}

function percentIn({ availability }: Item): string {
  return typeof availability === 'number' ? `${availability} %` : '';
}
