/** The options by which commands act as a mailbox of a MESH server, and where its secrets come from. */
import { Command, Option } from 'commander';
import { Problem } from '../../core/problem.ts';
import { readSecretFile } from '../../server/key-files.ts';
import { openMeshClient, type MeshClient } from './mesh-client.ts';

export interface MailboxFlags {
  readonly url: string;
  readonly mailbox?: string;
  readonly password?: string;
  readonly passwordFile?: string;
  readonly sharedKey: string;
  readonly sharedKeyFile?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

/** A command that acts as a mailbox. */
export function asMailbox(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(
      new Option('--url <address>', 'the MESH server, in front of /messageexchange')
        .default('http://localhost:9000')
        .env('MESH_URL'),
    )
    .addOption(
      new Option('--password <text>', 'of the mailbox; others see it').env('MESH_PASSWORD'),
    )
    .option('--password-file <file>', 'the password is in this file')
    .addOption(
      new Option('--shared-key <text>', 'of the environment')
        .default('TestKey')
        .env('MESH_SHARED_KEY'),
    )
    .option('--shared-key-file <file>', 'the shared key is in this file')
    .option('--cert <file>', 'a client certificate in PEM, for mutual TLS')
    .option('--key <file>', 'its private key in PEM')
    .option('--ca <file>', "the authorities that made the server's certificate, in PEM")
    .option('--json', 'print JSON, for programs');
}

/** @throws Problem `invalid` when something is lacking */
export function meshClientOf(flags: MailboxFlags, mailbox: string | undefined): MeshClient {
  const { url, cert, key, ca } = flags;
  if (mailbox === undefined || mailbox === '')
    throw new Problem('invalid', 'Say which mailbox you are, by --mailbox');
  const password = secretOf(flags.password, flags.passwordFile);
  if (password === undefined)
    throw new Problem(
      'invalid',
      'Give the password by --password-file or MESH_PASSWORD. A new one: gatehouse mesh mailbox password',
    );
  return openMeshClient({
    ...{ url, mailbox, password },
    sharedKey: secretOf(undefined, flags.sharedKeyFile) ?? flags.sharedKey,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
  });
}

function secretOf(text: string | undefined, file: string | undefined): string | undefined {
  if (file === undefined) return text;
  const read = readSecretFile(file);
  if (read !== undefined) return read;
  throw new Problem('invalid', `There is no file ${file}`);
}
