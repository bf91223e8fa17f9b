/** `gatehouse api deploy`: a definition as a new revision. What is wrong with it is told as `file:line: reason`. */
import type { Command } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { faultsIn, Refusal, textIn, type ManagementClient } from '../client.ts';
import {
  clientFor,
  managing,
  orSee,
  part,
  printItem,
  tellNotes,
  toText,
  type Item,
  type ManagingFlags,
} from '../managing.ts';
import { faultLines, inLinesOf, objectIn, readSent, type SentFile } from './api-file.ts';

interface DeployFlags extends ManagingFlags {
  readonly definition?: string;
  readonly from?: string;
  readonly spec?: string;
  readonly name?: string;
  readonly release?: string;
  readonly check?: boolean;
}

export function deployCommand(): Command {
  return managing('deploy', 'put a definition in service as a new revision')
    .argument('<api>', 'its id')
    .argument('<environment>')
    .option('--definition <file>', 'the definition, JSON or YAML')
    .option('--from <environment>', 'or the definition that serves in this environment')
    .option('--spec <file>', 'an OpenAPI document that goes with it')
    .option('--name <name>', 'of the proxy, where the API runs more than once in the environment')
    .option('--release <text>', 'a release id or commit')
    .option('--check', 'only tell what would be refused; ends with 1 if anything would')
    .addHelpText(
      'after',
      `
A new API begins in development. Get the definition that serves, change it, check it, deploy it:
  gatehouse proxy definition development.orders > orders.json
  gatehouse api deploy orders development --definition orders.json --check
  gatehouse api deploy orders development --definition orders.json --release 1.1
A revision that is refused changes nothing; gatehouse rollback goes back to the one before.`,
    )
    .action(deploy);
}

async function deploy(api: string, environment: string, flags: DeployFlags): Promise<void> {
  if ((flags.definition === undefined) === (flags.from === undefined))
    throw new Problem(
      'invalid',
      'Give the definition: either --definition <file> or --from <environment>',
    );
  const client = clientFor(flags);
  const file = flags.definition === undefined ? undefined : readSent(flags.definition);
  const specification = flags.spec === undefined ? undefined : readSent(flags.spec);
  const definition = file ? objectIn(file) : await servingIn(client, api, flags);
  const { name, release } = flags;
  const body = {
    definition,
    ...(specification ? { specification: specification.text } : {}),
    ...(name === undefined ? {} : { name }),
    ...(release === undefined ? {} : { release }),
  };
  const path = `/apis/${part(api)}/environments/${part(environment)}/deployments`;
  if (flags.check) {
    tellVerdict((await client.call('POST', `${path}?check=true`, { body })).body, file, flags);
    return;
  }
  process.stderr.write(`Deploying ${api} in ${environment} …\n`);
  // A definition is read here, so that what the server cannot read is the document.
  const faulty = (error: Problem) =>
    error instanceof Refusal && error.faults.length > 0 ? file : (specification ?? file);
  const { body: done } = await inLinesOf(
    faulty,
    () => orSee('gatehouse api list', client.call('POST', path, { body })),
    'Nothing was changed: what served before goes on serving.',
  );
  tellDone(done, flags);
}

/** The definition of the revision that serves somewhere else: promotion. */
async function servingIn(
  client: ManagementClient,
  api: string,
  { from = '', name = api }: DeployFlags,
): Promise<unknown> {
  const proxy = `/proxies/${part(`${from}.${name}`)}`;
  const { active } = (await client.call('GET', proxy)).body;
  return (await client.call('GET', `${proxy}/revisions/${String(active)}`)).body.definition;
}

function tellVerdict(verdict: Item, file: SentFile | undefined, flags: DeployFlags): void {
  if (verdict.good !== true) process.exitCode = 1;
  if (flags.json) {
    printItem(verdict, flags);
    return;
  }
  const faults = faultsIn(verdict.faults);
  const lines = file
    ? faultLines(file, faults)
    : faults.map(({ at, message }) => (at === '' ? message : `${at}: ${message}`));
  for (const line of lines) console.log(toText(line));
  tellNotes(verdict.warnings);
  if (verdict.good === true) console.log('It can be deployed.');
}

function tellDone(done: Item, flags: DeployFlags): void {
  tellNotes(done.warnings);
  if (flags.json) {
    printItem(done, flags);
    return;
  }
  const { active, previous } = done;
  console.log(
    `${textIn(done, 'id')} runs revision ${toText(active)} at ${textIn(done, 'address')}`,
  );
  if (previous !== undefined) console.error(`To go back: gatehouse rollback ${textIn(done, 'id')}`);
}
