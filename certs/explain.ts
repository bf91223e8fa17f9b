/**
 * Why a certificate works or does not: every check of it and its chain, its record, and the list, each with what was
 * expected and found. Owns the order they are told in; the rules are those that calls are judged by.
 */
import type { Clock } from '../core/clock.ts';
import type { Authority } from './authority.ts';
import { certificateFacts, type CertificateFacts } from './certificate-facts.ts';
import { chainOf } from './chain.ts';
import { checked, shownTime, type Check } from './checks.ts';
import { readList } from './crl.ts';
import type { KnownCertificate } from './known.ts';
import { leafChecks } from './leaf-rules.ts';
import type { Lists } from './lists.ts';
import { isHostName, valuesOf } from './names.ts';
import { pemBlocks } from './pem.ts';
import type { Register } from './register.ts';

export interface ExplainGround {
  readonly authority: Authority;
  readonly register: Register;
  readonly lists: Lists;
  readonly clock: Clock;
}

/** What is known of a certificate, and every check. It works when all are ok. */
export interface Explanation {
  /** Absent when it could not be read. */
  readonly thumbprint?: string;
  readonly subject?: string;
  readonly issuer?: string;
  readonly serial?: string;
  readonly checks: readonly Check[];
}

/**
 * @param given PEM (the certificate, then what is between it and the root) or DER, at most 64 KiB
 * @throws Problem `not-found` for an environment without an authority, `unavailable` when revocations cannot be told
 */
export async function explainCertificate(
  given: string | Buffer,
  environment: string,
  ground: ExplainGround,
): Promise<Explanation> {
  const { authority, register, clock } = ground;
  const { trust } = authority.of(environment);
  const read = readAll(given);
  if (typeof read === 'string')
    return { checks: [checked('certificate', false, 'a certificate as PEM or DER', read)] };
  const [facts, ...between] = read;
  const { record, state } = register.judge(facts.thumbprint);
  const fqdn = record?.fqdn ?? valuesOf(facts.subject, 'CN').find(isHostName) ?? '';
  const { path, checks } = chainOf(facts, between, trust.authorities(), clock.now());
  const isTrusted = checks.every(({ check, ok }) => ok || check !== 'chain');
  return {
    thumbprint: facts.thumbprint,
    subject: facts.subjectText,
    issuer: facts.issuerText,
    serial: facts.serial,
    checks: [
      checked('certificate', true, 'a certificate as PEM or DER', 'one'),
      ...leafChecks(
        facts,
        { fqdn, otherNames: facts.dnsNames, profile: record?.profile ?? 'client' },
        clock.now(),
      ),
      ...checks,
      ...(await listChecks(facts, path, isTrusted, environment, ground)),
      recordCheck(environment, record),
      stateCheck(state, record),
    ],
  };
}

const mostBytes = 64 * 1024;

function readAll(given: string | Buffer): [CertificateFacts, ...CertificateFacts[]] | string {
  if (given.length > mostBytes) return `${given.length} bytes, which are too many`;
  try {
    if (typeof given !== 'string' && given[0] === 0x30) return [certificateFacts(given)];
    const [first, ...more] = pemBlocks(given.toString('latin1'))
      .filter(({ label }) => label === 'CERTIFICATE')
      .slice(0, 6);
    return first
      ? [certificateFacts(first.der), ...more.map(({ der }) => certificateFacts(der))]
      : 'no certificate in the text';
  } catch (error) {
    return `something that cannot be read: ${(error as Error).message}`; // we or node threw it
  }
}

/** Its issuer must have a list that has not ended and does not name it. */
async function listChecks(
  facts: CertificateFacts,
  path: readonly CertificateFacts[],
  isTrusted: boolean,
  environment: string,
  { authority, lists, clock }: ExplainGround,
): Promise<Check[]> {
  const issuer = path[1];
  if (!issuer || !isTrusted) return [];
  const isOurs = authority.of(environment).own?.issuing.facts.thumbprint === issuer.thumbprint;
  const list = isOurs
    ? lists.of(environment, 'issuing')
    : lists.outside(environment, issuer.subjectText);
  if (!list) return [checked('list', false, 'a revocation list of its issuer', 'none')];
  const serials = 'serials' in list ? list.serials : await readList(list.der).serials();
  const expected = 'a revocation list of its issuer that has not ended';
  const isCurrent = list.nextUpdate > clock.now();
  return [
    checked('list', isCurrent, expected, `one that ends ${shownTime(list.nextUpdate)}`),
    listed(serials.has(facts.serial)),
  ];
}

function listed(named: boolean): Check {
  return checked(
    'revocation',
    !named,
    'a revocation list that does not name it',
    named ? 'its serial number on the list' : 'one',
  );
}

function recordCheck(environment: string, record: KnownCertificate | undefined): Check {
  const found = record
    ? `${record.fqdn}, party key ${record.partyKey}, in ${record.environment}`
    : 'none: it has ended long ago, or was never registered here';
  return checked(
    'record',
    record?.environment === environment,
    `a record in ${environment}`,
    found,
  );
}

function stateCheck(state: string, record: KnownCertificate | undefined): Check {
  const revoked = record?.revoked;
  const why = revoked ? `: ${revoked.reason}, ${shownTime(revoked.at)}` : '';
  return checked('state', state === 'active', 'the state active', `${state}${why}`);
}
