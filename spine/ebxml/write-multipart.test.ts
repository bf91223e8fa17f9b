import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { contentIdOf, mediaTypeOf } from './content-type.ts';
import { openMessage } from './multipart.ts';
import { decoded, encoded, encodedLength } from './transfer-encoding.ts';
import { envelopePart, payloadPart, writeMultipart, type OutgoingPart } from './write-multipart.ts';

async function bytesOf(content: AsyncIterable<unknown> | Buffer): Promise<Buffer> {
  if (Buffer.isBuffer(content)) return content;
  const all: Buffer[] = [];
  for await (const piece of content) all.push(piece as Buffer);
  return Buffer.concat(all);
}

const bytes = Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * 7) % 256));

function attachment(
  content: OutgoingPart['content'],
  encoding: OutgoingPart['encoding'],
): OutgoingPart {
  return { contentId: 'a@b', contentType: 'image/png', encoding, size: bytes.length, content };
}

describe('written multipart messages', () => {
  it('are bytes of the announced length, and the same each time', async () => {
    const parts = [envelopePart('<a/>'), payloadPart('<b>é</b>', 'M1')];
    const written = writeMultipart(parts);
    assert.ok(Buffer.isBuffer(written.body));
    assert.equal(written.body.length, written.contentLength);
    assert.deepEqual(writeMultipart(parts), written);
    assert.equal(
      written.contentType,
      'multipart/related; boundary="--=_MIME-Boundary"; type=text/xml; start=ebXMLHeader@spine.nhs.uk',
    );
    const read = await openMessage(Readable.from([written.body]), written.contentType).first();
    assert.equal(read.envelope.content.toString(), '<a/>');
    assert.equal(read.payload?.contentId, 'M1@spine.nhs.uk');
    assert.equal(read.payload.content.toString(), '<b>é</b>');
  });

  it('stream attachments, and announce their length beforehand', async () => {
    const open = () => Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]);
    const parts = [
      ...[envelopePart('<a/>'), payloadPart('<b/>', 'M1')],
      ...[attachment(open, 'base64'), attachment(bytes, 'base64'), attachment(open, 'binary')],
    ];
    const { body, contentType, contentLength } = writeMultipart(parts, 'b-2f1d');
    const all = await bytesOf(body);
    assert.equal(all.length, contentLength);
    const message = openMessage(Readable.from([all]), contentType);
    await message.first();
    const read = await message.attachments(async (head, content) => {
      assert.deepEqual([head.contentId, head.contentType], ['a@b', 'image/png']);
      return bytesOf(content);
    });
    assert.deepEqual(read, [bytes, bytes, bytes]);
  });

  it('never hold their boundary in a part', () => {
    const evil = Buffer.from('\n----=_MIME-Boundary\n\n<injected/>');
    assert.throws(() => writeMultipart([attachment(evil, '8bit')]), TypeError);
    assert.throws(
      () => writeMultipart([attachment(() => Readable.from([evil]), '8bit')]),
      TypeError,
    );
    assert.doesNotThrow(() => writeMultipart([attachment(evil, 'base64')]));
  });

  it('fail on the way when a part is not as long as was said', async () => {
    const { body } = writeMultipart([
      attachment(() => Readable.from([bytes.subarray(1)]), 'base64'),
    ]);
    await assert.rejects(bytesOf(body), TypeError);
  });

  it('write nothing of a head that would end it', () => {
    const part = { ...attachment(Buffer.alloc(0), '8bit'), size: 0 };
    const { body } = writeMultipart([{ ...part, contentId: 'a>\r\nX: y', contentType: 'a\n\nb' }]);
    assert.ok(Buffer.isBuffer(body));
    assert.match(body.toString(), /Content-Id: <aX: y>\r\nContent-Type: ab\r\n/);
  });
});

describe('transfer encodings', () => {
  it('give back what went in, however it is cut, in a length that is known', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.integer({ min: 1, max: 100 }),
        async (array, size) => {
          const content = Buffer.from(array);
          const pieces = (of: Buffer) => {
            const all: Buffer[] = [];
            for (let at = 0; at < of.length; at += size) all.push(of.subarray(at, at + size));
            return all;
          };
          const text = await bytesOf(encoded(pieces(content), 'base64'));
          assert.equal(text.length, encodedLength(content.length, 'base64'));
          assert.ok(
            text
              .toString()
              .split('\r\n')
              .every((line) => line.length <= 76),
          );
          assert.deepEqual(await bytesOf(decoded(Readable.from(pieces(text)), 'base64')), content);
        },
      ),
      { numRuns: 60, seed: 6 },
    );
  });
});

describe('media types and content ids', () => {
  it('are read with any spelling of their parameters', () => {
    const { type, parameters } = mediaTypeOf(
      'Multipart/Related ; a="x\\"y;z" ; B = c=d_e;lonely; a=again;=;f=""',
    );
    assert.equal(type, 'multipart/related');
    assert.deepEqual(Object.fromEntries(parameters), { a: 'x"y;z', b: 'c=d_e', f: '' });
    assert.equal(mediaTypeOf('').type, '');
    assert.equal(mediaTypeOf(`a/b; c="${'x'.repeat(9000)}`).type, 'a/b');
  });

  it('name one part in three spellings', () => {
    for (const text of ['<a@b/c>', 'a@b/c', 'cid:a%40b%2Fc', ' CID:a@b/c '])
      assert.equal(contentIdOf(text), 'a@b/c');
    assert.equal(contentIdOf('cid:100%'), '100%');
  });
});
