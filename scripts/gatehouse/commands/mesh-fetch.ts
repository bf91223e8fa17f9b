/** `gatehouse mesh inbox | fetch | ack`: what a recipient does, at any MESH server. Bodies go to their file as streams. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Command } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { printItem, printList, type Item } from '../managing.ts';
import type { MeshAnswer, MeshClient } from '../mesh-client.ts';
import { asMailbox, meshClientOf, type MailboxFlags } from '../mesh-options.ts';
import { createProgress, type Progress } from '../progress.ts';

interface InboxFlags extends MailboxFlags {
  readonly workflow?: string;
  readonly wait?: string;
}

export function inboxCommand(): Command {
  return owning('inbox', 'list what waits in your inbox, oldest first')
    .option('--workflow <filter>', 'only these: x, x*, *x*, or with ! all others')
    .option('--wait <seconds>', 'wait for the first message, up to 60 s; only Gatehouse does')
    .action(async (flags: InboxFlags) => {
      const client = meshClientOf(flags, flags.mailbox);
      const items = await waiting(client, flags);
      printList(items, ['id'], flags);
    });
}

function owning(name: string, description: string): Command {
  return asMailbox(name, description).requiredOption('--mailbox <id>', 'your mailbox');
}

async function waiting(client: MeshClient, { workflow, wait }: InboxFlags): Promise<Item[]> {
  const query = new URLSearchParams({
    ...(workflow === undefined ? {} : { workflow_filter: workflow }),
    ...(wait === undefined ? {} : { wait }),
  });
  const items: Item[] = [];
  for (let path = `/inbox?${query.toString()}`; path !== '';) {
    const { messages, links } = await client.json(path);
    for (const id of Array.isArray(messages) ? messages : []) items.push({ id });
    // Relative to the server's address; what stands before the inbox we know.
    const next = typeof links === 'object' && links !== null && 'next' in links ? links.next : '';
    path = typeof next === 'string' ? (/\/inbox\?.*$/.exec(next)?.[0] ?? '') : '';
  }
  return items;
}

interface FetchFlags extends MailboxFlags {
  readonly out?: string;
  readonly ack?: boolean;
}

export function fetchCommand(): Command {
  return owning('fetch', 'fetch a message into a file, whole or not at all')
    .argument('<id>')
    .option('--out <file>', 'where to (default: <id>.dat)')
    .option('--ack', 'acknowledge it once it is on disk: it leaves the inbox')
    .action(async (id: string, flags: FetchFlags) => {
      const client = meshClientOf(flags, flags.mailbox);
      const about = await fetched(client, id, flags.out);
      if (flags.ack === true) await acknowledged(client, id);
      printItem({ ...about, ...(flags.ack === true ? { acknowledged: true } : {}) }, flags);
    });
}

export function ackCommand(): Command {
  return owning('ack', 'acknowledge messages that you have stored: they leave the inbox')
    .argument('<id...>')
    .action(async (ids: readonly string[], flags: MailboxFlags) => {
      const client = meshClientOf(flags, flags.mailbox);
      for (const id of ids) await acknowledged(client, id);
      if (flags.json !== true) console.log(`Acknowledged: ${ids.length}.`);
    });
}

async function acknowledged(client: MeshClient, id: string): Promise<void> {
  const path = `/inbox/${encodeURIComponent(id)}/status/acknowledged`;
  (await client.call(path, { method: 'PUT' })).body.resume();
}

/** Under another name until it is whole; a report has no body, so no file. */
async function fetched(client: MeshClient, id: string, out = `${safe(id)}.dat`): Promise<Item> {
  const path = `/inbox/${encodeURIComponent(id)}`;
  const headers = { 'accept-encoding': 'gzip' };
  const first = await client.call(path, { headers });
  const about = aboutOf(first);
  if (about.type === 'REPORT') {
    first.body.resume();
    return about;
  }
  const total = Number(/^\d+:(\d+)$/.exec(String(first.headers['mex-chunk-range']))?.[1] ?? 1);
  const progress = total > 1 ? createProgress('bytes fetched') : undefined;
  const half = `${out}.part`;
  const file = createWriteStream(half, { flags: 'w', mode: 0o600 });
  const hash = createHash('sha256');
  let size = 0;
  try {
    for (let n = 1; n <= total; n++) {
      const answer = n === 1 ? first : await client.call(`${path}/${n}`, { headers });
      size = await written(answer, file, hash, size, progress);
    }
    await pipeline([], file); // ends it, and waits until all is written
    const sha256 = hash.digest('hex');
    const verified = isVerified(first, sha256);
    await rename(half, out);
    progress?.end(size);
    return { ...about, file: out, bytes: size, sha256, ...verified };
  } catch (error) {
    file.destroy();
    await rm(half, { force: true });
    throw error;
  }
}

/** Whether the sender has told its SHA-256, and these are the bytes. @throws Problem `upstream` when they are others */
function isVerified({ headers }: MeshAnswer, sha256: string): { readonly verified?: true } {
  const said = /^sha256:([0-9a-f]{64})$/i.exec(String(headers['mex-content-checksum']))?.[1];
  if (said === undefined) return {};
  if (said.toLowerCase() === sha256) return { verified: true };
  throw new Problem('upstream', 'These are not the bytes that the sender has sent: fetch it again');
}

async function written(
  { headers, body }: MeshAnswer,
  file: NodeJS.WritableStream,
  hash: ReturnType<typeof createHash>,
  before: number,
  progress: Progress | undefined,
): Promise<number> {
  let size = before;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      size += chunk.length;
      progress?.at(size);
      next(null, chunk);
    },
  });
  const isPacked = headers['content-encoding'] === 'gzip';
  try {
    await (isPacked
      ? pipeline(body, createGunzip(), counting, file, { end: false })
      : pipeline(body, counting, file, { end: false }));
  } catch (cause) {
    throw new Problem('upstream', 'The message broke off on its way: fetch it again', { cause });
  }
  return size;
}

const told = {
  type: 'mex-messagetype',
  from: 'mex-from',
  workflow: 'mex-workflowid',
  localId: 'mex-localid',
  subject: 'mex-subject',
  fileName: 'mex-filename',
  linked: 'mex-linkedmsgid',
} as const;

function aboutOf({ headers }: MeshAnswer): Item {
  const said = Object.entries(told).flatMap(([name, header]) =>
    headers[header] === undefined ? [] : [[name, headers[header]] as const],
  );
  const failed = headers['mex-statussuccess'] === 'ERROR';
  return {
    id: headers['mex-messageid'],
    ...Object.fromEntries(said),
    ...(failed
      ? { code: headers['mex-statuscode'], reason: headers['mex-statusdescription'] }
      : {}),
  };
}

/** An id that came from a caller must lead into no other folder. */
function safe(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100);
}
