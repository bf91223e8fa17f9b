/**
 * Whose certificates an environment believes: our own authorities and those laid into its folder `trusted` as PEM files,
 * several generations beside each other; with the revocation lists that outside authorities gave. Owns reading them; a
 * file that will not do leaves what was read from it before.
 */
import { certificateFacts, type CertificateFacts } from './certificate-facts.ts';
import { filesIn } from './authority-files.ts';
import { pemBlocks, toPem } from './pem.ts';

export interface Trusted {
  readonly pem: string;
  readonly facts: CertificateFacts;
  /** `own`, or the name of the file. */
  readonly source: string;
}

export interface Trust {
  /** All believed authorities, ours first. A new list after each change. */
  authorities(): readonly Trusted[];
  /** Lists of outside authorities as DER, from `*.crl` (PEM or DER). */
  outsideLists(): readonly OutsideList[];
  /** Reads the folder again; tells whether something has changed. Never rejects. */
  reload(): Promise<boolean>;
}

export interface OutsideList {
  /** The name of the file. */
  readonly source: string;
  readonly der: Buffer;
}

export interface TrustOptions {
  readonly folder: string;
  /** PEM, one each. */
  readonly own: readonly string[];
  readonly say: (sentence: string) => void;
}

/** Reads what is there. */
export async function openTrust(options: TrustOptions): Promise<Trust> {
  const own = options.own.map((pem) => ({ pem, facts: certificateFacts(pem), source: 'own' }));
  let authorities: readonly Trusted[] = own;
  let lists: readonly OutsideList[] = [];
  let seen = '';
  const reload = async () => {
    try {
      const [outside, crls] = await Promise.all([
        readAuthorities(options, authorities),
        filesIn(options.folder, '.crl'),
      ]);
      const found = [
        ...outside.map(({ pem }) => pem),
        ...crls.map(({ bytes }) => bytes.toString('base64')),
      ];
      const now = found.join('\n');
      if (now === seen) return false;
      seen = now;
      authorities = [...own, ...outside];
      lists = crls.map(({ name, bytes }) => ({ source: name, der: listDer(bytes) }));
      return true;
    } catch (error) {
      options.say(`The folder ${options.folder} cannot be read: ${(error as Error).message}`); // node's own
      return false;
    }
  };
  await reload();
  return { authorities: () => authorities, outsideLists: () => lists, reload };
}

async function readAuthorities(
  { folder, say }: TrustOptions,
  before: readonly Trusted[],
): Promise<Trusted[]> {
  const files = await filesIn(folder, '.pem');
  return files.flatMap(({ name, bytes }) => {
    try {
      return authoritiesIn(name, bytes);
    } catch (error) {
      say(`The file ${name} in ${folder} is not taken: ${(error as Error).message}`); // we or node threw it
      return before.filter(({ source }) => source === name);
    }
  });
}

function authoritiesIn(source: string, bytes: Buffer): Trusted[] {
  const blocks = pemBlocks(bytes.toString('latin1')).filter(({ label }) => label === 'CERTIFICATE');
  if (blocks.length === 0) throw new TypeError('there is no certificate in it');
  return blocks.map(({ der, line }) => {
    const facts = certificateFacts(der);
    if (!facts.authority)
      throw new TypeError(`the certificate at line ${line} is not that of an authority`);
    return { pem: toPem('CERTIFICATE', der), facts, source };
  });
}

function listDer(bytes: Buffer): Buffer {
  const [block] = pemBlocks(bytes.toString('latin1'));
  return block ? block.der : bytes;
}
