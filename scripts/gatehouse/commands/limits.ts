/** `gatehouse limits explain`: which limits an app meets at an API, who set each, and when it frees. */
import { Command } from 'commander';
import { isObject, objectOf } from '../../../server/catalogue/openapi/document.ts';
import {
  clientFor,
  itemsIn,
  managing,
  printItem,
  printTable,
  queryOf,
  toText,
  type Item,
  type ManagingFlags,
} from '../managing.ts';

interface ExplainFlags extends ManagingFlags {
  readonly app: string;
  readonly api: string;
  readonly environment: string;
  readonly name?: string;
  readonly product?: string;
}

export function limitsCommand(): Command {
  return new Command('limits')
    .description('see which limits apply, and when they free')
    .addCommand(explainCommand());
}

function explainCommand(): Command {
  return managing('explain', 'tell the limits of an app at an API')
    .requiredOption('--app <id>', 'the app that calls')
    .requiredOption('--api <id>', 'the API it calls')
    .requiredOption('--environment <name>', 'where')
    .option('--name <name>', 'of the proxy, where the API runs more than once there')
    .option('--product <id>', 'by this product alone')
    .addHelpText('after', '\nLooking takes nothing from any limit.')
    .action(async (flags: ExplainFlags) => {
      const { app, api, environment, name, product } = flags;
      const query = queryOf({ app, api, environment, name, product });
      const { body } = await clientFor(flags).call('GET', `/limits${query}`);
      const limits = itemsIn(body);
      if (flags.json) printItem(body, flags);
      else if (limits.length === 0) console.log('No limit applies.');
      else tell(limits);
    });
}

function tell(limits: readonly Item[]): void {
  printTable(
    ['limit', 'allows', 'counted by', 'set by', 'remaining', 'frees'],
    limits.map((one) => [
      one.name,
      allowed(objectOf(one.rule)) + (one.conditional === true ? ' (for some calls)' : ''),
      one.by,
      `${toText(one.from)} ${toText(one.source)}`.trim(),
      one.remaining,
      momentOf(one.frees),
    ]),
  );
}

function allowed(rule: Item): string {
  const { kind, limit, interval, unit, rate, per, burst, max } = rule;
  if (kind === 'quota') return `${String(limit)} in ${String(interval)} ${String(unit)}`;
  if (kind === 'spike') return `${String(rate)} a ${String(per)}, ${String(burst)} at once`;
  if (kind === 'concurrency') return `${String(max)} at a time`;
  return isObject(rule) ? JSON.stringify(rule) : '';
}

function momentOf(frees: unknown): unknown {
  return typeof frees === 'number' ? new Date(frees).toISOString() : frees;
}
