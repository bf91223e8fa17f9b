/**
 * A certificate authority made with openssl, for tests that must not rest on our own: a root, an issuing authority below
 * it, certificates and revocation lists. Owns the calls of openssl; `whyNoOpenssl` says why it cannot.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why there is no openssl; undefined where it is. */
export function whyNoOpenssl(): string | undefined {
  if (spawnSync('openssl', ['version']).status === 0) return undefined;
  return 'openssl is not installed';
}

/** PEM. */
export interface Made {
  readonly certificate: string;
  readonly key: string;
  /** Files of both, for programs that want files; the first holds the chain too. */
  readonly files: { readonly certificate: string; readonly key: string };
}

export interface Ask {
  readonly name: string;
  readonly subject?: string;
  /** Lines of an extension section. */
  readonly extensions?: readonly string[];
  /** YYYYMMDDHHMMSSZ. */
  readonly from?: string;
  readonly to?: string;
  readonly key?: readonly string[];
  readonly digest?: string;
}

export class OpensslCa {
  readonly dir = mkdtempSync(join(tmpdir(), 'gatehouse-ca-'));
  readonly root: string;
  readonly issuing: string;

  /** @param name stands in the names of both authorities */
  constructor(name = 'Test') {
    this.#write('root');
    this.#write('issuing');
    const root = this.#selfSigned('root', `/O=Test/CN=${name} Root`);
    this.#request('issuing', `/O=Test/CN=${name} Issuing`, ec);
    this.#sign('root', 'issuing', authority(0), {});
    this.root = root;
    this.issuing = readFileSync(this.file('issuing.pem'), 'utf8');
  }

  /** Both authorities, PEM. */
  get authorities(): readonly string[] {
    return [this.issuing, this.root];
  }

  /** The newest list of each. @param hours how long they are good for */
  lists(hours = 24): readonly string[] {
    return [this.list('issuing', hours), this.list('root', hours)];
  }

  list(authority: 'root' | 'issuing', hours = 24): string {
    return this.#run(
      ...['ca', '-config', `${authority}.cnf`, '-gencrl', '-crlhours', String(hours)],
    );
  }

  /** A list that ends at this time, in milliseconds since the epoch. */
  listUntil(authority: 'root' | 'issuing', end: number): string {
    const text = (time: number) =>
      `${new Date(time).toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
    const dates = ['-crl_lastupdate', text(end - 3_600_000), '-crl_nextupdate', text(end)];
    return this.#run(...['ca', '-config', `${authority}.cnf`, '-gencrl'], ...dates);
  }

  client(name: string, ask: Omit<Ask, 'name'> = {}): Made {
    return this.make({ name, ...ask });
  }

  server(name: string, names: readonly string[] = ['localhost']): Made {
    return this.make({
      name,
      extensions: [
        'basicConstraints=critical,CA:FALSE',
        'keyUsage=critical,digitalSignature',
        'extendedKeyUsage=serverAuth',
        `subjectAltName=${[...names.map((one) => `DNS:${one}`), 'IP:127.0.0.1'].join(',')}`,
      ],
    });
  }

  make({ name, subject = `/O=Test/CN=${name}`, extensions, ...ask }: Ask): Made {
    const id = `c${++this.#made}`;
    this.#request(id, subject, ask.key ?? ec);
    this.#sign('issuing', id, extensions ?? clientExtensions(name), ask);
    const certificate = readFileSync(this.file(`${id}.pem`), 'utf8');
    const chain = this.file(`${id}.chain.pem`);
    writeFileSync(chain, certificate + this.issuing);
    return {
      certificate,
      key: readFileSync(this.file(`${id}.key`), 'utf8'),
      files: { certificate: chain, key: this.file(`${id}.key`) },
    };
  }

  /** It is on the next list. */
  revoke({ files }: Made): void {
    const file = files.certificate.replace('.chain.pem', '.pem');
    this.#run('ca', '-config', 'issuing.cnf', '-revoke', file);
  }

  file(name: string): string {
    return join(this.dir, name);
  }

  end(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #made = 0;

  #write(id: string): void {
    writeFileSync(this.file(`${id}.index`), '');
    writeFileSync(this.file(`${id}.index.attr`), 'unique_subject = no\n');
    writeFileSync(this.file(`${id}.crlnumber`), '01\n');
    writeFileSync(
      this.file(`${id}.cnf`),
      [
        '[ca]',
        'default_ca=d',
        '[d]',
        `database=${this.file(`${id}.index`)}`,
        `crlnumber=${this.file(`${id}.crlnumber`)}`,
        `new_certs_dir=${this.dir}`,
        `certificate=${this.file(`${id}.pem`)}`,
        `private_key=${this.file(`${id}.key`)}`,
        'rand_serial=yes',
        'default_md=sha256',
        'policy=p',
        'email_in_dn=yes',
        'unique_subject=no',
        '[p]',
        ...['organizationName', 'commonName', 'emailAddress'].map((one) => `${one}=optional`),
        '',
      ].join('\n'),
    );
  }

  #selfSigned(id: string, subject: string): string {
    this.#run(
      ...['req', '-x509', ...ec, '-nodes', '-keyout', `${id}.key`, '-out', `${id}.pem`],
      ...['-days', '3650', '-subj', subject],
      ...authority(1).flatMap((line) => (line.startsWith('authority') ? [] : ['-addext', line])),
    );
    return readFileSync(this.file(`${id}.pem`), 'utf8');
  }

  #request(id: string, subject: string, key: readonly string[]): void {
    this.#run(
      ...['req', '-new', ...key, '-nodes', '-keyout', `${id}.key`, '-out', `${id}.csr`],
      ...['-subj', subject, '-multivalue-rdn'],
    );
  }

  #sign(
    by: 'root' | 'issuing',
    id: string,
    extensions: readonly string[],
    { from, to, digest = 'sha256' }: Pick<Ask, 'from' | 'to' | 'digest'>,
  ): void {
    writeFileSync(this.file(`${id}.ext`), ['[e]', ...extensions, ''].join('\n'));
    this.#run(
      ...['ca', '-batch', '-config', `${by}.cnf`, '-in', `${id}.csr`, '-out', `${id}.pem`],
      ...['-extfile', `${id}.ext`, '-extensions', 'e', '-notext', '-md', digest, '-preserveDN'],
      ...(to === undefined ? ['-days', '365'] : ['-enddate', to]),
      ...(from === undefined ? [] : ['-startdate', from]),
    );
  }

  #run(...args: string[]): string {
    return execFileSync('openssl', args, {
      cwd: this.dir,
      stdio: ['ignore', 'pipe', 'pipe'],
    }).toString();
  }
}

const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

function authority(pathlen: number): readonly string[] {
  return [
    `basicConstraints=critical,CA:TRUE,pathlen:${pathlen}`,
    'keyUsage=critical,keyCertSign,cRLSign',
    'subjectKeyIdentifier=hash',
  ];
}

function clientExtensions(name: string): readonly string[] {
  return [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=clientAuth',
    `subjectAltName=DNS:${name}`,
  ];
}
