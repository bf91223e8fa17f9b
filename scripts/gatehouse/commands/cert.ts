/** `gatehouse cert`: keys and certificates of deployments, over the management API. Private keys stay where they are made. */
import { Command, Option } from 'commander';
import { makeRequest, type RequestKey } from '../../../certs/make-request.ts';
import { revocationReasons } from '../../../server/catalogue/systems/system-hooks.ts';
import { textIn, type ManagementClient } from '../client.ts';
import {
  clientFor,
  itemsIn,
  managing,
  orSee,
  part,
  printItem,
  printList,
  queryOf,
  type Item,
  type ManagingFlags,
} from '../managing.ts';
import { certFile, writeNew } from './cert-files.ts';
import { explainCommand } from './cert-explain.ts';
import { issueCommand, renewCommand } from './cert-issue.ts';

export function certCommand(): Command {
  return new Command('cert')
    .description('certificates of deployments: ask for them, renew and revoke them, find out')
    .addCommand(requestCommand())
    .addCommand(issueCommand())
    .addCommand(renewCommand())
    .addCommand(revokeCommand())
    .addCommand(liftCommand())
    .addCommand(listCommand())
    .addCommand(explainCommand())
    .addCommand(diaryCommand())
    .addHelpText(
      'after',
      `
A first certificate, and the next one before it ends:
  gatehouse cert request <deployment>          makes a key and a request here
  gatehouse cert issue <deployment>            has the certificate issued and kept beside them
  gatehouse cert request <deployment> --dir next
  gatehouse cert renew <thumbprint> --dir next the old one goes on working meanwhile
Nobody can connect, and nobody knows why? gatehouse cert diary, gatehouse cert explain <file>`,
    );
}

const kinds: readonly RequestKey[] = ['P-256', 'P-384', 'RSA-2048', 'RSA-4096'];

interface RequestFlags extends ManagingFlags {
  readonly dir: string;
  readonly key: RequestKey;
}

function requestCommand(): Command {
  return managing('request', 'make a key and a request for its name, here; nothing is sent')
    .argument('<deployment>', 'its id')
    .option('--dir <folder>', 'where the files go', '.')
    .addOption(new Option('--key <kind>', 'of the key').choices(kinds).default('P-256'))
    .action(async (id: string, flags: RequestFlags) => {
      const fqdn = await fqdnOf(clientFor(flags), id);
      const [key, csr] = [certFile(flags.dir, fqdn, 'key'), certFile(flags.dir, fqdn, 'csr')];
      const made = await makeRequest(fqdn, flags.key);
      writeNew(key, made.privateKey, 0o600);
      writeNew(csr, made.csr);
      printItem({ fqdn, key, request: csr }, flags);
      const inFolder = flags.dir === '.' ? '' : ` --dir ${flags.dir}`;
      if (!flags.json) console.error(`Next: gatehouse cert issue ${id}${inFolder}`);
    });
}

async function fqdnOf(client: ManagementClient, id: string): Promise<string> {
  const found = client.call('GET', `/deployments/${part(id)}`);
  return textIn((await orSee('gatehouse deployment list', found)).body, 'fqdn');
}

function revokeCommand(): Command {
  return managing('revoke', 'end a certificate; calls with it are refused at once')
    .argument('<thumbprint>', 'as gatehouse cert list shows it')
    .addOption(
      new Option('--reason <reason>', 'why').choices(revocationReasons).default('unspecified'),
    )
    .action(async (thumbprint: string, flags: ManagingFlags & { reason: string }) => {
      const path = `/certificates/${part(thumbprint)}/revoke`;
      const done = clientFor(flags).call('POST', path, { body: { reason: flags.reason } });
      printItem((await orSee('gatehouse cert list <deployment>', done)).body, flags);
    });
}

function liftCommand(): Command {
  return managing('lift', 'end the hold of one that was revoked with certificateHold')
    .argument('<thumbprint>')
    .action(async (thumbprint: string, flags: ManagingFlags) => {
      const done = clientFor(flags).call('POST', `/certificates/${part(thumbprint)}/lift`);
      printItem((await orSee('gatehouse cert list <deployment>', done)).body, flags);
    });
}

function listCommand(): Command {
  return managing('list', 'list the certificates of a deployment, and what waits for approval')
    .argument('<deployment>', 'its id')
    .action(async (id: string, flags: ManagingFlags) => {
      const client = clientFor(flags);
      const path = `/deployments/${part(id)}`;
      const found = client.call('GET', `${path}/certificates`);
      const items = itemsIn((await orSee('gatehouse deployment list', found)).body);
      const waiting = itemsIn((await client.call('GET', `${path}/certificate-requests`)).body);
      if (flags.json) {
        console.log(JSON.stringify({ certificates: items, requests: waiting }, null, 2));
        return;
      }
      printList(items, ['thumbprint', 'state', 'fqdn', 'notAfter', 'requestedBy'], flags);
      for (const one of waiting)
        console.error(
          `Waits for a second person: gatehouse cert issue ${id} --request ${textIn(one, 'id')}`,
        );
    });
}

function diaryCommand(): Command {
  return managing('diary', 'tell who was refused at the mutual-TLS ports, and why')
    .argument('[name]', 'FQDN of a system; those who see every app may leave it out')
    .option('--limit <number>', 'at most so many', '20')
    .action(async (fqdn: string | undefined, flags: ManagingFlags & { limit: string }) => {
      const query = queryOf({ fqdn, limit: flags.limit });
      const { body } = await clientFor(flags).call('GET', `/handshakes${query}`);
      const items: readonly Item[] = itemsIn(body);
      printList(items, ['at', 'address', 'listener', 'reason', 'names', 'serial'], flags);
    });
}
