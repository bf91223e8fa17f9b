import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import { createFraming } from './ber-framing.ts';
import { BerWriter } from './ber-write.ts';
import { BerReader, tags } from './ber.ts';
import { readFilter } from './ldap-filter.ts';
import { LdapRefusal } from './ldap-codes.ts';
import * as read from './ldap-message.ts';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const reader = (hex: string) => new BerReader(bytes(hex));
const refusal = (error: unknown) => error instanceof Problem && error.kind === 'invalid';

/** Numbers from 0 up to below 1, the same for a seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function search(filter: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter();
  writer.within(tags.sequence, () => {
    writer.integer(7);
    writer.within(read.requests.search, () => {
      writer.text('ou=services,o=nhs').integer(2, tags.enumerated).integer(0, tags.enumerated);
      writer.integer(0).integer(3).boolean(false);
      filter(writer);
      writer.within(tags.sequence, () => {
        writer.text('uniqueIdentifier').text('nhsMHSPartyKey');
      });
    });
    writer.within(0xa0, () => {
      writer.within(tags.sequence, () => {
        writer.text('1.2.840.113556.1.4.319').boolean(true).octets(bytes('30050201640400'));
      });
    });
  });
  return writer.bytes();
}

const equality = (writer: BerWriter) => {
  writer.within(0xa3, () => {
    writer.text('nhsIDCode').text('YES');
  });
};

describe('BER', () => {
  it('reads back every whole number and string that it writes, with the shortest lengths', () => {
    for (const value of [0, 1, 127, 128, 255, 256, 32767, 32768, 2 ** 31 - 1, -1, -129, -(2 ** 31)])
      assert.equal(new BerReader(new BerWriter().integer(value).bytes()).integer(), value);
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 70_000]) {
      const text = 'ä'.repeat(length / 2) + 'a'.repeat(length % 2);
      const written = new BerWriter().within(tags.sequence, () => undefined);
      written.within(tags.set, () => written.text(text));
      const back = new BerReader(written.bytes());
      back.within(tags.sequence).finish();
      assert.equal(back.within(tags.set).text(), text);
    }
    assert.equal(new BerWriter().text('a'.repeat(127)).bytes().length, 129);
    assert.equal(new BerWriter().text('a'.repeat(128)).bytes().length, 131);
  });

  it('takes lengths with leading zeros, as Windows sends them', () => {
    assert.equal(reader('30 84 00 00 00 03 02 01 05').within(tags.sequence).integer(), 5);
  });

  const malformed: readonly [string, string, (from: BerReader) => unknown][] = [
    ['an element that is not there', '', (from) => from.integer()],
    ['a tag without a length', '02', (from) => from.integer()],
    ['another type', '04 01 05', (from) => from.integer()],
    ['an indefinite length', '30 80 02 01 05 00 00', (from) => from.within(tags.sequence)],
    ['a length of five bytes', '30 85 00 00 00 00 03 02 01 05', (from) => from.within(0x30)],
    ['a length cut short', '30 82 01', (from) => from.within(tags.sequence)],
    ['a length of 4 GiB', '04 84 ff ff ff ff 00', (from) => from.text()],
    ['contents cut short', '04 05 61 62', (from) => from.text()],
    ['an element longer than its list', '30 03 04 05 61 62 63', (from) => from.within(0x30).text()],
    ['a number of no bytes', '02 00', (from) => from.integer()],
    ['a number of five bytes', '02 05 00 00 00 00 01', (from) => from.integer()],
    ['a truth value of two bytes', '01 02 ff ff', (from) => from.boolean()],
    ['the reserved length', '04 ff 00', (from) => from.octets()],
  ];
  for (const [what, hex, take] of malformed)
    it(`refuses ${what}`, () => {
      assert.throws(() => take(reader(hex)), refusal);
    });

  it('finds the messages of a stream wherever it is cut, and goes back to the socket for more', () => {
    const messages = [search(equality), bytes('3005020102 4200'), search(equality)];
    const stream = Buffer.concat(messages);
    for (let cut = 0; cut <= stream.length; cut++) {
      const framing = createFraming(1024);
      const found: Buffer[] = [];
      for (const piece of [stream.subarray(0, cut), stream.subarray(cut)]) {
        framing.push(piece);
        for (let next = framing.next(); next; next = framing.next()) found.push(Buffer.from(next));
      }
      assert.deepEqual(found, messages);
      assert.equal(framing.partial, false);
    }
  });

  it('puts a message together that comes byte by byte', () => {
    const framing = createFraming(64 * 1024);
    const large = new BerWriter().text('a'.repeat(60_000), tags.sequence).bytes();
    let whole: Buffer | undefined;
    for (const byte of large) {
      framing.push(Buffer.of(byte));
      whole ??= framing.next();
    }
    assert.deepEqual(whole, large);
  });

  it('refuses a message as soon as its length is too great, and what is no message', () => {
    const framing = createFraming(64 * 1024);
    framing.push(bytes('30 83 01 00 00'));
    assert.throws(() => framing.next(), refusal);
    const http = createFraming(64 * 1024);
    http.push(Buffer.from('GET / HTTP/1.1\r\n'));
    assert.throws(() => http.next(), refusal);
  });
});

describe('LDAP messages', () => {
  it('are read with their controls', () => {
    const { id, kind, operation, controls } = read.readEnvelope(search(equality));
    assert.deepEqual([id, kind], [7, 'search']);
    assert.deepEqual(read.readSearch(operation), {
      ...{ base: 'ou=services,o=nhs', scope: 'sub', sizeLimit: 0, timeLimit: 3, typesOnly: false },
      filter: { kind: 'equal', attribute: 'nhsIDCode', value: 'YES' },
      attributes: ['uniqueIdentifier', 'nhsMHSPartyKey'],
    });
    assert.deepEqual(
      controls.map(({ type, critical }) => [type, critical]),
      [['1.2.840.113556.1.4.319', true]],
    );
  });

  it('are refused when a filter is nested 33 deep or has more than 1,000 parts', () => {
    const nested = (writer: BerWriter, depth: number) => {
      if (depth === 1) equality(writer);
      else
        writer.within(0xa2, () => {
          nested(writer, depth - 1);
        });
    };
    const written = (fill: (writer: BerWriter) => void) => {
      const writer = new BerWriter();
      fill(writer);
      return new BerReader(writer.bytes());
    };
    const isLimit = (error: unknown) =>
      error instanceof LdapRefusal && error.outcome.code === 'adminLimitExceeded';
    assert.equal(
      readFilter(
        written((writer) => {
          nested(writer, 32);
        }),
      ).kind,
      'not',
    );
    assert.throws(
      () =>
        readFilter(
          written((writer) => {
            nested(writer, 33);
          }),
        ),
      isLimit,
    );
    const wide = (parts: number) =>
      written((writer) => {
        writer.within(0xa1, () => {
          for (let i = 0; i < parts; i++) equality(writer);
        });
      });
    assert.equal(readFilter(wide(999)).kind, 'or');
    assert.throws(() => readFilter(wide(1000)), isLimit);
    const pieces = written((writer) => {
      writer.within(0xa4, () => {
        writer.text('o').within(tags.sequence, () => {
          for (let i = 0; i < 1000; i++) writer.text('a', 0x81);
        });
      });
    });
    assert.throws(() => readFilter(pieces), isLimit);
  });

  it('read every kind of filter', () => {
    const kinds: readonly [string, object][] = [
      ['a5 06 0401 61 0401 62', { kind: 'greaterOrEqual', attribute: 'a', value: 'b' }],
      ['a6 06 0401 61 0401 62', { kind: 'lessOrEqual', attribute: 'a', value: 'b' }],
      ['a8 06 0401 61 0401 62', { kind: 'approx', attribute: 'a', value: 'b' }],
      ['87 01 61', { kind: 'present', attribute: 'a' }],
      ['a0 00', { kind: 'and', filters: [] }],
      ['a1 00', { kind: 'or', filters: [] }],
      ['a2 03 87 01 61', { kind: 'not', filter: { kind: 'present', attribute: 'a' } }],
      [
        'a4 0e 0401 61 3009 800178 810179 82017a',
        { kind: 'substring', attribute: 'a', initial: 'x', any: ['y'], final: 'z' },
      ],
      [
        'a9 0c 810172 820161 830176 8401ff',
        { kind: 'extensible', rule: 'r', attribute: 'a', value: 'v', dnAttributes: true },
      ],
    ];
    for (const [hex, filter] of kinds) assert.deepEqual(readFilter(reader(hex)), filter, hex);
    for (const hex of [
      '',
      '8f00',
      'a200',
      'a4050401613000',
      'a408040161 3003 830178',
      'a903830176',
    ])
      assert.throws(() => readFilter(reader(hex)), refusal, hex);
  });

  it('changed at random are read or refused, and never anything else', () => {
    const seed = 20_260_101;
    const random = randomOf(seed);
    const whole = [
      search(equality),
      bytes('300c020101 6007 020103 0400 8000'),
      bytes(
        '3023020103 661e 0409 6f753d782c6f3d6e 6873 3010300e 0a0102 3009 0401 61 3104 04026262',
      ),
    ];
    for (let turn = 0; turn < 20_000; turn++) {
      const changed = Buffer.from(whole[Math.floor(random() * whole.length)] ?? '');
      for (let i = 0; i <= random() * 4; i++)
        changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
      const cut = random() < 0.2 ? changed.subarray(0, random() * changed.length) : changed;
      try {
        readWhole(cut);
      } catch (error) {
        const known = refusal(error) || error instanceof LdapRefusal;
        assert.ok(known, `seed ${seed}, turn ${turn}: ${cut.toString('hex')}: ${String(error)}`);
      }
    }
  });
});

function readWhole(message: Buffer): unknown {
  const framing = createFraming(read.longestMessage);
  framing.push(message);
  const next = framing.next();
  if (next === undefined) return undefined;
  const { kind, operation } = read.readEnvelope(next);
  const readers = {
    ...{ bind: read.readBind, search: read.readSearch, modify: read.readModify },
    ...{ add: read.readAdd, delete: read.readDelete, compare: read.readCompare },
    ...{ abandon: read.readAbandon, extended: read.readExtended },
    ...{ unbind: () => undefined, modifyDn: (from: BerReader) => from.text() },
  };
  return readers[kind](operation);
}
