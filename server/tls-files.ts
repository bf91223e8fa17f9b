/**
 * A server certificate that the operator gives as files: read again when they change, taken when certificate and key fit,
 * and warned of before it ends. A bad pair leaves the good one in place. Owns the watching and the warnings.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { printOf } from './tls-identity.ts';
import type { ServerIdentity } from './tls-material.ts';

export interface GivenFilesOptions {
  /** PEM: the certificate, then what is between it and its root. */
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly log: Log;
  readonly now: () => number;
  /** Called when another pair is current. */
  readonly changed: () => void;
}

export interface GivenFiles {
  current(): ServerIdentity;
  /** Looks at the files now; runs by itself each second. Never rejects. */
  look(): Promise<void>;
  close(): void;
}

/** Milliseconds. */
const lookEvery = 1_000;
const day = 24 * 60 * 60_000;
const warnDays = [60, 30, 14, 7, 1];

/** @throws Problem `invalid` for files that will not do */
export async function openGivenFiles(options: GivenFilesOptions): Promise<GivenFiles> {
  const { certificateFile, keyFile, log, now, changed } = options;
  const print = async () => `${await printOf(certificateFile)} ${await printOf(keyFile)}`;
  let seen = await print();
  let current = await readPair(options);
  let told = '';
  const warned = new Set<number>();
  const warn = () => {
    const left = Date.parse(new X509Certificate(current.certificate).validTo) - now();
    const due = warnDays.findLast((days) => left <= days * day);
    if (due === undefined || warned.has(due)) return;
    warned.add(due);
    log.log('warn', 'the server certificate ends soon', {
      file: certificateFile,
      days: Math.floor(left / day),
    });
  };
  const look = async () => {
    warn();
    const found = await print();
    if (found === seen) return;
    try {
      current = await readPair(options);
      seen = found;
      told = '';
      warned.clear();
      log.log('info', 'the server certificate was read again', { file: certificateFile });
      changed();
    } catch (error) {
      // The second file of a pair may be on its way: told when the next look finds the same.
      if (told === found)
        log.log('error', 'the new server certificate is not taken; the one before goes on', {
          file: certificateFile,
          reason: Problem.from(error).message,
        });
      if (told === found) seen = found;
      told = found;
    }
  };
  warn();
  const timer = setInterval(() => void look(), lookEvery).unref();
  return {
    look,
    current: () => current,
    close: () => {
      clearInterval(timer);
    },
  };
}

async function readPair({ certificateFile, keyFile }: GivenFilesOptions): Promise<ServerIdentity> {
  const [certificate, key] = await Promise.all([
    readOne('TLS_CERT_FILE', certificateFile),
    readOne('TLS_KEY_FILE', keyFile),
  ]);
  try {
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      throw new TypeError('the key is not that of the certificate');
    createSecureContext({ cert: certificate, key });
  } catch (error) {
    throw new Problem(
      'invalid',
      `TLS_CERT_FILE and TLS_KEY_FILE hold no certificate with its key: ${(error as Error).message}`, // node threw it, or we
    );
  }
  return { certificate, key };
}

async function readOne(variable: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // node's own
    throw new Problem('invalid', `${variable} ${file} cannot be read: ${code ?? 'unknown'}`);
  }
}
