/** A directory over the real store with invented systems and people, served over LDAP on a free port; and raw messages. */
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'ldapts';
import {
  createLdapListeners,
  type LdapListeners,
  type LdapListenersOptions,
} from '../server/ldap-listeners.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { BerWriter } from '../spine/sds/ber-write.ts';
import { BerReader, tags } from '../spine/sds/ber.ts';
import { createFraming } from '../spine/sds/ber-framing.ts';
import type { Directory, Entry } from '../spine/sds/directory.ts';
import { codes, type CodeName } from '../spine/sds/ldap-codes.ts';
import type { LdapAccess } from '../spine/sds/ldap-operation.ts';
import { handlerEntry, partsOf, systemEntry } from '../spine/sds/service-entries.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';

export const services = 'ou=services,o=nhs';
export const trace = 'urn:nhs:names:services:pds:PRPA_IN000203UK03';
export const gp2gp = 'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05';

const approval = {
  ...{ requestor: 'URP-1', requested: '20240101090000' },
  ...{ approver: 'URP-2', approved: '20240102090000' },
};
const product = { key: '1', name: 'Invented system', version: '1.0' };

export function system(asid: string, odsCode: string, partyKey: string): Entry {
  const interactions = [trace, gp2gp];
  const facts = { asid, odsCode, partyKey, interactions, clients: [odsCode], product };
  return systemEntry({ ...facts, manufacturer: 'YGM01' }, approval);
}

export function handler(id: string, odsCode: string, partyKey: string, interaction: string): Entry {
  const fqdn = `${odsCode.toLowerCase()}.example.org`;
  return handlerEntry(
    {
      ...{ id, odsCode, partyKey, interaction, cpaId: id, fqdn, product },
      ...{ endpoints: [`https://${fqdn}/reliable`], actors: [], interactionType: 'HL7' },
      ...{ ...partsOf(interaction), syncReplyMode: 'None' },
    },
    { authenticated: 'none', template: '14' },
    approval,
  );
}

export const person: Entry = {
  dn: 'uid=900000000001,ou=People,o=nhs',
  attributes: {
    objectClass: ['nhsPerson'],
    uid: ['900000000001'],
    cn: ['Ada Invented'],
    sn: ['Invented'],
    nhsPersonStatus: ['1'],
  },
};

const entries = [
  system('928942012545', 'YES', 'YES-0000806'),
  handler('S918999410559', 'YES', 'YES-0000806', trace),
  system('200000000149', 'M85019', 'M85019-820388'),
  handler('S20001A000168', 'M85019', 'M85019-820388', gp2gp),
];

export interface LdapGround {
  readonly directory: Directory;
  readonly server: LdapListeners;
  readonly port: number;
  readonly url: string;
  /** What was entered into the audit. */
  readonly entered: LdapAccess[];
  /** A client from npm, on TLS when options for that are given; it is ended with the ground. */
  client(tls?: ConnectionOptions): Client;
  end(): Promise<void>;
}

/** @param options those of the server; `around` puts something in front of the directory. */
export async function ldapGround(
  options: Partial<LdapListenersOptions> & { around?: (directory: Directory) => Directory } = {},
): Promise<LdapGround> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-ldap-'));
  const store = await openEmbeddedStore({ dir });
  const stored = openDirectory(store);
  for (const entry of [...entries, person]) await stored.add(entry, 'test');
  const entered: LdapAccess[] = [];
  const server = createLdapListeners({
    directory: options.around?.(stored) ?? stored,
    ...{ view: '', anonymous: true, vendorVersion: '0.0' },
    ...{ ldapPort: 0, ldapsPort: 0, listenAddress: '127.0.0.1' },
    enter: (access) => {
      entered.push(access);
      return Promise.resolve();
    },
    ...options,
  });
  const { ldap: port, ldaps = 0 } = await server.listen();
  const url = `ldap://127.0.0.1:${port}`;
  const clients: Client[] = [];
  return {
    ...{ directory: stored, server, port, url, entered },
    client(tls) {
      const place = tls ? { url: `ldaps://127.0.0.1:${ldaps}`, tlsOptions: tls } : { url };
      const client = new Client({
        ...place,
        timeout: 5_000,
        connectTimeout: 5_000,
        strictDN: false,
      });
      clients.push(client);
      return client;
    },
    async end() {
      await Promise.all(clients.map((client) => client.unbind().catch(() => undefined)));
      await server.drain(1_000);
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Why there is no ldapsearch here; undefined when there is one. */
export function whyNoLdapsearch(): string | undefined {
  const { error } = spawnSync('ldapsearch', ['-VV']);
  return error && 'ldapsearch is not installed (Debian: ldap-utils)';
}

/** What ldapsearch says: its output, and the result code it ends with. */
export function ldapsearch(
  url: string,
  ...parameters: string[]
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const common = ['-x', '-LLL', '-o', 'ldif-wrap=no', '-H', url];
    execFile('ldapsearch', [...common, ...parameters], { timeout: 20_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

/** An answer as bytes say it. */
export interface RawAnswer {
  readonly id: number;
  readonly tag: number;
  /** Of a result; of an entry undefined. */
  readonly code?: CodeName;
  readonly message?: string;
  readonly bytes: Buffer;
}

export interface RawClient {
  readonly socket: Socket;
  send(bytes: Buffer | string): void;
  /** The next answer; undefined when the server has closed. */
  next(): Promise<RawAnswer | undefined>;
  readonly closed: Promise<void>;
}

/** A socket that takes answers apart as they come. `paused`: it takes nothing until `next` is called. */
export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  const framing = createFraming(16 * 1024 * 1024);
  const answers: RawAnswer[] = [];
  const waiting: ((answer: RawAnswer | undefined) => void)[] = [];
  let over = false;
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      over = true;
      for (const one of waiting.splice(0)) one(undefined);
      resolve();
    });
  });
  socket.on('data', (piece: Buffer) => {
    framing.push(piece);
    for (let bytes = framing.next(); bytes; bytes = framing.next()) {
      const answer = toAnswer(Buffer.from(bytes));
      const first = waiting.shift();
      if (first) first(answer);
      else answers.push(answer);
    }
  });
  return {
    socket,
    closed,
    send(bytes) {
      socket.write(
        typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(' ', ''), 'hex') : bytes,
      );
    },
    next() {
      const answer = answers.shift();
      if (answer || over) return Promise.resolve(answer);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

const names = new Map(Object.entries(codes).map(([name, code]) => [code, name as CodeName])); // `codes` is a constant

function toAnswer(bytes: Buffer): RawAnswer {
  const message = new BerReader(bytes).within(tags.sequence);
  const id = message.integer();
  const tag = message.next ?? 0;
  const inside = message.within(tag);
  if (tag === 0x64) return { id, tag, bytes };
  const code = names.get(inside.integer(tags.enumerated) as 0); // whatever number it is
  inside.text();
  return { id, tag, bytes, message: inside.text(), ...(code === undefined ? {} : { code }) };
}

/** A message with one operation and these controls, which are critical. */
export function message(
  id: number,
  tag: number,
  fill: (writer: BerWriter) => void,
  controls: readonly { type: string; value: Buffer }[] = [],
): Buffer {
  const writer = new BerWriter();
  writer.within(tags.sequence, () => {
    writer.integer(id);
    writer.within(tag, () => {
      fill(writer);
    });
    if (controls.length > 0)
      writer.within(0xa0, () => {
        for (const { type, value } of controls)
          writer.within(tags.sequence, () => {
            writer.text(type).boolean(true).octets(value);
          });
      });
  });
  return writer.bytes();
}

/** A search of the services for whatever there is, or for what `filter` writes. */
export function searchMessage(
  id: number,
  filter: (writer: BerWriter) => void = (writer) => writer.text('objectClass', 0x87),
  attributes: readonly string[] = [],
  { scope = 2, limit = 0, controls = [] as readonly { type: string; value: Buffer }[] } = {},
): Buffer {
  const fill = (writer: BerWriter) => {
    writer.text(services).integer(scope, tags.enumerated).integer(0, tags.enumerated);
    writer.integer(limit).integer(0).boolean(false);
    filter(writer);
    writer.within(tags.sequence, () => {
      for (const name of attributes) writer.text(name);
    });
  };
  return message(id, 0x63, fill, controls);
}
