/** LDAP callers that send what is no LDAP, too much of it, too slowly, or do not listen: nobody else notices. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Directory } from '../spine/sds/directory.ts';
import { tags } from '../spine/sds/ber.ts';
import { BerWriter } from '../spine/sds/ber-write.ts';
import {
  ldapGround,
  message,
  rawClient,
  searchMessage,
  services,
  type LdapGround,
  type RawAnswer,
  type RawClient,
} from './ldap-ground.ts';

const entryTag = 0x64;
const doneTag = 0x65;
const extendedTag = 0x78;

const anything = (writer: BerWriter) => writer.text('objectClass', 0x87);
const many = Array.from({ length: 17 }, () => ({ type: '1.2.3', value: Buffer.alloc(0) }));

const only = (id: string) => (writer: BerWriter) => {
  writer.within(0xa3, () => {
    writer.text('uniqueIdentifier').text(id);
  });
};

/** The result of a message, past its entries. */
async function resultOf(client: RawClient): Promise<RawAnswer | undefined> {
  for (;;) {
    const answer = await client.next();
    if (answer?.tag !== entryTag) return answer;
  }
}

/** That the server answers somebody else. */
async function serves(port: number): Promise<void> {
  const client = await rawClient(port);
  client.send(searchMessage(1, only('928942012545')));
  assert.equal((await client.next())?.tag, entryTag);
  assert.equal((await client.next())?.code, 'success');
  client.socket.destroy();
}

/** A directory whose search has no end, and which counts what was taken of it. */
function counting(produced: { entries: number; ended: number }) {
  return (directory: Directory): Directory => {
    const around: Directory = {
      ...directory,
      in: () => around,
      async *search({ goOn, base, scope, filter }) {
        if (filter.kind !== 'present') {
          yield* directory.search({ base, scope, filter });
          return;
        }
        try {
          for (;;) {
            goOn?.();
            produced.entries++;
            yield { dn: services, attributes: { ou: ['x'.repeat(1_000)] } };
            await new Promise(setImmediate);
          }
        } finally {
          produced.ended++;
        }
      },
    };
    return around;
  };
}

async function until(holds: () => boolean, patience = 20_000): Promise<void> {
  const last = performance.now() + patience;
  while (!holds()) {
    assert.ok(performance.now() < last, 'it did not come to hold in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('LDAP from hostile callers', () => {
  let ground: LdapGround;
  const produced = { entries: 0, ended: 0 };
  const limits = { unread: 300, inFlight: 3 };

  before(async () => {
    ground = await ldapGround({ limits, around: counting(produced) });
  });

  beforeEach(() => {
    produced.entries = 0;
    produced.ended = 0;
  });

  after(() => ground.end());

  it('is answered alike wherever a message is cut', async () => {
    const asked = searchMessage(7, only('928942012545'), ['nhsIDCode']);
    const client = await rawClient(ground.port);
    let first: RawAnswer | undefined;
    for (let cut = 1; cut < asked.length; cut += 3) {
      client.send(asked.subarray(0, cut));
      await new Promise(setImmediate);
      client.send(asked.subarray(cut));
      const entry = await client.next();
      first ??= entry;
      assert.deepEqual(entry, first);
      assert.equal((await client.next())?.code, 'success');
    }
    client.socket.destroy();
  });

  const unreadable: readonly [string, Buffer | string][] = [
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
    ['a TLS handshake', '16 03 01 00 05 01 00 00 01 00'],
    ['an indefinite length', '30 80 02 01 01 42 00 00 00'],
    ['a length of five bytes', '30 85 00 00 00 00 05 02 01 01 42 00'],
    ['a message of 16 MiB', '30 83 ff ff ff 02 01 01'],
    ['a message of 4 GiB', '30 84 ff ff ff ff 02 01 01'],
    ['an empty message', '30 00'],
    ['message number 0', '30 05 02 01 00 42 00'],
    ['a negative message number', '30 05 02 01 ff 42 00'],
    ['an answer for a request', '30 0c 02 01 01 61 07 0a 01 00 04 00 04 00'],
    ['an operation longer than its message', '30 06 02 01 01 60 7f 00'],
    ['too many controls', searchMessage(1, anything, [], { controls: many })],
  ];
  for (const [what, bytes] of unreadable)
    it(`is told and cut off after ${what}`, async () => {
      const client = await rawClient(ground.port);
      client.send(bytes);
      const answer = await client.next();
      assert.equal(answer?.tag, extendedTag);
      assert.deepEqual([answer.id, answer.code], [0, 'protocolError']);
      assert.ok(answer.bytes.includes('1.3.6.1.4.1.1466.20036'));
      await client.closed;
      await serves(ground.port);
    });

  const malformed: readonly [string, Buffer | string, number][] = [
    ['a bind without a method', '30 0a 02 01 01 60 05 02 01 03 04 00', 0x61],
    ['a search cut short', '30 0a 02 01 01 63 05 04 03 6f 3d 78', doneTag],
    ['a search of a fifth scope', searchMessage(1, anything, [], { scope: 5 }), doneTag],
    ['a search with a negative limit', searchMessage(1, anything, [], { limit: -1 }), doneTag],
    ['no filter', searchMessage(1, () => undefined), doneTag],
    ['an unknown filter', searchMessage(1, (writer) => writer.text('x', 0xaf)), doneTag],
    ['an add of no values', addOfNothing(), 0x69],
  ];
  for (const [what, bytes, tag] of malformed)
    it(`is told of ${what}, and may go on`, async () => {
      const client = await rawClient(ground.port);
      client.send(bytes);
      const answer = await client.next();
      assert.deepEqual([answer?.id, answer?.tag, answer?.code], [1, tag, 'protocolError']);
      client.send(searchMessage(2, only('928942012545')));
      assert.equal((await resultOf(client))?.code, 'success');
      client.socket.destroy();
    });

  it('is refused when a filter is deeper or larger than any needs to be', async () => {
    const client = await rawClient(ground.port);
    for (const depth of [32, 1_000, 10_000]) {
      let filter = new BerWriter().octets(Buffer.from('objectClass'), 0x87).bytes();
      for (let i = 1; i < depth; i++)
        filter = new BerWriter(filter.length + 8).octets(filter, 0xa2).bytes();
      client.send(searchMessage(1, (writer) => writer.octets(filter, 0xa2)));
      assert.equal((await client.next())?.code, 'adminLimitExceeded');
    }
    client.send(
      searchMessage(1, (writer) => {
        writer.within(0xa1, () => {
          for (let i = 0; i < 1_500; i++) only(String(i))(writer);
        });
      }),
    );
    assert.equal((await client.next())?.code, 'adminLimitExceeded');
    client.socket.destroy();
  });

  it('does not hold the others up with filters that cost much', async () => {
    const client = await rawClient(ground.port);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    client.send(
      searchMessage(1, (writer) => {
        writer.within(0xa1, () => {
          for (let i = 0; i < 490; i++)
            writer.within(0xa2, () => {
              writer.within(0xa4, () => {
                writer.text('nhsAsSvcIA').within(tags.sequence, () => {
                  writer.text(`n${i}`, 0x81);
                });
              });
            });
        });
      }),
    );
    await resultOf(client);
    delay.disable();
    assert.ok(delay.max < 1_000e6, `the loop stood still for ${Math.round(delay.max / 1e6)} ms`);
    client.socket.destroy();
  });

  it('changed at random never stops the server', async () => {
    const seed = 20_260_102;
    let state = seed;
    const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    const whole = [searchMessage(5, only('928942012545'), ['*']), addOfNothing()];
    const senders = Array.from({ length: 200 }, async () => {
      const changed = Buffer.from(whole[Math.floor(random() * whole.length)] ?? '');
      for (let i = 0; i <= random() * 3; i++)
        changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
      const client = await rawClient(ground.port);
      client.send(changed);
      client.socket.end();
      await client.closed;
    });
    await Promise.all(senders);
    await serves(ground.port);
  });

  it('is not searched for any further while it does not read, and cut off in the end', async () => {
    const client = await rawClient(ground.port);
    client.socket.pause();
    client.send(searchMessage(1));
    await until(() => produced.ended === 1);
    // What the system's own buffers take, and a piece or two.
    assert.ok(produced.entries < 20_000, `${produced.entries} entries were made`);
    client.socket.destroy();
    await serves(ground.port);
  });

  it('is not searched for any further when it has gone, has abandoned the search or has unbound', async () => {
    for (const leave of [
      (client: RawClient) => {
        client.socket.destroy();
      },
      (client: RawClient) => {
        client.send('30 05 02 01 02 42 00');
      },
      (client: RawClient) => {
        client.send('30 06 02 01 02 50 01 01');
      },
    ]) {
      produced.ended = 0;
      const client = await rawClient(ground.port);
      client.send(searchMessage(1));
      assert.equal((await client.next())?.tag, entryTag);
      leave(client);
      await until(() => produced.ended === 1);
      client.socket.destroy();
    }
  });

  it('has its next request answered after an abandoned one, which is not answered', async () => {
    const client = await rawClient(ground.port);
    client.send(searchMessage(1));
    client.send('30 06 02 01 02 50 01 01');
    client.send(searchMessage(3, only('928942012545')));
    const last = await resultOf(client);
    assert.deepEqual([last?.id, last?.code], [3, 'success']);
    client.socket.destroy();
  });

  it('has all its requests answered, however many it sends at once', async () => {
    const client = await rawClient(ground.port);
    const ids = Array.from({ length: 60 }, (_, i) => i + 1);
    client.send(Buffer.concat(ids.map((id) => searchMessage(id, only('928942012545')))));
    const answered: number[] = [];
    while (answered.length < ids.length) answered.push((await resultOf(client))?.id ?? 0);
    assert.deepEqual(
      answered.sort((a, b) => a - b),
      ids,
    );
    client.socket.destroy();
  });

  it('is answered all it asked when it ends its half after that', async () => {
    const client = await rawClient(ground.port);
    const ids = Array.from({ length: 20 }, (_, i) => i + 1);
    client.socket.end(Buffer.concat(ids.map((id) => searchMessage(id, only('928942012545')))));
    const answered: number[] = [];
    while (answered.length < ids.length) answered.push((await resultOf(client))?.id ?? 0);
    assert.deepEqual(
      answered.sort((x, y) => x - y),
      ids,
    );
    await client.closed;
  });

  it('may use a cookie only on the connection that got it', async () => {
    const [one, other] = [await rawClient(ground.port), await rawClient(ground.port)];
    one.send(pagedSearch(1, ''));
    assert.equal((await one.next())?.tag, entryTag);
    const done = await one.next();
    assert.equal(done?.code, 'success');
    const cookie = done.bytes.subarray(-16).toString();
    other.send(pagedSearch(1, cookie));
    assert.equal((await other.next())?.code, 'unwillingToPerform');
    one.send(pagedSearch(2, cookie));
    assert.equal((await one.next())?.tag, entryTag);
    assert.equal((await one.next())?.code, 'success');
    one.send(pagedSearch(3, cookie));
    assert.equal((await one.next())?.code, 'unwillingToPerform');
    for (const client of [one, other]) client.socket.destroy();
  });
});

describe('LDAP from slow callers', () => {
  it('is cut off when a message drips, and when nothing is asked for long', async () => {
    const slow = await ldapGround({ limits: { message: 150, idle: 400 } });
    const dripping = await rawClient(slow.port);
    const asked = searchMessage(1);
    let at = 0;
    const drip = setInterval(() => {
      dripping.socket.write(asked.subarray(at, ++at));
    }, 20);
    assert.equal((await dripping.next())?.message, 'A message takes too long to come');
    clearInterval(drip);
    await dripping.closed;
    const silent = await rawClient(slow.port);
    assert.equal((await silent.next())?.message, 'The connection was not used for long');
    await silent.closed;
    await slow.end();
  });
});

describe('LDAP from very many callers', () => {
  it('serves beside a thousand idle connections, and tells the one too many', async () => {
    const ground = await ldapGround({ limits: { connections: 1_001 } });
    const idle = Array.from({ length: 1_000 }, () => connect(ground.port, '127.0.0.1'));
    for (const socket of idle) socket.on('error', () => undefined).resume();
    await until(() => ground.server.open === 1_000);
    await serves(ground.port);
    await until(() => ground.server.open === 1_000);
    const last = await rawClient(ground.port);
    const late = await rawClient(ground.port);
    assert.equal((await late.next())?.code, 'busy');
    last.send(searchMessage(1, only('928942012545')));
    assert.equal((await resultOf(last))?.code, 'success');
    for (const socket of [...idle, last.socket]) socket.destroy();
    await ground.end();
  });
});

describe('LDAP at the stop', () => {
  it('answers what is asked, and then says that it stops', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const ground = await ldapGround({ enter: () => held });
    const [busy, idle] = [await rawClient(ground.port), await rawClient(ground.port)];
    busy.send(searchMessage(1, only('928942012545')));
    idle.send('30 0c 02 01 01 60 07 02 01 03 04 00 80 00');
    assert.equal((await idle.next())?.code, 'success');
    const ended = ground.end();
    assert.equal((await idle.next())?.code, 'unavailable');
    await idle.closed;
    release();
    assert.equal((await busy.next())?.tag, entryTag);
    assert.deepEqual(
      [(await busy.next())?.code, (await busy.next())?.code],
      ['success', 'unavailable'],
    );
    await ended;
  });
});

function addOfNothing(): Buffer {
  return message(1, 0x68, (writer) => {
    writer.text('ou=x,o=nhs').within(tags.sequence, () => {
      writer.within(tags.sequence, () => {
        writer.text('ou').within(tags.set, () => undefined);
      });
    });
  });
}

/** A page of one entry. */
function pagedSearch(id: number, cookie: string): Buffer {
  const writer = new BerWriter();
  writer.within(tags.sequence, () => {
    writer.integer(1).text(cookie);
  });
  const controls = [{ type: '1.2.840.113556.1.4.319', value: writer.bytes() }];
  const systems = (filter: BerWriter) => filter.text('nhsIDCode', 0x87);
  return searchMessage(id, systems, ['1.1'], { controls });
}
