/** `gatehouse api new`: an API that runs, with its sandbox, in one action. Owns what is told of it; the set-up is the server's. */
import { Option, type Command } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { apiStatuses, technologies } from '../../../server/catalogue/api-administration.ts';
import {
  asDocument,
  isObject,
  listOf,
  objectOf,
  textOf,
  type OpenApiDocument,
} from '../../../server/catalogue/openapi/document.ts';
import { readOpenApi } from '../../../server/catalogue/openapi/read.ts';
import { looksLikeXml } from '../../../server/catalogue/openapi/wsdl.ts';
import { textIn, type ManagementClient } from '../client.ts';
import {
  clientFor,
  managing,
  part,
  tellNotes,
  toText,
  type Item,
  type ManagingFlags,
} from '../managing.ts';
import { exampleCall } from './api-example.ts';
import { inLines, inLinesOf, readSent } from './api-file.ts';

interface NewFlags extends ManagingFlags {
  readonly title?: string;
  readonly description?: string;
  readonly owner: string;
  readonly contact?: string;
  readonly technology?: string;
  readonly status?: string;
  readonly sensitive: boolean;
  readonly openapi?: string;
  readonly target?: string;
  readonly sandboxUrl?: string;
  readonly base?: string;
}

export function newCommand(): Command {
  return managing('new', 'set up an API that runs, with its sandbox')
    .argument('<id>', 'lower-case letters, digits and hyphens')
    .requiredOption('--owner <ods>', 'ODS code of the organisation that answers for it')
    .option(
      '--openapi <file>',
      'its OpenAPI document, 2 or 3, JSON or YAML, or its WSDL; without one it gets a first',
    )
    .option(
      '--target <address>',
      'its back end outside of the sandbox; without one the examples answer',
    )
    .option('--title <text>', 'how people know it (default: as the document says)')
    .option('--description <text>')
    .option('--contact <address>', 'e-mail or https address (default: as the document says)')
    .addOption(new Option('--technology <kind>', 'decides how refusals look').choices(technologies))
    .addOption(new Option('--status <status>', 'how far it has come').choices(apiStatuses))
    .option(
      '--no-sensitive',
      'it handles no personal data, so that its calls need not be in the audit',
    )
    .option('--base <path>', 'where it lies (default: as the document says, else /<id>)')
    .option('--sandbox-url <address>', 'a sandbox on this machine, in place of the examples')
    .addHelpText(
      'after',
      `
It makes the API, its document, a sandbox that answers from the examples, a deployment in development, and a product.
A set-up that stopped goes on when it is run again. The shortest:
  gatehouse api new greetings --owner Y90001 --contact me@example.org`,
    )
    .action(newApi);
}

async function newApi(id: string, flags: NewFlags): Promise<void> {
  const file = flags.openapi === undefined ? undefined : readSent(flags.openapi);
  const read = file && inLines(file, () => readOpenApi(file.text));
  const fields = fieldsOf(id, flags, read?.document, looksLikeXml(file?.text ?? ''));
  const client = clientFor(flags);
  process.stderr.write(`Setting ${id} up …\n`);
  const outcome = await makeApi(client, fields);
  const body = given({
    openapi: file?.text,
    target: flags.target === undefined ? undefined : { kind: 'http', url: flags.target },
    sandboxUrl: flags.sandboxUrl,
    base: flags.base,
  });
  const made = await inLinesOf(
    () => file,
    () => client.call('POST', `/apis/${part(id)}/setup`, { body }),
  );
  const document = asDocument((await client.call('GET', `/apis/${part(id)}/specification`)).body);
  const steps = listOf(made.body.steps).map((one) =>
    objectOf(one).step === 'api' ? { step: 'api', outcome } : one,
  );
  await tell({ ...made.body, steps }, document, flags);
}

function fieldsOf(
  id: string,
  flags: NewFlags,
  document: OpenApiDocument | undefined,
  isWsdl: boolean,
): Item {
  const { owner, description, status, sensitive } = flags;
  const technology = flags.technology ?? (isWsdl ? 'soap' : undefined);
  const said = objectOf(document?.info.contact);
  const contact = flags.contact ?? textOf(said.email) ?? textOf(said.url);
  if (contact === undefined)
    throw new Problem(
      'invalid',
      'Say whom to write to about it: --contact <e-mail or https address>',
    );
  return given({
    ...{ id, owner, contact, technology, status, sensitive },
    description: description ?? textOf(document?.info.description)?.slice(0, 4000),
    title: flags.title ?? document?.info.title ?? titleOf(id),
  });
}

/** `my-orders` as `My orders`. */
function titleOf(id: string): string {
  const words = id.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function given(fields: Item): Item {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** One that is there already is set up further, if it is the same owner's. */
async function makeApi(client: ManagementClient, fields: Item): Promise<'made' | 'kept'> {
  try {
    await client.call('POST', '/apis', { body: fields });
    return 'made';
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== 'conflict') throw error;
    const { body } = await client.call('GET', `/apis/${part(textIn(fields, 'id'))}`);
    if (body.owner !== fields.owner)
      throw new Problem(
        'conflict',
        `There is an API ${textIn(fields, 'id')} already, and ${textIn(body, 'owner')} owns it: choose another id`,
      );
    return 'kept';
  }
}

async function tell(
  made: Item,
  document: OpenApiDocument | undefined,
  flags: NewFlags,
): Promise<void> {
  const addresses = Object.entries(objectOf(made.addresses)).filter(
    (one): one is [string, string] => typeof one[1] === 'string',
  );
  const sandbox = addresses.find(([environment]) => environment === 'sandbox')?.[1];
  const curl = document && sandbox !== undefined ? exampleCall(document, sandbox) : undefined;
  if (flags.json) {
    console.log(JSON.stringify({ ...made, curl }, null, 2));
    return;
  }
  for (const line of stepsIn(made.steps)) console.log(line);
  tellNotes(made.warnings);
  for (const [environment, address] of addresses)
    console.log(`${environment.padEnd(12)} ${address}  ${await answering(address)}`);
  if (curl !== undefined) console.log(`\nTry it:\n  ${curl}`);
  const id = textIn(made, 'id');
  console.error(
    `\nNext: gatehouse proxy definition development.${id}, and docs/guides/producer.md`,
  );
}

function stepsIn(steps: unknown): readonly string[] {
  return listOf(steps)
    .filter(isObject)
    .map((one) => `${toText(one.outcome).padEnd(5)} ${toText(one.step)}`);
}

/** Whether it can be called from here: the proof of a set-up. */
async function answering(address: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(5_000);
    const { status } = await fetch(`${address}/_ping`, { signal, redirect: 'manual' });
    return status === 200 ? 'answers' : `answers ${status}`;
  } catch {
    return 'is not reached from here';
  }
}
