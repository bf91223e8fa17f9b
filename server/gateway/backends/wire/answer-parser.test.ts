import assert from 'node:assert/strict';
import { AnswerParser } from './answer-parser.ts';
import { WireFault } from './wire.ts';

interface Heard {
  status: number;
  raw: readonly string[];
  body: string;
  ended: boolean;
  keep: boolean;
}

/** What is heard of the bytes, given in pieces. */
function hear(pieces: readonly Buffer[], { bodyless = false, closes = false } = {}): Heard {
  const heard: Heard = { status: 0, raw: [], body: '', ended: false, keep: true };
  const parser = new AnswerParser({
    head(status, raw) {
      heard.status = status;
      heard.raw = raw;
    },
    data(chunk) {
      heard.body += chunk.toString('latin1');
    },
    end() {
      heard.ended = true;
      heard.keep = parser.keep;
    },
  });
  parser.begin(bodyless);
  for (const piece of pieces) parser.push(piece);
  if (closes) parser.close();
  return heard;
}

const bytes = (text: string) => Buffer.from(text, 'latin1');
const ok = 'HTTP/1.1 200 OK\r\n';

describe('an answer that comes in pieces', () => {
  const answers: Record<string, { text: string; body: string; keep?: boolean; closes?: boolean }> =
    {
      'with a length': { text: `${ok}Content-Length: 5\r\nX-A:  b \r\n\r\nhello`, body: 'hello' },
      'with an empty body': { text: `${ok}content-length: 0\r\n\r\n`, body: '' },
      'in chunks': {
        text: `${ok}transfer-encoding: Chunked\r\n\r\n5\r\nhello\r\n1;a="b"\r\n \r\n005 \r\nworld\r\n0\r\n\r\n`,
        body: 'hello world',
      },
      'with trailers': {
        text: `${ok}transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: 1\r\nx-b:\r\n\r\n`,
        body: 'a',
      },
      'after hints': {
        text: `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${ok}content-length: 1\r\n\r\na`,
        body: 'a',
      },
      'to the end of the connection': {
        ...{ text: `${ok}x: y\r\n\r\nall there is`, body: 'all there is' },
        ...{ keep: false, closes: true },
      },
      'of HTTP/1.0': {
        text: 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nab',
        ...{ body: 'ab', keep: false },
      },
      'of HTTP/1.0 that is kept': {
        text: 'HTTP/1.0 200\r\nconnection: Keep-Alive\r\ncontent-length: 2\r\n\r\nab',
        body: 'ab',
      },
      'before the connection closes': {
        text: `${ok}connection: x, Close\r\ncontent-length: 2\r\n\r\nab`,
        ...{ body: 'ab', keep: false },
      },
      'without a body': {
        text: 'HTTP/1.1 204 No Content\r\ncontent-length: 7\r\n\r\n',
        ...{ body: '', keep: false },
      },
    };
  for (const [name, { text, body, keep = true, closes = false }] of Object.entries(answers))
    it(`${name} is the same however it is cut`, () => {
      const whole = bytes(text);
      const wanted = hear([whole], { closes });
      assert.equal(wanted.body, body);
      assert.equal(wanted.ended, true);
      assert.equal(wanted.keep, keep);
      for (let cut = 1; cut < whole.length; cut++)
        assert.deepEqual(
          hear([whole.subarray(0, cut), whole.subarray(cut)], { closes }),
          wanted,
          `cut at ${cut}`,
        );
      const each = Array.from(whole, (_, i) => whole.subarray(i, i + 1));
      assert.deepEqual(hear(each, { closes }), wanted);
    });

  it('keeps spelling, order, repetition and bytes of its fields', () => {
    const { raw } = hear([
      bytes(`${ok}Set-Cookie: a=1\r\nX-Caf\xe9: no\r\n\r\n`.replace('X-Caf\xe9', 'X-Cafe')),
      bytes(''),
    ]);
    assert.deepEqual(raw, ['Set-Cookie', 'a=1', 'X-Cafe', 'no']);
    const again = hear([
      bytes(`${ok}set-cookie: a\r\nSet-Cookie:b \xe9\xa0\r\nContent-Length: 0\r\n\r\n`),
    ]);
    assert.deepEqual(again.raw, [
      ...['set-cookie', 'a', 'Set-Cookie', 'b \xe9\xa0', 'Content-Length', '0'],
    ]);
  });

  it('has no body for HEAD, whatever its length says', () => {
    const heard = hear([bytes(`${ok}content-length: 500\r\n\r\n`)], { bodyless: true });
    assert.deepEqual([heard.ended, heard.body], [true, '']);
  });

  it('leaves no connection to others whose body may come after it: to HEAD, of a 204 with a length', () => {
    const head = hear([bytes(`${ok}content-length: 500\r\n\r\n`)], { bodyless: true });
    assert.deepEqual([head.ended, head.keep], [true, false]);
    for (const field of ['content-length: 5', 'transfer-encoding: chunked']) {
      const empty = hear([bytes(`HTTP/1.1 204 No Content\r\n${field}\r\n\r\n`)]);
      assert.deepEqual([empty.ended, empty.keep], [true, false], field);
    }
    assert.equal(hear([bytes('HTTP/1.1 204 No Content\r\n\r\n')]).keep, true);
    assert.equal(
      hear([bytes('HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n')]).keep,
      true,
    );
  });

  it('is no longer trusted with another request when more comes than was asked for', () => {
    const heard = hear([bytes(`${ok}content-length: 1\r\n\r\na${ok}content-length: 1\r\n\r\nb`)]);
    assert.deepEqual([heard.body, heard.ended, heard.keep], ['a', true, false]);
  });

  it('says how long the connection is kept', () => {
    const parser = new AnswerParser({
      head: () => undefined,
      data: () => undefined,
      end: () => undefined,
    });
    parser.begin(false);
    parser.push(bytes(`${ok}keep-alive: max=100, timeout=7\r\ncontent-length: 0\r\n\r\n`));
    assert.equal(parser.keptFor, 7);
  });

  it('is not whole when the connection ends before it', () => {
    for (const text of [
      ok,
      `${ok}content-length: 3\r\n\r\nab`,
      `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhel`,
      `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`,
      `${ok}transfer-encoding: chunked\r\n\r\n0\r\n`,
    ])
      assert.equal(hear([bytes(text)], { closes: true }).ended, false, text);
  });
});

describe('an answer that two readers could understand differently', () => {
  const faults: Record<string, string> = {
    'no HTTP': 'SSH-2.0-OpenSSH_9.6\r\n\r\n',
    'another version': 'HTTP/2.0 200 OK\r\n\r\n',
    'no status': 'HTTP/1.1 OK\r\n\r\n',
    'a status beyond HTTP': 'HTTP/1.1 999 OK\r\n\r\n',
    'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
    'a change of protocol': 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'a lone line feed': `HTTP/1.1 200 OK\nx: y\r\n\r\n`,
    'a lone carriage return': `${ok}x: y\rz: a\r\n\r\n`,
    'a folded field': `${ok}x: y\r\n z\r\n\r\n`,
    'a blank before the colon': `${ok}content-length : 1\r\n\r\na`,
    'a field without a name': `${ok}: y\r\n\r\n`,
    'a field without a colon': `${ok}xy\r\n\r\n`,
    'a NUL': `${ok}x: a\0b\r\n\r\n`,
    'two lengths': `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\na`,
    'the same length twice': `${ok}content-length: 1\r\ncontent-length: 1\r\n\r\na`,
    'a list of lengths': `${ok}content-length: 1, 1\r\n\r\na`,
    'a length with a sign': `${ok}content-length: +1\r\n\r\na`,
    'a length in hex': `${ok}content-length: 0x1\r\n\r\na`,
    'length and chunks': `${ok}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\na`,
    'chunks of HTTP/1.0': `HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    'another coding': `${ok}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    'a coding twice': `${ok}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    'a coding with a mark': `${ok}transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
    'a chunk without a length': `${ok}transfer-encoding: chunked\r\n\r\n\r\n`,
    'a chunk with a sign': `${ok}transfer-encoding: chunked\r\n\r\n-1\r\n`,
    'a chunk longer than any': `${ok}transfer-encoding: chunked\r\n\r\nfffffffffffff\r\n`,
    'a chunk longer than it said': `${ok}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n`,
    'a chunk that ends in half': `${ok}transfer-encoding: chunked\r\n\r\n1\r\na\rb`,
    'a chunk line without end': `${ok}transfer-encoding: chunked\r\n\r\n1;${'a'.repeat(1100)}`,
    'a trailer that is none': `${ok}transfer-encoding: chunked\r\n\r\n0\r\n a\r\n\r\n`,
    'trailers without end': `${ok}transfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(3000)}`,
    'a head without end': `${ok}${'x: y\r\n'.repeat(7000)}`,
    'a field without end': `${ok}x: ${'y'.repeat(40_000)}`,
  };
  for (const [name, text] of Object.entries(faults))
    it(`is refused: ${name}`, () => {
      const unsound = (error: unknown) => error instanceof WireFault && error.code === 'unsound';
      assert.throws(() => hear([bytes(text)]), unsound);
      const each = Array.from(bytes(text), (byte) => Buffer.from([byte]));
      assert.throws(() => hear(each), unsound, 'byte by byte');
    });
});
