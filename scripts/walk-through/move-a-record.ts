/**
 * A record moves from one GP system to another through this platform as the intermediary: request, extract, continue,
 * fragments of the document and of an attachment, acknowledgement. Plays both systems, loses two messages on the way, and
 * tells what happens. Owns the invented record. Run by move-a-record.sh, which registers the systems.
 */
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGunzip, gzipSync } from 'node:zlib';
import { attribute, hl7At } from '../../spine/hl7v3/datatypes.ts';
import { readAttachmentDescription } from '../../spine/ebxml/attachment-description.ts';
import type { Reference } from '../../spine/ebxml/manifest.ts';
import {
  acknowledgement,
  attached,
  continuing,
  ehrExtract,
  ehrRequest,
  following,
  fragment,
  interactions,
  type Following,
} from './move-a-record-messages.ts';
import {
  GpSystem,
  newId,
  type Incoming,
  type Outgoing,
  type Peer,
  type Registration,
} from './move-a-record-system.ts';

const { values: flags } = parseArgs({
  options: {
    folder: { type: 'string', default: '.' },
    directory: { type: 'string', default: '' },
    intermediary: { type: 'string', default: '' },
    supplier: { type: 'string', default: '' },
    refuse: { type: 'string', default: '' },
  },
});
const { folder, directory, intermediary, supplier, refuse } = flags;

/** The patient of the published tests, whom nobody is. */
const nhsNumber = '9000000009';
/** A message is 5,000,000 bytes at most, and base64 makes four bytes of three. */
const fragmentSize = 3_600_000;
const attachmentSize = 5 * 1024 * 1024;
/** How often a message is sent, and how long its acknowledgement is waited for. */
const attempts = 3;
const patience = 60_000;
/** How long all of it may take. */
const allOfIt = 5 * 60_000;

const say = (line: string) => {
  console.log(line);
};
const read = (name: string) =>
  JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Registration; // the script wrote it
const places = { folder, directory, intermediary, supplier };
const own = new GpSystem(read('new-practice'), places, say);
const previous = new GpSystem(read('previous-practice'), places, say);

/** Sends a message from one system to the other, the same again until the intermediary has acknowledged it. */
async function send(
  from: GpSystem,
  sent: Pick<Outgoing, 'interaction' | 'conversationId'> &
    Partial<Outgoing> & { readonly write: (messageId: string, peer: Peer) => Outgoing['payload'] },
): Promise<string> {
  const to = (from === own ? previous : own).registration.odsCode;
  const { messageId = newId(), write, ...more } = sent;
  const payload = (peer: Peer) => write(messageId, peer)(peer);
  for (let attempt = 0; attempt < attempts; attempt++) {
    await from.send({ ...more, to, messageId, payload });
    if (await from.hop(messageId, patience)) return messageId;
    from.say(`has no acknowledgement of ${more.interaction}`);
  }
  throw new Error('The intermediary acknowledges nothing');
}

const between = (from: GpSystem, messageId: string, to: Peer) => ({
  ...{ messageId, from: from.registration, to },
});

/** The document, invented and the same each time: lines of numbers. */
function makeRecord(): void {
  const lines: string[] = [];
  for (let i = 0, state = 1; i < 150_000; i++) {
    state = (state * 48_271) % 2_147_483_647;
    lines.push(`${i} entry ${state.toString(36)} ${(state % 9973).toString(36)}`);
  }
  writeFileSync(join(folder, 'record.txt'), lines.join('\n'));
  writeFileSync(join(folder, 'record.txt.gz'), gzipSync(readFileSync(join(folder, 'record.txt'))));
  const scan = Buffer.alloc(attachmentSize);
  for (let i = 0, state = 7; i < attachmentSize; i += 4) {
    state = (state * 48_271) % 2_147_483_647;
    scan.writeUInt32LE(state, i);
  }
  writeFileSync(join(folder, 'scan.tif'), scan);
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(folder, file)), hash);
  return hash.digest('hex');
}

/** What follows the extract: each a message with an attachment, or an index of several. */
interface Part extends Following {
  readonly file: string;
}

function partsOfRecord(): readonly Part[] {
  return [
    part('record.txt.gz', { contentType: 'text/plain', compressed: true, skeleton: true }),
    part('scan.tif', { contentType: 'image/tiff' }),
  ];
}

function part(
  file: string,
  about: Pick<Following, 'contentType' | 'compressed' | 'skeleton'>,
): Part {
  const length = statSync(join(folder, file)).size;
  const messageId = newId();
  return { ...about, file, filename: file, messageId, length, large: length > fragmentSize };
}

/** One message with the bytes of a file from one place to another, which are read as they go out. */
async function sendFragment(conversationId: string, about: Part, start: number, end: number) {
  const contentId = `Attachment1-${about.messageId}@walk-through.test`;
  const open = () => createReadStream(join(folder, about.file), { start, end: end - 1 });
  await send(previous, {
    ...{ interaction: interactions.content, conversationId, messageId: about.messageId },
    write: (messageId) => (peer) => fragment(between(previous, messageId, peer), about.filename),
    references: [attached(contentId, { ...about, length: end - start, large: false })],
    attachments: [
      {
        ...{ contentId, contentType: about.contentType, encoding: 'base64' },
        ...{ size: end - start, content: open },
      },
    ],
  });
}

async function sendPart(conversationId: string, about: Part): Promise<void> {
  if (about.large !== true) {
    await sendFragment(conversationId, about, 0, about.length);
    previous.say(`sends ${about.filename} in one message, ${about.length} bytes`);
    return;
  }
  const pieces: (Part & { readonly start: number })[] = [];
  for (let start = 0; start < about.length; start += fragmentSize) {
    const filename = `${about.messageId}_${pieces.length}.messageattachment`;
    const length = Math.min(fragmentSize, about.length - start);
    pieces.push({ ...about, ...{ messageId: newId(), filename, length, start, large: false } });
  }
  await send(previous, {
    ...{ interaction: interactions.content, conversationId, messageId: about.messageId },
    write: (messageId) => (peer) => fragment(between(previous, messageId, peer), about.filename),
    references: pieces.map(following),
  });
  previous.say(`sends the index of ${about.filename}: ${pieces.length} fragments`);
  for (const piece of pieces) {
    await sendFragment(conversationId, piece, piece.start, piece.start + piece.length);
    previous.say(`sends a fragment, ${piece.length} bytes`);
  }
  const [first] = pieces;
  if (!first) return;
  await sendFragment(conversationId, first, first.start, first.start + first.length);
  previous.say('sends the first fragment again: the same message, which goes on once');
}

/** Files that a message refers to, in order: its own attachments, and those of the messages that it names. */
async function gather(conversationId: string, { envelope, files }: Incoming): Promise<string[]> {
  const found: string[] = [];
  for (const reference of envelope.references) {
    const file = files.get(reference.target);
    if (reference.scheme === 'cid' && file !== undefined) found.push(file);
    if (reference.scheme !== 'mid') continue;
    const next = await own.next(({ envelope: one }) => one.messageId === reference.target);
    found.push(...(await gather(conversationId, next)));
  }
  return found;
}

/** Puts the pieces of a part together, and unpacks it where it is compressed. */
async function reassemble(reference: Reference, pieces: readonly string[]): Promise<string> {
  const about = readAttachmentDescription(reference.description);
  const name = about?.filename === 'record.txt.gz' ? 'received-record.txt' : 'received-scan.tif';
  writeFileSync(join(folder, `${name}.whole`), '');
  for (const piece of pieces) {
    const whole = createWriteStream(join(folder, `${name}.whole`), { flags: 'a' });
    await pipeline(createReadStream(piece), whole);
  }
  const source = createReadStream(join(folder, `${name}.whole`));
  const target = createWriteStream(join(folder, name));
  if (about?.compressed === true) await pipeline(source, createGunzip(), target);
  else await pipeline(source, target);
  return name;
}

/** The side that asks; resolves with whether the record came whole. */
async function newPractice(): Promise<boolean> {
  const conversationId = newId();
  const requestId = newId();
  own.say(`asks ${previous.registration.odsCode} for the record`);
  const asked = await send(own, {
    ...{ interaction: interactions.request, conversationId, messageId: conversationId },
    write: (messageId) => (peer) => ehrRequest(between(own, messageId, peer), requestId, nhsNumber),
  });
  own.say('has the acknowledgement of the intermediary: accepted, and not yet delivered');
  const answer = await own.next(({ envelope }) => envelope.conversationId === conversationId);
  const { refToMessageId, messageId, action, references } = answer.envelope;
  if (action === interactions.acknowledgement) {
    const [detail] = answer.message.acknowledgement?.details ?? [];
    own.say(`is refused: ${detail?.code ?? ''} ${detail?.displayName ?? ''}`);
    return answer.message.acknowledgement?.messageRef === asked;
  }
  const inReply = refToMessageId === asked ? 'in reply to the request' : 'unasked';
  own.say(`has the extract, ${inReply}; ${references.length - 1} parts follow`);
  await send(own, {
    ...{ interaction: interactions.content, conversationId },
    write: (id) => (peer) => continuing(between(own, id, peer), messageId),
  });
  own.say('sends continue');
  let whole = true;
  for (const reference of references.filter(({ scheme }) => scheme === 'mid')) {
    const first = await own.next(({ envelope }) => envelope.messageId === reference.target);
    const name = await reassemble(reference, await gather(conversationId, first));
    const same = (await digestOf(name)) === (await digestOf(name.replace('received-', '')));
    own.say(`has put ${name} together: SHA-256 ${same ? 'is the same' : 'DIFFERS'}`);
    whole &&= same;
  }
  const refusal = { code: '29', text: 'Large message re-assembly failure' };
  await send(own, {
    ...{ interaction: interactions.acknowledgement, conversationId },
    write: (id) => (peer) =>
      acknowledgement(between(own, id, peer), messageId, whole ? undefined : refusal),
  });
  own.say('acknowledges the extract');
  return whole;
}

/** The side that has the record. */
async function previousPractice(): Promise<void> {
  const asked = await previous.next(({ envelope }) => envelope.action === interactions.request);
  const { conversationId, messageId: requestMessage } = asked.envelope;
  previous.say(`is asked by ${asked.message.senderAsid ?? ''}`);
  if (refuse !== '') {
    await send(previous, {
      ...{ interaction: interactions.acknowledgement, conversationId },
      refToMessageId: requestMessage,
      write: (id) => (peer) =>
        acknowledgement(between(previous, id, peer), requestMessage, {
          ...{ code: refuse, text: refusals[refuse] ?? 'Refused' },
        }),
    });
    previous.say(`refuses with ${refuse}`);
    return;
  }
  const request = hl7At(asked.message.controlAct, 'subject', 'EhrRequest', 'id');
  makeRecord();
  const parts = partsOfRecord();
  await send(previous, {
    ...{ interaction: interactions.extract, conversationId, refToMessageId: requestMessage },
    write: (id) => (peer) =>
      ehrExtract(between(previous, id, peer), attribute(request, 'root'), nhsNumber),
    references: parts.map(following),
  });
  previous.say('sends the extract');
  await previous.next(({ envelope }) => envelope.action === interactions.content);
  previous.say('is told to continue');
  for (const one of parts) await sendPart(conversationId, one);
  const { message } = await previous.next(
    ({ envelope }) => envelope.action === interactions.acknowledgement,
  );
  previous.say(`has the acknowledgement: ${message.acknowledgement?.typeCode ?? ''}`);
}

/** Of record transfer. */
const refusals: Readonly<Record<string, string>> = {
  '06': 'Patient not registered at surgery',
  '10': 'Failed to successfully generate EHR Extract',
  '19': 'Requester is not the current healthcare provider of the patient',
  '99': 'Unexpected condition',
};

/** Loses the first fragment before it is kept, and the acknowledgement of the second. */
function loseSome(): void {
  const seen: string[] = [];
  own.fate = ({ action, messageId }) => {
    if (action !== interactions.content || seen.includes(messageId)) return 'take';
    seen.push(messageId);
    if (seen.length === 4) own.say('waits: both come again after the interval of the contract');
    return seen.length === 3 ? 'fail' : seen.length === 4 ? 'cut' : 'take';
  };
}

await Promise.all([own.listen(), previous.listen()]);
loseSome();
const timer = setTimeout(() => {
  console.error('The record did not arrive within five minutes');
  process.exit(1);
}, allOfIt);
const [whole] = await Promise.all([newPractice(), previousPractice()]);
clearTimeout(timer);
own.close();
previous.close();
say(refuse === '' ? (whole ? 'The record has moved' : 'The record is damaged') : 'No record moved');
process.exitCode = whole ? 0 : 1;
