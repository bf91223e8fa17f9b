/**
 * Who administers: people and machines with a role and a key of their own. Owns their shape, and the first one, who is made
 * at the first start and whose credential is a file beside the data.
 */
import { createPublicKey, randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import type { PublicJwk } from './apps.ts';
import type { Role } from './roles.ts';

export interface Administrator {
  /** The client id it signs in with; 32 letters and digits. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** ODS code, or `*` for all organisations. */
  readonly organisation: string;
  readonly keys: readonly PublicJwk[];
  readonly state: 'active' | 'revoked';
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** Of a credential that an organisation made for itself: the account of who did it. */
  readonly madeBy?: string;
}

export const administratorCollection: CollectionOf<Administrator> = {
  name: 'catalogue.administrators',
  keys: ({ madeBy, organisation }) => ({
    all: [['all']],
    ...(madeBy === undefined ? {} : { own: [[organisation]] }),
  }),
};

/** Where a client of the management API signs in, and calls, below the address of the installation. */
export function managementAddresses(root: string): Pick<Credential, 'tokenUrl' | 'managementUrl'> {
  return { tokenUrl: `${root}/management/token`, managementUrl: `${root}/management/v1` };
}

/** What the file of a credential holds: all that a client of the management API needs. */
export interface Credential {
  readonly clientId: string;
  readonly kid: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
  readonly tokenUrl: string;
  readonly managementUrl: string;
}

export interface FirstAdministratorOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The file of the credential: readable by its owner alone, written whole or not at all. */
  readonly file: {
    /** Its text; undefined when there is none. */
    read(): string | undefined;
    write(text: string): void;
  };
  /** A new private key as PKCS#8 PEM: RSA of 2048 bits or more, or EC P-384. */
  readonly newKeyPair: () => Promise<string>;
  readonly tokenUrl: string;
  readonly managementUrl: string;
}

/** So that each installation has a first administrator whose credential was never typed or sent. */
const firstKeyId = 'administrator-1';

/**
 * Makes the first administrator of a store that has none. The file is written before the store, so a start that was killed
 * between the two goes on with the same key. An administrator whose file was taken elsewhere is left alone.
 * @returns whether it was made now.
 * @throws Problem `unavailable` for a file that is there and holds no credential.
 */
export async function ensureFirstAdministrator(
  options: FirstAdministratorOptions,
): Promise<{ readonly made: boolean }> {
  const administrators = options.store.open(administratorCollection);
  const { items } = await administrators.find({ index: 'all', equals: ['all'], limit: 1 });
  if (items.length > 0) return { made: false };
  const credential = readCredential(options) ?? (await makeCredential(options));
  const first: Administrator = {
    id: credential.clientId,
    name: 'First administrator',
    role: 'administrator',
    organisation: '*',
    keys: [toPublicJwk(credential.privateKey, credential.kid)],
    state: 'active',
    created: options.clock.now(),
  };
  await administrators.put(first.id, first, { expected: 0, by: 'start' });
  return { made: true };
}

function readCredential({ file }: FirstAdministratorOptions): Credential | undefined {
  const text = file.read();
  return text === undefined ? undefined : parseCredential(text);
}

/** The text of a credential file read. @throws Problem `unavailable` for a text that is none; it quotes nothing of it. */
export function parseCredential(text: string): Credential {
  const members = parsed(text);
  const of = (name: keyof Credential) => {
    const value = members[name];
    if (typeof value === 'string' && value !== '') return value;
    throw new Problem('unavailable', `The credential file has no ${name}`);
  };
  return {
    clientId: of('clientId'),
    kid: of('kid'),
    privateKey: of('privateKey'),
    tokenUrl: of('tokenUrl'),
    managementUrl: of('managementUrl'),
  };
}

function parsed(text: string): Partial<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // the parser's message quotes the text, which holds a private key
  }
  throw new Problem('unavailable', 'The credential file is no JSON object');
}

async function makeCredential(options: FirstAdministratorOptions): Promise<Credential> {
  const credential: Credential = {
    clientId: newClientId(),
    kid: firstKeyId,
    privateKey: await options.newKeyPair(),
    tokenUrl: options.tokenUrl,
    managementUrl: options.managementUrl,
  };
  options.file.write(JSON.stringify(credential, null, 2));
  return credential;
}

/** The public half of a private key, as registered. @throws Problem `unavailable` for a text that is no private key. */
export function toPublicJwk(privateKey: string, kid: string): PublicJwk {
  try {
    const { kty, n, e, crv, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
    if (kty === 'RSA' && n !== undefined && e !== undefined) return { kty, kid, n, e };
    if (kty === 'EC' && crv !== undefined && x !== undefined && y !== undefined)
      return { kty, kid, crv, x, y };
  } catch {
    // a foreign message might quote the key
  }
  throw new Problem('unavailable', 'The private key is none of RSA or EC in PKCS#8 PEM');
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A new client id, which is an API key too: 32 random letters and digits. It identifies and proves nothing. */
export function newClientId(): string {
  let id = '';
  while (id.length < 32)
    for (const byte of randomBytes(48)) {
      // 248 is the largest multiple of 62: without this the first letters would come more often
      if (byte < 248 && id.length < 32) id += letters[byte % 62] ?? '';
    }
  return id;
}
