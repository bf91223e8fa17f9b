/** `gatehouse token`: get a token from a running server, have one explained, and look up why a call was refused. */
import { Command, Option } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { doctorFaces } from '../../../server/auth/doctor-faces.ts';
import { tokenKinds } from '../../../server/auth/doctor-shape.ts';
import { findRefusal, membersOf } from '../calling.ts';
import { dataDirOption } from '../data-dir.ts';
import { serverAddress, type AddressFlags } from '../server-address.ts';
import { crossOrganisationCommand } from './token-cross-organisation.ts';
import { explainToken, type ExplainFlags } from './token-explain.ts';
import { getToken, type GetFlags } from './token-get.ts';

export function tokenCommand(): Command {
  return new Command('token')
    .description('get access tokens, have tokens explained, and look up refusals')
    .addCommand(getCommand())
    .addCommand(explainCommand())
    .addCommand(refusalCommand())
    .addCommand(crossOrganisationCommand());
}

/** Flags as they are given: without the address, when it is the usual one. */
type At<Flags> = Omit<Flags, 'url'> & AddressFlags;

function atServer(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--url <address>', 'where the server is (default: where it was last started)')
    .addOption(dataDirOption())
    .option('--json', 'print JSON, for programs');
}

function getCommand(): Command {
  return atServer('get', 'print an access token, and nothing else on standard output')
    .requiredOption('--app <app>', 'the app: its id, name or client id; demo is the demo app')
    .option('--environment <name>', 'where the token is for', 'int')
    .addOption(faceOption(['/oauth2', '/oauth2-mock']).default('/oauth2'))
    .option('--user <name>', 'sign in this test person, instead of the app on its own')
    .addOption(
      new Option('--provider <name>', 'where the person signs in (default: by the user name)') //
        .choices(['nhs-cis2', 'nhs-login']),
    )
    .option('--level <level>', 'sign in at this level: AAL1, AAL2, AAL3, P0, P5, P9 or a vector')
    .option('--role <id>', 'the role that the person acts in')
    .option(
      '--key <file>',
      "the app's private key (PEM); the demo apps have theirs in <data-dir>/demo",
    )
    .option('--kid <id>', 'the key id that this key is registered under')
    .option('--secret <file>', "the file of the app's client secret, for --user")
    .option('--client-id <id>', 'the client id, when --app is not known here')
    .option('--redirect-uri <address>', 'one that the app has registered, for --user')
    .addHelpText(
      'after',
      `
  TOKEN=$(gatehouse token get --app demo --environment int)
  gatehouse token get --app demo --user 656005750107     a healthcare worker, by the simulated CIS2
  gatehouse token get --app demo --user 9912003071       a patient, by the simulated NHS login`,
    )
    .action((flags: At<GetFlags>) => getToken({ ...flags, url: serverAddress(flags) }));
}

function explainCommand(): Command {
  return atServer('explain', 'say rule by rule whether a token would be accepted, and why not')
    .argument('<token>', 'a client assertion, id_token or access token; - reads it from input')
    .addOption(
      new Option('--kind <kind>', 'what it is meant to be (default: guessed)').choices(tokenKinds),
    )
    .option('--environment <name>', 'where it would be used', 'int')
    .addOption(faceOption(doctorFaces))
    .option('--client-id <id>', 'for an id_token: the app that would exchange it')
    .addHelpText('after', '\nExit code 0 when it would be accepted, else 1. Nothing of it is kept.')
    .action((token: string, flags: At<ExplainFlags>) =>
      explainToken(token, { ...flags, url: serverAddress(flags) }),
    );
}

function faceOption(choices: readonly string[]): Option {
  return new Option('--face <face>', 'the face of the authorisation server').choices(choices);
}

function refusalCommand(): Command {
  return atServer('refusal', 'say why a call to the authorisation server was refused')
    .argument('<message_id>', 'as it stood in the answer')
    .action(async (messageId: string, { json, ...flags }: AddressFlags & { json?: boolean }) => {
      const found = await findRefusal(serverAddress(flags), messageId);
      if (!found)
        throw new Problem(
          'not-found',
          'The server remembers no refusal with this message_id: only the newest, and none from before its start',
        );
      if (json) console.log(JSON.stringify(found, null, 2));
      else console.log(membersOf(found, Object.keys(found), '').join('\n'));
    });
}
