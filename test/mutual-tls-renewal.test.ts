/** What a listener shows and trusts, changed while it serves: certificates, authorities and lists, good ones and bad. */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { writeFileSync } from 'node:fs';
import { connect, type PeerCertificate } from 'node:tls';
import { once } from 'node:events';
import { createLog } from '../core/log.ts';
import { Writable } from 'node:stream';
import { openGivenFiles } from '../server/tls-files.ts';
import type { Trust } from '../server/tls-material.ts';
import { createTrust } from '../server/tls-trust.ts';
import { callTls, keepAlive, mutualTlsGround, type MutualTlsGround } from './mutual-tls-ground.ts';
import { OpensslCa, whyNoOpenssl, type Made } from './openssl-ca.ts';

const path = '/api/FHIR/R4/Patient/1';
const hour = 3_600_000;
const day = 24 * hour;

describe('what a listener on TLS shows and trusts', function () {
  this.timeout(60_000);
  let ground: MutualTlsGround;
  let why: string | undefined;
  let lines: string[] = [];
  const log = createLog(
    'info',
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    }),
  );
  before(async function () {
    why = whyNoOpenssl();
    if (why !== undefined) this.skip(); // told by mutual-tls.test.ts
    ground = await mutualTlsGround();
  });
  beforeEach(() => {
    lines = [];
    ground.listener.renew(ground.identity, ground.trust);
  });
  after(async () => {
    if (why === undefined) await ground.end();
  });

  /** Calls on kept and on fresh connections until `work` is done; all statuses, 0 for a call that failed. */
  const under = async (made: Made, work: () => Promise<void>): Promise<Record<number, number>> => {
    const counts: Record<number, number> = {};
    let going = true;
    const agents: (Agent | false)[] = [keepAlive(made), keepAlive(made), false];
    const calling = agents.map(async (agent) => {
      while (going) {
        const { status } = await callTls(ground.port, path, made, { agent }).catch(() => ({
          status: 0,
        }));
        counts[status] = (counts[status] ?? 0) + 1;
      }
    });
    await work();
    going = false;
    await Promise.all(calling);
    for (const agent of agents) if (agent) agent.destroy();
    return counts;
  };
  const shown = async (): Promise<PeerCertificate> => {
    const socket = connect({ host: '127.0.0.1', port: ground.port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const certificate = socket.getPeerCertificate();
    socket.destroy();
    return certificate;
  };
  const pause = () => new Promise((resolve) => setTimeout(resolve, 100));

  it('is another server certificate from the next handshake on, with no call lost', async () => {
    const made = ground.client('steady.example');
    const expired = ground.ca.make({
      name: 'expired',
      extensions: ['extendedKeyUsage=serverAuth', 'subjectAltName=DNS:localhost'],
      from: '20200101000000Z',
      to: '20200201000000Z',
    });
    ground.listener.renew({ certificate: expired.certificate, key: expired.key }, ground.trust);
    assert.match((await shown()).valid_to, /2020/);
    const counts = await under(made, async () => {
      await pause();
      ground.listener.renew(ground.identity, ground.trust);
      await pause();
    });
    assert.deepEqual(Object.keys(counts), ['200']);
    assert.doesNotMatch((await shown()).valid_to, /2020/);
  });

  it('is an authority more and then one less: no call lost in between, and none let in after', async () => {
    const next = new OpensslCa('Next');
    const both = {
      authorities: [...ground.ca.authorities, ...next.authorities],
      lists: [...ground.ca.lists(), ...next.lists()],
    };
    const old = ground.client('old.example');
    const fresh = next.client('fresh.example');
    ground.register(fresh);
    const counts = await under(old, async () => {
      ground.listener.renew(ground.identity, both);
      await pause();
      assert.equal((await callTls(ground.port, path, fresh)).status, 200);
    });
    assert.deepEqual(Object.keys(counts), ['200']);
    ground.listener.renew(ground.identity, {
      authorities: next.authorities,
      lists: next.lists(),
    });
    for (let i = 0; i < 5; i++) {
      assert.equal((await callTls(ground.port, path, old)).status, 403);
      assert.equal((await callTls(ground.port, path, fresh)).status, 200);
    }
    next.end();
  });

  it('is what it was when the new thing is none', async () => {
    const broken = { certificate: 'no certificate', key: ground.identity.key };
    assert.throws(() => {
      ground.listener.renew(broken, ground.trust);
    });
    const made = ground.client('kept.example');
    assert.equal((await callTls(ground.port, path, made)).status, 200);
  });

  it('refuses whom a list names, and everybody where a list is missing or of somebody else', async () => {
    const [gone, made] = [ground.client('listed.example'), ground.client('unlisted.example')];
    ground.ca.revoke(gone);
    const { authorities } = ground.ca;
    const whyOf = async (who: Made, lists: readonly string[]) => {
      ground.listener.renew(ground.identity, { authorities, lists });
      const { status, text } = await callTls(ground.port, path, who);
      return status === 200 ? 'good' : /\(([A-Z_]+)\)/.exec(text)?.[1];
    };
    assert.equal(await whyOf(gone, ground.ca.lists()), 'CERT_REVOKED');
    assert.equal(await whyOf(made, ground.ca.lists()), 'good');
    assert.equal(await whyOf(made, [ground.ca.list('issuing')]), 'UNABLE_TO_GET_CRL');
    assert.equal(await whyOf(made, [ground.ca.list('root')]), 'UNABLE_TO_GET_CRL');
    const namesake = new OpensslCa();
    const forged = [namesake.list('issuing'), ground.ca.list('root')];
    assert.notEqual(await whyOf(made, forged), 'good');
    namesake.end();
  });

  it('goes on for the time of grace after a list has ended, then refuses all, and tells each hour', async () => {
    const made = ground.client('grace.example');
    const end = Date.now() - 60_000;
    let lists: readonly string[] = [ground.ca.listUntil('issuing', end), ground.ca.list('root')];
    let now = Date.now();
    const trust = createTrust({
      source: { authorities: () => ground.ca.authorities, lists: () => lists },
      ...{ environments: ['sandbox'], grace: hour, log, now: () => now },
    });
    const status = async (current: Trust) => {
      ground.listener.renew(ground.identity, current);
      return (await callTls(ground.port, path, made)).status;
    };
    assert.equal(await status(trust.current()), 200);
    assert.equal(trust.isDue(), false);
    now = end + hour;
    assert.equal(trust.isDue(), true);
    assert.equal(await status(trust.current()), 403);
    for (let i = 0; i < 120; i++) {
      now += 60_000;
      trust.isDue();
    }
    log.flush();
    const told = lines.filter((line) => line.includes('a revocation list has ended'));
    assert.equal(told.length, 3);
    lists = ground.ca.lists();
    now = Date.now();
    assert.equal(await status(trust.current()), 200);
  });

  it('is read again from the files that were given, in a pair that fits', async () => {
    const [first, second] = [ground.ca.server('first'), ground.ca.server('second')];
    const certificateFile = ground.ca.file('given.pem');
    const keyFile = ground.ca.file('given.key');
    const write = ({ certificate, key }: Made, which: 'both' | 'certificate' | 'key' = 'both') => {
      if (which !== 'key') writeFileSync(certificateFile, certificate);
      if (which !== 'certificate') writeFileSync(keyFile, key);
    };
    write(first);
    let changes = 0;
    const changed = () => changes++;
    const now = () => Date.now();
    const files = await openGivenFiles({ certificateFile, keyFile, log, now, changed });
    assert.equal(files.current().certificate, first.certificate);
    write(second, 'certificate');
    await files.look();
    assert.equal(files.current().certificate, first.certificate);
    await files.look();
    log.flush();
    assert.match(lines.join(''), /is not taken; the one before goes on/);
    write(second, 'key');
    await files.look();
    assert.deepEqual(files.current(), { certificate: second.certificate, key: second.key });
    assert.equal(changes, 1);
    files.close();
  });

  it('refuses to start with files that will not do, and warns 60, 30, 14, 7 and 1 days ahead', async () => {
    const made = ground.ca.server('ending');
    const [certificateFile, keyFile] = [made.files.certificate, made.files.key];
    const end = Date.now() + 365 * day;
    let now = Date.now();
    const options = { certificateFile, keyFile, log, now: () => now, changed: () => undefined };
    await assert.rejects(openGivenFiles({ ...options, keyFile: '/nowhere' }), /TLS_KEY_FILE/);
    const other = ground.ca.server('other').files.key;
    await assert.rejects(openGivenFiles({ ...options, keyFile: other }), /no certificate with its/);
    const files = await openGivenFiles(options);
    for (let left = 70; left > 0; left--) {
      now = end - left * day;
      await files.look();
    }
    log.flush();
    const told = lines.flatMap((line) => /ends soon.*/.exec(line) ?? []);
    assert.equal(told.length, 5, lines.join(''));
    files.close();
  });
});
