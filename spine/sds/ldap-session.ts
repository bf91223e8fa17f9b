/**
 * What one connection may do, and the table of what is done for each kind of request. Owns who the client is and the order
 * of the checks: form, controls, limits, rights, work. Bytes and stopping are the connection's.
 */
import type { ClientCertificate } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { Entry } from './directory.ts';
import { resultOf, type Extra } from './ldap-answer.ts';
import { LdapRefusal, outcomeOf, success, type CodeName, type Outcome } from './ldap-codes.ts';
import { readPageAsk } from './ldap-controls.ts';
import * as read from './ldap-message.ts';
import type { BindRequest, Envelope, RequestKind } from './ldap-message.ts';
import type { Client, Operation, OperationContext } from './ldap-operation.ts';
import { Stopped } from './ldap-operation.ts';
import { createPages } from './ldap-pages.ts';
import { rootDse, startTls, whoAmI } from './ldap-root.ts';
import { isOfTheServer, placeOf, runSearch } from './ldap-search.ts';
import type { Writes } from './ldap-writes.ts';

/** What sessions of one server share. */
export interface SessionContext extends OperationContext {
  readonly writes: Writes;
  /** Whether the directory may be read without a certificate. */
  readonly anonymous: boolean;
  /** Why the holder of a certificate that the socket trusts may not read at this moment; undefined when it may. */
  readonly barred: (certificate: ClientCertificate) => string | undefined;
  /** Seconds that a caller at this address has to wait; undefined when it may go on. */
  readonly take: (address: string) => number | undefined | Promise<number | undefined>;
  /** Called before each request; a Problem it throws is the answer. */
  readonly before: () => void;
  /** Hears of each request after its answer. */
  readonly ended: (request: EndedRequest) => void;
  /** Hears of faults of ours, which the caller is told nothing of. */
  readonly failed: (problem: Problem) => void;
}

/** A request that was answered, for the access line. */
export interface EndedRequest {
  readonly kind: RequestKind;
  readonly code: CodeName;
  readonly milliseconds: number;
  readonly user: string;
}

export interface Session {
  /** Reads a request at once and answers it in its time. Never rejects but with Stopped. */
  perform(envelope: Envelope, operation: Operation): Promise<void>;
  close(): void;
}

/** Answered requests: the other two have no answer. */
type Answered = Exclude<RequestKind, 'unbind' | 'abandon'>;

/** The end of a request. */
interface Ended {
  readonly outcome: Outcome;
  readonly extra?: Extra;
  /** The answer has left already. */
  readonly sent?: boolean;
}

/** Does what a request asks for, which has been read. */
type Work = (operation: Operation) => Promise<Ended>;

/** Reads a request. @throws Problem `invalid`, LdapRefusal */
type Reader = (envelope: Envelope) => Work;

export function createSession(context: SessionContext, client: Client): Session {
  const pages = createPages();
  const readers = createReaders(context, client, pages);
  const user = client.certificate?.commonNames[0] ?? '';
  return {
    async perform(envelope, operation) {
      const { id } = envelope;
      const kind = envelope.kind as Answered; // the connection deals with the two others
      const began = performance.now();
      let ended: Ended;
      try {
        context.before();
        const work = readers[kind](envelope); // before any waiting: the bytes are the socket's
        await admit(context, client);
        ended = await work(operation);
      } catch (error) {
        if (error instanceof Stopped) throw error;
        ended = { outcome: refusedAs(error, context) };
      }
      const { outcome, extra, sent } = ended;
      if (sent !== true) await operation.send(resultOf(id, kind, outcome, extra));
      context.ended({ kind, code: outcome.code, milliseconds: performance.now() - began, user });
    },
    close() {
      pages.close();
    },
  };
}

async function admit({ take }: SessionContext, { address }: Client): Promise<void> {
  const taken = take(address);
  const seconds = taken instanceof Promise ? await taken : taken;
  if (seconds !== undefined)
    throw new LdapRefusal('busy', `Too many requests: try again in ${Math.ceil(seconds)} s`);
}

function refusedAs(error: unknown, { failed }: SessionContext): Outcome {
  if (error instanceof LdapRefusal) return error.outcome;
  const problem = Problem.from(error);
  const outcome = outcomeOf(problem, read.isBerFault(error) ? { invalid: 'protocolError' } : {});
  if (outcome.code === 'other' || outcome.code === 'unavailable') failed(problem);
  return outcome;
}

function createReaders(
  context: SessionContext,
  client: Client,
  pages: ReturnType<typeof createPages>,
): Readonly<Record<Answered, Reader>> {
  const { writes, directory } = context;
  const user = client.certificate?.commonNames[0] ?? '';
  const by = user === '' ? 'ldap' : `ldap ${user}`.slice(0, 80);
  const root: Entry = rootDse(context.vendorVersion, client.secure ? ['EXTERNAL'] : []);
  const entered = (action: string, { code }: Outcome) =>
    context.enter({ action, code, user, address: client.address });
  /** A request on one entry: entered whatever its end. */
  const onEntry =
    (name: string, dn: string, rights: () => void, work: () => Promise<Outcome>): Work =>
    async () => {
      let outcome: Outcome;
      try {
        rights();
        outcome = await work();
      } catch (error) {
        outcome = refusedAs(error, context);
      }
      await entered(`${name} ${placeOf(dn)}`, outcome);
      return { outcome };
    };
  const mayRead = () => {
    refuseStranger(context, client);
  };
  const mayWrite = () => {
    refuseStranger(context, client);
    if (!context.writable)
      throw new LdapRefusal(
        'unwillingToPerform',
        'The directory is read only: LDAP_WRITES opens it, for tests',
      );
  };
  return {
    bind({ operation, controls }) {
      readPageAsk('bind', controls);
      const request = read.readBind(operation);
      return () => Promise.resolve({ outcome: bound(request, context, client) });
    },
    search({ operation, controls }) {
      const ask = readPageAsk('search', controls);
      const request = read.readSearch(operation);
      const rights = isOfTheServer(request) ? () => undefined : mayRead;
      const parts = { ...context, directory, pages, root, entered, rights };
      return async (running) => ({
        outcome: await runSearch(request, ask, running, parts),
        sent: true,
      });
    },
    compare({ operation, controls }) {
      readPageAsk('compare', controls);
      const request = read.readCompare(operation);
      return onEntry('compare', request.dn, mayRead, () => writes.compare(request));
    },
    add({ operation, controls }) {
      readPageAsk('add', controls);
      const request = read.readAdd(operation);
      return onEntry('add', request.dn, mayWrite, () => writes.add(request, by));
    },
    modify({ operation, controls }) {
      readPageAsk('modify', controls);
      const request = read.readModify(operation);
      return onEntry('modify', request.dn, mayWrite, () => writes.modify(request, by));
    },
    delete({ operation, controls }) {
      readPageAsk('delete', controls);
      const dn = read.readDelete(operation);
      return onEntry('delete', dn, mayWrite, () => writes.remove(dn, by));
    },
    modifyDn({ operation, controls }) {
      readPageAsk('modifyDn', controls);
      const dn = operation.text();
      return onEntry('rename', dn, mayWrite, () => Promise.resolve(noRenaming));
    },
    extended({ operation, controls }) {
      readPageAsk('extended', controls);
      const { name } = read.readExtended(operation);
      return () => Promise.resolve(extended(name, user));
    },
  };
}

const noRenaming: Outcome = {
  code: 'unwillingToPerform',
  message: 'Entries are not renamed: add one and delete the other',
};

/** @throws LdapRefusal saying why, where the directory is not for everyone */
function refuseStranger(context: SessionContext, client: Client): void {
  const why = context.anonymous ? undefined : whyStranger(context, client);
  if (why !== undefined) throw new LdapRefusal('insufficientAccessRights', why);
}

/** Why a client is not known by its certificate; undefined when it is. */
function whyStranger(
  { barred }: SessionContext,
  { secure, certificate, refused }: Client,
): string | undefined {
  if (certificate) return barred(certificate);
  if (refused !== undefined) return refused;
  return secure
    ? 'The directory asks for a client certificate, and none was shown'
    : 'The directory asks for a client certificate: connect with ldaps';
}

/** RFC 4511 4.2, RFC 4513 5. Whoever shows a certificate is known by it, also where the bind names nobody. */
function bound(
  { version, dn, method }: BindRequest,
  context: SessionContext,
  client: Client,
): Outcome {
  if (version !== 3) return { code: 'protocolError', message: 'Only version 3 is spoken' };
  if (method.kind === 'simple' && method.hasPassword)
    return {
      code: 'invalidCredentials',
      message: 'Nobody signs in here by a password: bind without a name, or by certificate',
    };
  if (method.kind === 'simple' && dn.trim() !== '')
    return { code: 'unwillingToPerform', message: 'A bind with a name needs a password' };
  if (method.kind !== 'simple' && !(method.kind === 'sasl' && method.mechanism === 'EXTERNAL'))
    return { code: 'authMethodNotSupported', message: 'Only EXTERNAL is offered beside simple' };
  if (method.kind === 'simple' && context.anonymous) return success;
  const why = whyStranger(context, client);
  return why === undefined ? success : { code: 'inappropriateAuthentication', message: why };
}

function extended(name: string, user: string): Ended {
  if (name === whoAmI)
    return { outcome: success, extra: { value: user === '' ? '' : `u:${user}` } };
  if (name === startTls)
    return {
      outcome: { code: 'protocolError', message: 'StartTLS is not offered: connect with ldaps' },
      extra: { name: startTls },
    };
  return { outcome: { code: 'protocolError', message: 'There is no such extended request' } };
}
