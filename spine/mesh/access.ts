/**
 * Whose call it is: the mailbox of the address, its token, and the certificate where one is asked for. Owns the order of
 * these checks; using the token up comes later, when nothing else turns the call away.
 */
import type { ClientCertificate, Exchange, Facts } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { meshError } from './errors.ts';
import type { Mailbox, Mailboxes, MeshCaller } from './mailboxes.ts';
import { minutesOff, proveToken, readToken, type MeshToken } from './token.ts';

/** How a certificate is held against the mailbox's organisation. */
export type CertificateBinding = 'off' | 'warn' | 'enforce';

export interface AccessOptions {
  readonly mailboxes: Mailboxes;
  /** The password of a mailbox, opened. */
  readonly passwordOf: (mailbox: Mailbox) => string | undefined;
  /** The shared keys of an environment; during a change there are two. */
  readonly sharedKeys: (environment: string) => Promise<readonly string[]>;
  readonly binding: CertificateBinding;
  readonly now: () => number;
  /** Told when a token is refused. */
  readonly refused?: (environment: string) => void;
}

export interface ProvedCaller extends MeshCaller {
  readonly token: MeshToken;
}

/**
 * The mailbox that calls.
 * @param named as it stands in the address
 * @throws Problem 403
 */
export async function proveCaller(
  options: AccessOptions,
  exchange: Exchange,
  named: string,
): Promise<ProvedCaller> {
  try {
    const proved = await prove(options, exchange, named);
    provedBy.set(exchange.facts, proved.mailbox.id);
    return proved;
  } catch (error) {
    if (error instanceof Problem && error.kind === 'forbidden')
      options.refused?.(exchange.environment);
    throw error;
  }
}

/** Which mailbox a call has proved to be: whoever acts for one asks again, whatever let the call in. */
const provedBy = new WeakMap<Facts, string>();

/** Whether this call has proved to be of the mailbox. */
export function isProved({ facts }: Exchange, mailbox: string): boolean {
  return provedBy.get(facts) === mailbox;
}

async function prove(
  { mailboxes, passwordOf, sharedKeys, binding, now }: AccessOptions,
  exchange: Exchange,
  named: string,
): Promise<ProvedCaller> {
  const { environment, headers, peer } = exchange;
  const id = named.toUpperCase();
  const token = readToken(headers.authorization, id);
  const mailbox = await mailboxes.mailbox(environment, id);
  const password = mailbox && passwordOf(mailbox);
  const secret =
    mailbox === undefined || password === undefined
      ? undefined
      : { password, active: mailbox.active };
  try {
    proveToken(token, secret, { sharedKeys: await sharedKeys(environment), now: now() });
  } catch (error) {
    // Never in the answer: it would help whoever guesses.
    const minutes = minutesOff(token.timestamp, now());
    exchange.log.log('info', 'a token of MESH was refused', { minutesOff: String(minutes) });
    throw error;
  }
  if (!mailbox) throw meshError('token'); // proveToken has thrown
  checkCertificate(exchange, peer.certificate, mailbox, binding);
  return { environment, mailbox, token };
}

/** One certificate may serve many mailboxes of an organisation: a label of its name is the ODS code. */
function checkCertificate(
  exchange: Exchange,
  certificate: ClientCertificate | undefined,
  { odsCode, id }: Mailbox,
  binding: CertificateBinding,
): void {
  if (!certificate || binding === 'off') return;
  const labels = [...certificate.commonNames, ...certificate.dnsNames].flatMap((name) =>
    name.toLowerCase().split('.'),
  );
  if (labels.includes(odsCode.toLowerCase())) return;
  if (binding === 'enforce')
    throw meshError('certificate', {
      why: `a name of the certificate must have the label ${odsCode.toLowerCase()}`,
    });
  exchange.log.log('warn', 'the certificate is not of the organisation of the mailbox', {
    mailbox: id,
  });
}
