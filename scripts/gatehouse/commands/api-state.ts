/** `gatehouse api deprecate | withdraw | retire | restore`: how an API ends in an environment, and how it comes back. */
import type { Command } from 'commander';
import {
  changeRead,
  clientFor,
  managing,
  orSee,
  part,
  printItem,
  type ManagingFlags,
} from '../managing.ts';

interface StateFlags extends ManagingFlags {
  readonly name?: string;
  readonly successor?: string;
  readonly sunset?: string;
  readonly link?: string;
}

export function stateCommands(): readonly Command[] {
  return [
    ended(stateCommand('deprecate', 'deprecated', 'tell callers on each answer that it will end')),
    stateCommand('withdraw', 'withdrawn', 'answer 404, as if it had never been there'),
    ended(stateCommand('retire', 'retired', 'answer 410, which names what took its place')),
    stateCommand('restore', 'deployed', 'put it back in service'),
  ];
}

function stateCommand(name: string, state: string, description: string): Command {
  return managing(name, description)
    .argument('<api>', 'its id')
    .argument('<environment>')
    .option('--name <name>', 'of the proxy, where the API runs more than once in the environment')
    .action(async (api: string, environment: string, flags: StateFlags) => {
      const path = `/proxies/${part(`${environment}.${flags.name ?? api}`)}`;
      const body = { state, ...told(flags) };
      const client = clientFor(flags);
      const changed = changeRead(client, path, 'PUT', `${path}/state`, body);
      printItem((await orSee('gatehouse proxy list', changed)).body, flags);
    });
}

function ended(command: Command): Command {
  return command
    .option('--successor <address>', 'an https address, or a path: what takes its place')
    .option('--sunset <date>', 'when it ends: 2027-01-31, or with a time in UTC')
    .option('--link <address>', 'a page that explains it');
}

function told({ successor, sunset, link }: StateFlags): object {
  return {
    ...(successor === undefined ? {} : { successor }),
    ...(sunset === undefined ? {} : { sunset }),
    ...(link === undefined ? {} : { link }),
  };
}
