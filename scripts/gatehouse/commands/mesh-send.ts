/** `gatehouse mesh send | track | resend`: what a sender does, at any MESH server. Files are read as streams, piece by piece. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Command, Option } from 'commander';
import { Problem } from '../../../core/problem.ts';
import { textIn } from '../client.ts';
import { printItem, type Item } from '../managing.ts';
import type { MeshClient } from '../mesh-client.ts';
import { asMailbox, meshClientOf, type MailboxFlags } from '../mesh-options.ts';
import { createProgress } from '../progress.ts';

interface SendFlags extends MailboxFlags {
  readonly from: string;
  readonly to: string;
  readonly workflow: string;
  readonly chunkSize: string;
  readonly compress?: boolean;
  readonly subject?: string;
  readonly localId?: string;
  readonly fileName?: string;
  readonly contentType?: string;
  readonly checksum: boolean;
}

export function sendCommand(): Command {
  return sizing(asMailbox('send', 'send a file; tells the id of the message'))
    .argument('<file>')
    .requiredOption('--from <mailbox>', 'your mailbox')
    .requiredOption('--to <mailbox>', "a mailbox, or GPPROVIDER_… for a patient's practice")
    .requiredOption('--workflow <id>', 'the type of document')
    .option('--subject <text>', 'shown to the recipient')
    .option('--local-id <text>', 'your own id of it; never patient data')
    .option('--file-name <name>', "as the recipient sees it (default: the file's own name)")
    .option('--content-type <type>', 'of the whole')
    .addHelpText(
      'after',
      '\nA file of more than the chunk size goes in chunks, each sent again up to three times. To\nGatehouse the first may be repeated too: nothing is sent twice.',
    )
    .action(async (file: string, flags: SendFlags) => {
      const client = meshClientOf(flags, flags.from);
      printItem({ messageId: await sent(client, file, flags) }, flags);
    });
}

function sizing(command: Command): Command {
  return command
    .addOption(
      new Option('--chunk-size <bytes>', 'such as 20000000, 512KiB or 20MiB').default('20MiB'),
    )
    .option('--compress', 'send it as gzip')
    .option('--no-checksum', 'do not tell the recipient the SHA-256 of the file');
}

async function sent(client: MeshClient, file: string, flags: SendFlags): Promise<string> {
  const size = sizeOf(file);
  const step = bytesIn(flags.chunkSize);
  const total = Math.ceil(size / step);
  const progress = total > 1 ? createProgress('bytes sent') : undefined;
  let done = 0;
  const piece = (n: number) => {
    const range = { start: (n - 1) * step, end: Math.min(n * step, size) - 1 };
    const counting = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        progress?.at((done += chunk.length), size);
        next(null, chunk);
      },
    });
    const plain = createReadStream(file, range).pipe(counting);
    return flags.compress === true ? plain.pipe(createGzip()) : plain;
  };
  const said = { ...headersOf(flags, file), ...(await checksumOf(flags, file)) };
  const first = await client.json('/outbox', {
    method: 'POST',
    headers: { ...said, ...chunkHeaders(flags, 1, total, size, step) },
    body: piece(1),
  });
  const id = textIn(first, 'message_id') || textIn(first, 'messageID');
  if (id === '')
    throw new Problem('upstream', 'The server gave no id: is it one of MESH? See --url');
  for (let n = 2; n <= total; n++)
    await again(async () => {
      done = (n - 1) * step;
      const headers = chunkHeaders(flags, n, total, size, step);
      const call = { method: 'POST', headers, body: piece(n) as Readable } as const;
      (await client.call(`/outbox/${id}/${n}`, call)).body.resume();
    });
  progress?.end(size);
  return id;
}

/** A chunk that was not taken goes again: the server puts it in place of what came of the first. */
async function again(act: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++)
    try {
      await act();
      return;
    } catch (error) {
      const passes = error instanceof Problem && error.kind === 'unavailable';
      if (!passes || tries === 4) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * tries));
    }
}

function headersOf(flags: SendFlags, file: string): Record<string, string> {
  const { from, to, workflow, subject, localId, contentType } = flags;
  const said: Readonly<Record<string, string | undefined>> = {
    'mex-from': from,
    'mex-to': to,
    'mex-workflowid': workflow,
    'mex-filename': flags.fileName ?? basename(file),
    'mex-subject': subject,
    'mex-localid': localId,
    'mex-content-type': contentType,
    'idempotency-key': randomUUID(),
  };
  return Object.fromEntries(
    Object.entries(said).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  );
}

async function checksumOf({ checksum }: SendFlags, file: string): Promise<Record<string, string>> {
  if (!checksum) return {};
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { 'mex-content-checksum': `sha256:${hash.digest('hex')}` };
}

function chunkHeaders(
  { compress = false }: SendFlags,
  n: number,
  total: number,
  size: number,
  step: number,
): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'mex-chunk-range': `${n}:${total}`,
    ...(compress
      ? { 'content-encoding': 'gzip' }
      : { 'content-length': String(Math.min(step, size - (n - 1) * step)) }),
  };
}

/** @throws Problem `invalid` for a file that is not there, or empty */
function sizeOf(file: string): number {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) throw new Problem('invalid', `There is no file ${file}`);
  if (found.size > 0) return found.size;
  throw new Problem('invalid', `The file ${file} is empty: there is nothing to send`);
}

/** @throws Problem `invalid` */
function bytesIn(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,12})(KiB|MiB|GiB)?$/.exec(text) ?? [];
  const bytes = Number(digits) * ({ KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }[unit] ?? 1);
  if (bytes >= 1) return bytes;
  throw new Problem('invalid', '--chunk-size must be bytes, such as 20000000, 512KiB or 20MiB');
}

export function trackCommand(): Command {
  return asMailbox('track', 'what became of a message that you sent')
    .argument('<id>', 'the id that sending it has given')
    .requiredOption('--mailbox <id>', 'your mailbox: it has sent the message')
    .action(async (id: string, flags: MailboxFlags) => {
      printItem(await trackedOf(meshClientOf(flags, flags.mailbox), id), flags);
    });
}

function trackedOf(client: MeshClient, id: string): Promise<Item> {
  return client.json(`/outbox/tracking?messageID=${encodeURIComponent(id)}`);
}

interface ResendFlags extends MailboxFlags {
  readonly mailbox: string;
  readonly chunkSize: string;
  readonly compress?: boolean;
  readonly checksum: boolean;
  readonly to?: string;
  readonly force?: boolean;
}

export function resendCommand(): Command {
  return sizing(asMailbox('resend', 'send a message anew that was not delivered'))
    .argument('<id>', 'the message that was not delivered')
    .argument('<file>', 'its contents: a server gives them to the recipient alone')
    .requiredOption('--mailbox <id>', 'your mailbox: it has sent the message')
    .option('--to <mailbox>', "the recipient, where the first address was a patient's practice")
    .option('--force', 'also a message that waits or was acknowledged')
    .action(async (id: string, file: string, flags: ResendFlags) => {
      const client = meshClientOf(flags, flags.mailbox);
      const before = await trackedOf(client, id);
      const state = textIn(before, 'status').toLowerCase();
      if (flags.force !== true && !['undeliverable', 'error'].includes(state))
        throw new Problem(
          'conflict',
          `The message is ${state || 'unknown'}, not undelivered; to send it twice: --force`,
        );
      const to = flags.to ?? textIn(before, 'recipient');
      if (to === '')
        throw new Problem('invalid', 'The server tells no recipient: name the address by --to');
      const localId = textIn(before, 'local_id');
      const again = await sent(client, file, {
        ...{ ...flags, from: client.mailbox, to, workflow: textIn(before, 'workflow_id') },
        fileName: textIn(before, 'filename'),
        ...(localId === '' ? {} : { localId }),
      });
      printItem({ messageId: again, insteadOf: id }, flags);
    });
}
