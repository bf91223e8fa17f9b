/** `gatehouse cert issue` and `gatehouse cert renew`: hand a request in, and keep what comes back beside its key. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { textIn, type Answer, type ManagementClient } from '../client.ts';
import {
  clientFor,
  managing,
  orSee,
  part,
  printItem,
  tellNotes,
  type ManagingFlags,
} from '../managing.ts';
import { certFile, readOr, refuseOtherKey, writeOver } from './cert-files.ts';

interface IssueFlags extends ManagingFlags {
  readonly dir: string;
  readonly csr?: string;
  readonly certificate?: string;
  readonly force?: boolean;
  readonly request?: string;
  readonly reject?: string;
}

export function issueCommand(): Command {
  return managing('issue', 'have a certificate issued for a request, and keep it beside the key')
    .argument('<deployment>', 'its id')
    .option('--dir <folder>', 'where the files are and go', '.')
    .option('--csr <file>', 'the request (default: <dir>/<fqdn>.csr)')
    .option('--certificate <file>', 'take in this one, which an outside authority issued')
    .option('--force', 'write over a certificate of another key in that folder')
    .option('--request <id>', 'production: approve the request that somebody else handed in')
    .option('--reject <reason>', 'with --request: refuse it')
    .addHelpText('after', '\nIn production a second person approves: it is told how.')
    .action(issue);
}

async function issue(id: string, flags: IssueFlags): Promise<void> {
  const client = clientFor(flags);
  const path = `/deployments/${part(id)}`;
  const { request, reject } = flags;
  const see = <T>(act: Promise<T>) => orSee('gatehouse deployment list', act);
  if (request === undefined) {
    if (reject !== undefined) throw new Problem('invalid', '--reject needs --request');
    const body = await given(client, id, flags);
    keep(await see(client.call('POST', `${path}/certificates`, { body })), flags);
    return;
  }
  const decided = `${path}/certificate-requests/${part(request)}`;
  if (reject !== undefined) {
    const body = { reason: reject };
    printItem((await see(client.call('POST', `${decided}/reject`, { body }))).body, flags);
    return;
  }
  const fqdn = textIn((await see(client.call('GET', path))).body, 'fqdn');
  const csr = certFile(flags.dir, fqdn, 'csr');
  const asked = existsSync(csr) ? readOr(csr, 'a request as PEM') : undefined;
  if (!flags.force) refuseOtherKey(certFile(flags.dir, fqdn, 'crt'), asked);
  keep(await see(client.call('POST', `${decided}/approve`)), flags);
}

export function renewCommand(): Command {
  return managing('renew', 'have the next certificate issued; the one before goes on meanwhile')
    .argument('<thumbprint>', 'of the one before, as gatehouse cert list shows it')
    .option('--dir <folder>', 'where the files of the new one are and go', '.')
    .option('--csr <file>', 'the request (default: <dir>/<fqdn>.csr)')
    .option('--force', 'write over a certificate of another key in that folder')
    .action(async (thumbprint: string, flags: IssueFlags) => {
      const client = clientFor(flags);
      const path = `/certificates/${part(thumbprint)}`;
      const found = client.call('GET', path);
      const { body: before } = await orSee('gatehouse cert list <deployment>', found);
      const body = await given(client, textIn(before, 'deployment'), flags);
      keep(await client.call('POST', `${path}/renew`, { body }), flags);
    });
}

/** What is handed in, once it is sure that what comes back can be kept. */
async function given(client: ManagementClient, id: string, flags: IssueFlags): Promise<object> {
  const { dir, certificate } = flags;
  const found = client.call('GET', `/deployments/${part(id)}`);
  const { body } = await orSee('gatehouse deployment list', found);
  const fqdn = textIn(body, 'fqdn');
  const csr = flags.csr ?? certFile(dir, fqdn, 'csr');
  const pem =
    certificate !== undefined
      ? readOr(certificate, 'a certificate as PEM')
      : readOr(csr, flags.csr === undefined ? hintFor(id, dir) : 'a request as PEM');
  if (!flags.force) refuseOtherKey(certFile(dir, fqdn, 'crt'), pem);
  return certificate !== undefined ? { certificate: pem } : { csr: pem };
}

function hintFor(id: string, dir: string): string {
  return `make one: gatehouse cert request ${id} --dir ${dir}`;
}

/** What is kept in files, or told apart. */
const apart = new Set(['pem', 'chain', 'authorities', 'test', 'next', 'notes']);

/**
 * The authorities of the listener it calls; for one that receives also those of its environment, of which the platform's own
 * certificate is when it calls: deployed systems have one list for both.
 */
function trustedBy(body: Answer['body']): string {
  const listener = body.authorities === undefined ? '' : textIn(body, 'authorities');
  const caller = body.profile === 'endpoint' ? textIn(body, 'chain') : '';
  return listener.includes(caller) ? listener : listener + caller;
}

/** Writes certificate and authorities, and says what to try; or what is waited for. */
function keep({ status, body }: Answer, flags: IssueFlags): void {
  const item = Object.fromEntries(Object.entries(body).filter(([name]) => !apart.has(name)));
  if (status === 202) {
    printItem(flags.json ? body : item, flags);
    if (!flags.json) console.error(`Next: ${textIn(body, 'next')}`);
    return;
  }
  const fqdn = textIn(body, 'fqdn');
  const [crt, ca] = [certFile(flags.dir, fqdn, 'crt'), certFile(flags.dir, fqdn, 'ca')];
  writeOver(crt, textIn(body, 'pem') + textIn(body, 'chain'));
  const trusted = trustedBy(body);
  if (trusted !== '') writeOver(ca, trusted);
  printItem(flags.json ? body : { ...item, file: crt }, flags);
  tellNotes(body.notes);
  if (flags.json || body.test === undefined) return;
  const inFolder = flags.dir === '.' ? '' : ` (in ${flags.dir})`;
  if (existsSync(certFile(flags.dir, fqdn, 'key')))
    console.error(`Once it is live, try${inFolder}: ${textIn(body, 'test')}`);
}
