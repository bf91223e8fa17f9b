/** `gatehouse usage`: what was called, by whom. */
import type { Command } from 'commander';
import { isObject, listOf, objectOf } from '../../../server/catalogue/openapi/document.ts';
import {
  clientFor,
  managing,
  printItem,
  printTable,
  queryOf,
  type Item,
  type ManagingFlags,
} from '../managing.ts';

interface UsageFlags extends ManagingFlags {
  readonly app?: string;
  readonly product?: string;
  readonly api?: string;
  readonly environment?: string;
  readonly operation?: string;
  readonly from?: string;
  readonly to?: string;
}

export function usageCommand(): Command {
  return managing('usage', 'tell what was called')
    .option('--app <id>', 'by this app')
    .option('--product <id>', 'by this product')
    .option('--api <id>', 'of this API')
    .option('--environment <name>', 'in this environment')
    .option('--operation <text>', 'such as "GET /orders/{id}"')
    .option('--from <date>', '2027-01-31, or with a time in UTC')
    .option('--to <date>', 'until then')
    .addHelpText('after', '\nWithout --from it is the last 24 hours.')
    .action(async (flags: UsageFlags) => {
      const { app, product, api, environment, operation, from, to } = flags;
      const query = queryOf({ app, product, api, environment, operation, from, to });
      const { body } = await clientFor(flags).call('GET', `/usage${query}`);
      if (flags.json) printItem(body, flags);
      else tell(body);
    });
}

/** Totals, and who and what they are made of; how it went over time is in the JSON. */
function tell({ from, to, totals, by }: Item): void {
  printItem({ from, to, ...objectOf(totals) }, { dataDir: '' });
  console.log('');
  printTable(
    ['of', 'name', 'calls', 'failed', 'limited'],
    Object.entries(objectOf(by)).flatMap(([of, shares]) =>
      listOf(shares)
        .filter(isObject)
        .map(({ name, calls, failed, limited }) => [of, name, calls, failed, limited]),
    ),
  );
}
