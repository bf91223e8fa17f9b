/** `gatehouse deployment`: apps at an organisation in an environment, on their way to live, over the management API. */
import { Command, Option } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { contracts } from '../../../server/catalogue/systems/contracts.ts';
import {
  changeRead,
  clientFor,
  gather,
  listAll,
  managing,
  orSee,
  part,
  printItem,
  printList,
  queryOf,
  type Item,
  type ManagingFlags,
} from '../managing.ts';

export function deploymentCommand(): Command {
  return new Command('deployment')
    .description('bring an app to life at an organisation: ASID, party key, endpoints, going live')
    .addCommand(requestCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(changeCommand())
    .addCommand(stepCommand('approve', 'approve it; in production a second person does'))
    .addCommand(endpointCommand())
    .addCommand(stepCommand('live', 'let it go live, or tell every step that is missing'))
    .addCommand(reasonCommand('suspend', 'stop it at once: no calls, no routing'))
    .addCommand(stepCommand('resume', 'bring it back from suspension'))
    .addCommand(
      reasonCommand('end', 'end it for good: its certificates are revoked, its ASID is gone'),
    )
    .addHelpText(
      'after',
      `
From a registered app to its first call with a certificate:
  gatehouse deployment request <app> Y90001 int --interaction urn:nhs:names:services:pds:PRPA_IN000203UK03
  gatehouse cert request <id>
  gatehouse cert issue <id>
  gatehouse deployment live <id>
docs/guides/accredited-system.md tells all of it.`,
    );
}

interface Fields {
  readonly interaction?: readonly string[];
  readonly receives?: readonly string[];
  readonly productName?: string;
  readonly productVersion?: string;
  readonly manufacturer?: string;
  readonly fqdn?: string;
}

function withFields(command: Command): Command {
  return command
    .option('--interaction <id>', 'it may send or receive this; may be repeated', gather)
    .option('--receives <id>', 'an interaction that it also receives; may be repeated', gather)
    .option('--product-name <name>', 'of the software (default: the name of the app)')
    .option('--product-version <version>', 'of the software')
    .option('--manufacturer <ods>', 'its supplier (default: the owner of the app)')
    .option('--fqdn <name>', 'the name its certificates bear (default: one is made)');
}

function requestCommand(): Command {
  return withFields(
    managing('request', 'ask for a deployment; test environments approve it at once')
      .argument('<app>', 'its id')
      .argument('<ods>', 'code of the organisation')
      .argument('<environment>'),
  ).action(
    async (app: string, odsCode: string, environment: string, flags: ManagingFlags & Fields) => {
      const client = clientFor(flags);
      const interactions = [...new Set([...(flags.interaction ?? []), ...(flags.receives ?? [])])];
      if (interactions.length === 0)
        throw new Problem('invalid', 'Say what it may send and receive: --interaction, --receives');
      const { body: known } = await orSee(
        'gatehouse app list',
        client.call('GET', `/apps/${part(app)}`),
      );
      const product = {
        name: flags.productName ?? String(known.name),
        version: flags.productVersion ?? '1',
      };
      const { manufacturer, fqdn, receives = [] } = flags;
      const body = { app, odsCode, environment, interactions, receives, product };
      const given = defined({ manufacturer, fqdn });
      const made = await client.call('POST', '/deployments', { body: { ...body, ...given } });
      printStep(made.body, flags);
    },
  );
}

interface ListFlags extends ManagingFlags {
  readonly app?: string;
  readonly asid?: string;
  readonly partyKey?: string;
  readonly fqdn?: string;
}

function listCommand(): Command {
  return managing('list', 'list deployments')
    .option('--app <id>', 'of this app')
    .option('--asid <digits>', 'with this ASID')
    .option('--party-key <key>', 'of this party key')
    .option('--fqdn <name>', 'with this name')
    .action(async (flags: ListFlags) => {
      const { app, asid, partyKey, fqdn } = flags;
      const query = queryOf({ app, asid, partyKey, fqdn });
      const items = await listAll(clientFor(flags), `/deployments${query}`);
      printList(items, ['id', 'state', 'app', 'odsCode', 'environment', 'asid', 'partyKey'], flags);
    });
}

function showCommand(): Command {
  return managing('show', 'show a deployment and its next step')
    .argument('<deployment>', 'its id')
    .action(async (id: string, flags: ManagingFlags) => {
      const found = clientFor(flags).call('GET', `/deployments/${part(id)}`);
      printItem((await orSee('gatehouse deployment list', found)).body, flags);
    });
}

function changeCommand(): Command {
  return withFields(
    managing('change', 'change what was asked for; what is not named stays').argument(
      '<deployment>',
      'its id',
    ),
  )
    .option('--no-receives', 'it receives nothing')
    .action(
      async (
        id: string,
        flags: ManagingFlags &
          Omit<Fields, 'receives'> & { receives?: readonly string[] | boolean },
      ) => {
        const { interaction: interactions, manufacturer, fqdn, receives } = flags;
        const { productName: name, productVersion: version } = flags;
        if ((name === undefined) !== (version === undefined))
          throw new Problem('invalid', 'Give --product-name and --product-version together');
        const body = defined({
          ...{ interactions, manufacturer, fqdn },
          receives: receives === false ? [] : receives === true ? undefined : receives,
          product: name === undefined ? undefined : { name, version },
        });
        if (Object.keys(body).length === 0)
          throw new Problem('invalid', 'Nothing to change: gatehouse deployment change --help');
        const path = `/deployments/${part(id)}`;
        printStep((await changeRead(clientFor(flags), path, 'PATCH', path, body)).body, flags);
      },
    );
}

function stepCommand(name: 'approve' | 'live' | 'resume', description: string): Command {
  return managing(name, description)
    .argument('<deployment>', 'its id')
    .action(async (id: string, flags: ManagingFlags) => {
      const done = clientFor(flags).call('POST', `/deployments/${part(id)}/${name}`);
      printStep((await orSee('gatehouse deployment list', done)).body, flags);
    });
}

function reasonCommand(name: 'suspend' | 'end', description: string): Command {
  return managing(name, description)
    .argument('<deployment>', 'its id')
    .requiredOption('--reason <text>', 'why; its callers are told')
    .action(async (id: string, flags: ManagingFlags & { reason: string }) => {
      const body = { reason: flags.reason };
      const done = clientFor(flags).call('POST', `/deployments/${part(id)}/${name}`, { body });
      printStep((await orSee('gatehouse deployment list', done)).body, flags);
    });
}

interface EndpointFlags extends ManagingFlags {
  readonly contract: string;
  readonly remove?: boolean;
}

function endpointCommand(): Command {
  return managing('endpoint', 'say where it receives an interaction')
    .argument('<deployment>', 'its id')
    .argument('<interaction>')
    .argument('[url]', 'https, at its own name')
    .addOption(
      new Option('--contract <kind>', 'how messages are answered and repeated')
        .choices(contracts)
        .default('synchronous'),
    )
    .option('--remove', 'it receives it no longer')
    .action(
      async (id: string, interaction: string, url: string | undefined, flags: EndpointFlags) => {
        const path = `/deployments/${part(id)}/endpoints/${part(interaction)}`;
        const client = clientFor(flags);
        if (flags.remove) {
          printStep((await client.call('DELETE', path)).body, flags);
          return;
        }
        if (url === undefined)
          throw new Problem('invalid', 'Give the address where it receives, or --remove');
        const body = { url, contract: flags.contract };
        printStep((await client.call('PUT', path, { body })).body, flags);
      },
    );
}

/** What came of it, and what to do next. */
function printStep(body: Item, flags: ManagingFlags): void {
  const { next, ...item } = body;
  printItem(flags.json ? body : item, flags);
  if (!flags.json && typeof next === 'string') console.error(`Next: ${next}`);
}

function defined(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
