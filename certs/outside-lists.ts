/**
 * Revocation lists that outside authorities gave as files: those that an authority believed here has signed, the newest of
 * each. A file that is not good leaves what was read before. Owns that choice.
 */
import { readList } from './crl.ts';
import { toPem } from './pem.ts';
import type { Trust } from './trust.ts';

export interface OutsideCrl {
  /** The issuer's name as people read it. */
  readonly issuer: string;
  readonly nextUpdate: number;
  readonly thisUpdate: number;
  readonly pem: string;
  /** Lower-case hex. */
  readonly serials: ReadonlySet<string>;
}

/** Lists by the name of the issuer. @param before what counted until now @param alarm hears of files that are not taken */
export async function outsideLists(
  trust: Trust,
  before: ReadonlyMap<string, OutsideCrl> | undefined,
  alarm: (sentence: string) => void,
): Promise<Map<string, OutsideCrl>> {
  const lists = new Map(before);
  for (const { source, der } of trust.outsideLists()) {
    const found = await readSigned(trust, der);
    if (typeof found === 'string') alarm(`The revocation list ${source} is not used: ${found}`);
    else if ((lists.get(found.issuer)?.thisUpdate ?? 0) <= found.thisUpdate)
      lists.set(found.issuer, found);
  }
  return lists;
}

/** Authorities from outside of which there is no list: OpenSSL refuses whatever they issued. */
export function withoutList(trust: Trust, lists: ReadonlyMap<string, OutsideCrl>): string[] {
  return trust
    .authorities()
    .filter(({ source, facts }) => source !== 'own' && !lists.has(facts.subjectText))
    .map(({ facts }) => facts.subjectText);
}

async function readSigned(trust: Trust, der: Buffer): Promise<OutsideCrl | string> {
  try {
    const list = readList(der);
    for (const { facts } of trust.authorities())
      if (await list.isSignedBy(facts.key))
        return {
          issuer: facts.subjectText,
          thisUpdate: list.thisUpdate,
          nextUpdate: list.nextUpdate,
          pem: toPem('X509 CRL', der),
          serials: await list.serials(),
        };
    return 'it is not signed by an authority that is trusted here';
  } catch (error) {
    return `it cannot be read (${(error as Error).message})`; // we or node threw it
  }
}
