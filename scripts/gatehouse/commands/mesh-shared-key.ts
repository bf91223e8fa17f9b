/** `gatehouse mesh shared-key`: the key that all mailboxes of an environment share, over the management API. */
import { Command, Option } from 'commander';
import { clientFor, part, printItem } from '../managing.ts';
import { inEnvironment, type PlaceFlags } from './mesh-mailbox.ts';

export function sharedKeyCommand(): Command {
  return new Command('shared-key')
    .description('the key that all mailboxes of an environment share')
    .addCommand(
      inEnvironment('show', 'since when it is in use; never the key').action(
        async (flags: PlaceFlags) => {
          printItem((await clientFor(flags).call('GET', path(flags))).body, flags);
        },
      ),
    )
    .addCommand(
      inEnvironment('rotate', 'make a new one and show it this once')
        .addOption(
          new Option('--overlap <time>', 'for how long the one before stays good')
            .choices(['0', '1h', '24h', '7d'])
            .default('24h'),
        )
        .action(async ({ overlap, ...flags }: PlaceFlags & { readonly overlap: string }) => {
          const call = clientFor(flags).call('POST', path(flags), { body: { overlap } });
          printItem((await call).body, flags);
        }),
    );
}

function path({ environment }: PlaceFlags): string {
  return `/mesh/${part(environment)}/shared-key`;
}
