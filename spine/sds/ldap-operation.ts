/**
 * One request while it is answered: what may stop it, and where its answer goes. Owns the words between the connection,
 * which makes operations, and what carries them out.
 */
import type { ClientCertificate } from '../../core/exchange.ts';
import type { Directory } from './directory.ts';
import { LdapRefusal, type CodeName } from './ldap-codes.ts';

/** Ends an operation that nobody waits for any more: it was abandoned, or its caller has gone. No answer is sent. */
export class Stopped extends Error {}

export interface Operation {
  readonly id: number;
  /** @throws Stopped, or LdapRefusal timeLimitExceeded */
  goOn(): void;
  /** From now on it may take so many milliseconds. */
  limit(milliseconds: number): void;
  /** Sends a part of the answer; resolves when the next part may be made. @throws Stopped */
  send(bytes: Buffer): Promise<void>;
}

/** An operation that is stopped from outside by `stop`. */
export interface StoppableOperation extends Operation {
  stop(): void;
}

/** @param write resolves when more may be written; rejects with Stopped when the connection is gone. */
export function createOperation(
  id: number,
  write: (bytes: Buffer) => Promise<void>,
): StoppableOperation {
  let stopped = false;
  let until = Infinity;
  const goOn = () => {
    if (stopped) throw new Stopped();
    if (performance.now() > until)
      throw new LdapRefusal('timeLimitExceeded', 'The search took longer than it may');
  };
  return {
    id,
    goOn,
    limit(milliseconds) {
      until = performance.now() + milliseconds;
    },
    async send(bytes) {
      if (stopped) throw new Stopped();
      await write(bytes);
    },
    stop() {
      stopped = true;
    },
  };
}

/** Who is at the other end of a connection. */
export interface Client {
  readonly address: string;
  /** Whether what is sent is encrypted. */
  readonly secure: boolean;
  /** Of a connection over TLS, when its client showed one that the socket trusts. */
  readonly certificate?: ClientCertificate;
  /** Why what it showed is not accepted, in a sentence. */
  readonly refused?: string;
}

/** What was done, for the audit: names of attributes and places, no values. */
export interface LdapAccess {
  /** `search sub ou=services,o=nhs (&(nhsIDCode=)(objectClass=))`, `modify ou=services,o=nhs`. */
  readonly action: string;
  readonly code: CodeName;
  /** The name in the client's certificate; empty for an anonymous one. */
  readonly user: string;
  readonly address: string;
}

/** What all operations of a server stand on. */
export interface OperationContext {
  readonly directory: Directory;
  /** Whether entries may be added, changed and removed. */
  readonly writable: boolean;
  /** Resolves when the entry is on disk. Nothing is answered before. @throws Problem when it cannot be written */
  readonly enter: (access: LdapAccess) => Promise<void>;
  /** Entries that one answer holds at most, and milliseconds that a search takes at most. */
  readonly sizeLimit: number;
  readonly timeLimit: number;
  readonly vendorVersion: string;
}
