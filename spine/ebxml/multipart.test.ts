import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Problem } from '../../core/problem.ts';
import { openMessage, usualMultipartLimits, xmlBytes, type PartHead } from './multipart.ts';
import type { MultipartLimits } from './multipart.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/messages/ebxml/${name}`, import.meta.url));
const request = fixture('reliable-request.mime');
const forward = fixture('forward-with-attachments.mime');
const requestType =
  'multipart/related; boundary="--=_MIME-Boundary"; type=text/xml; start=ebXMLHeader@spine.nhs.uk';
const forwardType = 'multipart/related; boundary=6D0C4B0A-10F2-47A6-8F9E-0A2E6B8A4000';
const letter = 'An invented letter, café.';

const crlf = (bytes: Buffer) =>
  Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');

/** The bytes in chunks of that many. */
async function* chunks(bytes: Buffer, size = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size)
    yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function bytesOf(content: Readable): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of content) all.push(piece as Buffer);
  return Buffer.concat(all);
}

/** All of a message. */
async function read(
  bytes: Buffer,
  type = requestType,
  { size, limits }: { size?: number; limits?: MultipartLimits } = {},
) {
  const message = openMessage(chunks(bytes, size), type, limits);
  const { envelope, payload } = await message.first();
  const attachments = await message.attachments(async (head: PartHead, content) => ({
    ...head,
    content: await bytesOf(content),
  }));
  return { envelope, payload, attachments };
}

const refused = (kind: string) => (error: unknown) => {
  assert.ok(error instanceof Problem);
  assert.equal(error.code, `MESSAGE_NOT_WELL_FORMED[mime.${kind}]`);
  assert.equal(error.status, 500);
  return true;
};

describe('multipart messages', () => {
  it('gives envelope and payload, with an empty line in front and line feeds alone', async () => {
    const { envelope, payload, attachments } = await read(request);
    assert.equal(envelope.contentId, 'ebXMLHeader@spine.nhs.uk');
    assert.ok(envelope.content.toString().startsWith('<?xml '));
    assert.ok(envelope.content.toString().endsWith('</SOAP:Envelope>'));
    assert.equal(payload?.contentId, '1C0D6A52-5D59-4A36-9F6B-6A1B3F2C3001@spine.nhs.uk');
    assert.ok(xmlBytes(payload).toString().startsWith('<PRPA_IN000203UK03'));
    assert.deepEqual(attachments, []);
  });

  it('decodes attachments by their own encoding, and keeps what only looks like a delimiter', async () => {
    const { attachments } = await read(forward, forwardType);
    const [first, second] = attachments;
    assert.equal(first?.contentId, 'Attachment1@gp.test');
    assert.equal(first.encoding, 'base64');
    assert.equal(first.contentType, 'text/plain; name="ward letter.txt"');
    assert.equal(first.content.toString(), letter);
    assert.equal(second?.contentId, 'Attachment2@gp.test');
    assert.equal(second.content.toString().split('\n').length, 2);
  });

  it('takes only the start of a line for a delimiter', async () => {
    const type = 'multipart/related; boundary=b';
    const { envelope } = await read(
      Buffer.from('--b\n\nx--b\n --b--\n--bc\n--b-\ny\n--b \t\n\nz\n--b--'),
      type,
    );
    assert.equal(envelope.content.toString(), 'x--b\n --b--\n--bc\n--b-\ny');
  });

  it('takes every spelling of the media type', async () => {
    for (const type of [
      'multipart/related; boundary=--=_MIME-Boundary; type="text/xml"; start="<ebXMLHeader@spine.nhs.uk>"',
      'Multipart/Related;charset="UTF-8";type=text/xml;boundary="--=_MIME-Boundary"',
      'multipart/related ; Boundary = "--=_MIME-Boundary"',
    ])
      assert.ok((await read(request, type)).payload, type);
  });

  it('takes CRLF and bare LF, and a message without its last line end, cut anywhere on its way', async () => {
    for (const bytes of [request, crlf(request), crlf(request).subarray(0, -2)])
      for (const size of [1, 2, 3, 7, 64, 5000]) {
        const { envelope, payload } = await read(bytes, requestType, { size });
        assert.equal(envelope.content.toString('latin1', 0, 5), '<?xml');
        assert.ok(payload?.content.toString().endsWith('</PRPA_IN000203UK03>'));
      }
  });

  it('gives the same parts however the bytes are cut', async () => {
    const whole = await read(forward, forwardType, { size: 1e6 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), fc.boolean(), async (size, wide) => {
        const { attachments, payload } = await read(wide ? crlf(forward) : forward, forwardType, {
          size,
        });
        assert.deepEqual(payload?.content, whole.payload?.content);
        assert.deepEqual(attachments[0], whole.attachments[0]);
      }),
      { numRuns: 40, seed: 6 },
    );
  });

  it('takes a bare document for an envelope alone, and a single part too', async () => {
    const ack = Buffer.from('<a/>');
    const bare = await read(ack, 'text/xml; charset=utf-8');
    assert.deepEqual([bare.envelope.content, bare.payload], [ack, undefined]);
    const single = await read(
      Buffer.from('--b\nContent-Type: text/xml\n\n<a/>\n--b--'),
      'multipart/related; boundary=b',
    );
    assert.deepEqual([single.envelope.content, single.payload], [ack, undefined]);
  });

  it('refuses other media types and boundaries that are none', () => {
    for (const type of ['', 'application/json', 'multipart/mixed; boundary=b'])
      assert.throws(() => openMessage(chunks(request), type), refused('contentType'));
    for (const boundary of ['', '""', '"\u0001"', 'x'.repeat(201)])
      assert.throws(
        () => openMessage(chunks(request), `multipart/related; boundary=${boundary}`),
        refused('boundary'),
      );
  });

  it('refuses a body whose delimiter is not the announced one', async () => {
    await assert.rejects(read(request, 'multipart/related; boundary=other'), refused('boundary'));
    await assert.rejects(read(Buffer.alloc(0)), refused('boundary'));
    await assert.rejects(read(Buffer.from('----=_MIME-Boundary--\n')), refused('parts'));
  });

  it('refuses a message that was cut off anywhere', async () => {
    const end = request.lastIndexOf('----=_MIME-Boundary--');
    for (const at of [60, 200, 1500, end - 1, end, end + 19, end + 20])
      await assert.rejects(read(request.subarray(0, at)), refused('truncated'), `${at}`);
  });

  it('refuses base64 that is none, and encodings that nobody here reads', async () => {
    const part = (encoding: string, content: string) =>
      Buffer.from(
        `--b\n\n<a/>\n--b\n\n<b/>\n--b\nContent-Transfer-Encoding: ${encoding}\n\n${content}\n--b--\n`,
      );
    const type = 'multipart/related; boundary=b';
    for (const bad of ['QUJ', 'QU*D', 'QQ=DQUJD', 'Q===', '====', 'QQ==QQ=='])
      await assert.rejects(read(part('base64', bad), type), refused('base64'), bad);
    await assert.rejects(read(part('x-uuencode', 'QUJD'), type), refused('encoding'));
    const { attachments } = await read(part('Base64', ' QU\r\n\tJD\n'), type);
    assert.equal(attachments[0]?.content.toString(), 'ABC');
  });

  it('keeps to its limits of parts, heads and bytes', async () => {
    const type = 'multipart/related; boundary=b';
    const many = (count: number) => Buffer.from(`${'--b\n\nx\n'.repeat(count)}--b--\n`);
    assert.equal((await read(many(100), type)).attachments.length, 98);
    await assert.rejects(read(many(101), type), refused('parts'));
    const head = (length: number) => Buffer.from(`--b\nX: ${'y'.repeat(length)}\n\nx\n--b--\n`);
    await assert.rejects(read(head(20_000), type), refused('head'));
    await assert.rejects(
      read(request, requestType, { limits: { ...usualMultipartLimits, total: 1000 } }),
      refused('size'),
    );
    const long = Buffer.from(`--b\n\n${'z'.repeat(200_000)}\n--b--\n`);
    await assert.rejects(read(long, type), refused('part'));
    await assert.rejects(
      read(Buffer.from(`<a>${'z'.repeat(200_000)}`), 'text/xml'),
      refused('part'),
    );
  });

  it('tells the fault of the message, not what a sink makes of it, and reads on behind a lazy sink', async () => {
    const type = 'multipart/related; boundary=b';
    const bytes = Buffer.from(
      '--b\n\n<a/>\n--b\n\n<b/>\n--b\nContent-Transfer-Encoding: base64\n\n????\n--b\n\nx\n--b--',
    );
    const message = openMessage(chunks(bytes), type);
    await message.first();
    await assert.rejects(
      message.attachments(async (_head, content) => {
        await bytesOf(content).catch(() => {
          throw new TypeError('the sink gave up');
        });
      }),
      refused('base64'),
    );
    const lazy = openMessage(chunks(forward), forwardType);
    await lazy.first();
    assert.deepEqual(await lazy.attachments(({ contentId }) => Promise.resolve(contentId)), [
      'Attachment1@gp.test',
      'Attachment2@gp.test',
    ]);
    const failing = openMessage(chunks(forward), forwardType);
    await failing.first();
    await assert.rejects(
      failing.attachments(() => Promise.reject(new Error('disk full'))),
      /disk full/,
    );
  });

  it('refuses or reads whatever it gets, and throws nothing else', async () => {
    const bytes = fc.tuple(fc.nat(forward.length), fc.nat(forward.length), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 6 }), fc.nat(2000), async (edits, cut) => {
        const hostile = Buffer.from(forward.subarray(0, forward.length - (cut % 2) * cut));
        for (const [at, from, value] of edits) {
          hostile[at % hostile.length] = value;
          hostile.copy(hostile, at % hostile.length, from % hostile.length, from + 30);
        }
        try {
          await read(hostile, forwardType, { size: 1 + (cut % 90) });
        } catch (error) {
          assert.ok(error instanceof Problem && error.status === 500, String(error));
        }
      }),
      { numRuns: 200, seed: 66 },
    );
  });

  it('leaves the connection of a refused message open for the answer', async () => {
    for (const [type, bytes] of [
      ['multipart/related; boundary=other', request],
      ['text/xml', Buffer.from(`<a>${'z'.repeat(200_000)}`)],
    ] as const) {
      const body = Readable.from(chunks(bytes, 60_000), { objectMode: false });
      const limits = { ...usualMultipartLimits, total: 1500 };
      await assert.rejects(openMessage(body, type, limits).first(), Problem);
      assert.equal(body.destroyed && !body.readableEnded, false);
      await bytesOf(body);
    }
  });

  it('streams five megabytes of attachments in little memory', async () => {
    const lines = Buffer.from(`${'QUJD'.repeat(19)}\r\n`.repeat(800));
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.from('--b\r\n\r\n<a/>\r\n--b\r\n\r\n<b/>\r\n');
      for (let part = 0; part < 4; part++) {
        yield Buffer.from('--b\r\nContent-Transfer-Encoding: base64\r\n\r\n');
        for (let at = 0; at < 16_000; at += 800) yield await Promise.resolve(Buffer.from(lines));
      }
      yield Buffer.from('--b--\r\n');
    }
    let most = 0;
    const before = process.memoryUsage();
    const message = openMessage(body(), 'multipart/related; boundary=b');
    await message.first();
    const sizes = await message.attachments(async (_head, content) => {
      let size = 0;
      for await (const piece of content) {
        size += (piece as Buffer).length;
        const now = process.memoryUsage();
        most = Math.max(most, now.arrayBuffers + now.heapUsed);
      }
      return size;
    });
    assert.deepEqual(sizes, Array(4).fill(16_000 * 57));
    const extra = (most - before.arrayBuffers - before.heapUsed) / 1024 / 1024;
    assert.ok(extra < 30, `${extra} MB`);
  });
});
