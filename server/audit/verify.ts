/**
 * The verifier: reads chains and heads as files, changes nothing, and names the first bad entry of each chain.
 * It works on a copy as well as beside a running server, and needs no other part of the product.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isSigned, readHeads, type Head, type HeadsOfChain } from './heads.ts';
import { noLink } from './line.ts';
import { scanSegment, type BadKind, type Place, type SegmentScan } from './scan.ts';
import { chainsIn, segmentsIn } from './segment.ts';

export interface VerifyOptions {
  /** The folder of all chains. */
  readonly dir: string;
  /** The folder of the heads. */
  readonly heads: string;
  /** The key of the heads, PEM, private or public. Without it signatures are not checked, and a note says so. */
  readonly key?: string;
}

export interface VerifyReport {
  readonly good: boolean;
  readonly chains: readonly ChainReport[];
  /** What is worth knowing and no fault. */
  readonly notes: readonly string[];
}

export interface ChainReport {
  readonly chain: string;
  /** How many entries are good, from the first on. */
  readonly entries: number;
  /** The newest signed number that fits. */
  readonly signedTo: number;
  readonly fault?: ChainFault;
}

export interface ChainFault {
  readonly kind: Exclude<BadKind, 'torn'> | 'rewritten' | 'cut' | 'signature';
  /** The first bad entry. */
  readonly seq: number;
  /** Where it is, or should be; for a bad signature the file of the heads. */
  readonly file: string;
  readonly offset: number;
  /** One sentence for a person. */
  readonly message: string;
}

export interface VerifyProgress {
  readonly chain: string;
  readonly entries: number;
  readonly file: string;
}

const noHeads: HeadsOfChain = { heads: [] };

/** Checks every chain that has entries or heads. `onProgress` is called after each segment. Rejects when files cannot be read. */
export async function verifyAudit(
  { dir, heads: headsDir, key }: VerifyOptions,
  onProgress: (progress: VerifyProgress) => void = () => undefined,
): Promise<VerifyReport> {
  const publicKey = key === undefined ? undefined : createPublicKey(key);
  // Heads first: a running server signs only what is on disk already, so no head read now can be ahead of the files.
  const heads = await readHeads(headsDir);
  const names = [...new Set([...(await chainsIn(dir)), ...heads.keys()])].sort();
  const notes: string[] = [];
  if (!publicKey) notes.push('No key was given, so the signatures of the heads were not checked.');
  const chains: ChainReport[] = [];
  for (const chain of names) {
    const check = new ChainCheck(chain, heads.get(chain) ?? noHeads, headsDir, publicKey);
    chains.push(await check.run(join(dir, chain), onProgress));
    notes.push(...check.notes);
  }
  return { good: chains.every(({ fault }) => !fault), chains, notes };
}

/** The walk along one chain. */
class ChainCheck {
  readonly notes: string[] = [];
  readonly #chain: string;
  readonly #heads: HeadsOfChain;
  readonly #headsFile: string;
  readonly #publicKey: KeyObject | undefined;
  #place: Place = noLink;
  #nextHead = 0;
  #fault: ChainFault | undefined;

  constructor(
    chain: string,
    heads: HeadsOfChain,
    headsDir: string,
    publicKey: KeyObject | undefined,
  ) {
    this.#chain = chain;
    this.#heads = heads;
    this.#headsFile = join(headsDir, `${chain}.heads`);
    this.#publicKey = publicKey;
  }

  async run(folder: string, onProgress: (progress: VerifyProgress) => void): Promise<ChainReport> {
    const chain = this.#chain;
    let end = { file: folder, offset: 0 };
    const segments = await segmentsIn(folder);
    for (const [index, { path }] of segments.entries()) {
      const scan = await this.#scan(path);
      if (scan.last) this.#place = scan.last;
      if (scan.entries > 0 || scan.bad) end = { file: path, offset: scan.end };
      if (scan.bad && !this.#fault) await this.#judge(scan, path, segments.slice(index + 1));
      onProgress({ chain, entries: this.#place.seq, file: path });
      if (this.#fault) break;
    }
    if (this.#heads.heads.length === 0 && this.#place.seq > 0)
      this.notes.push(`Chain ${chain} has no signed head, so a cut tail would not show.`);
    this.#fault ??= this.#cutTail(end) ?? this.#badHeadLine();
    const signedTo = this.#heads.heads[this.#nextHead - 1]?.seq ?? 0;
    const entries = this.#fault ? Math.min(this.#place.seq, this.#fault.seq - 1) : this.#place.seq;
    const report = { chain, entries, signedTo };
    return this.#fault ? { ...report, fault: this.#fault } : report;
  }

  /** Reads a segment; where its end looks wrong it is read again from there, as a running server may be writing it. */
  async #scan(path: string): Promise<SegmentScan> {
    const chain = this.#chain;
    const onLine = (_line: Buffer, place: Place, offset: number) => {
      this.#compare(place, path, offset);
    };
    let scan = await scanSegment(path, chain, this.#place, onLine);
    const signedTo = this.#heads.heads.at(-1)?.seq ?? 0;
    for (let again = 0; again < 2 && scan.bad && signedTo <= (scan.last?.seq ?? 0); again++) {
      await wait(50);
      const { entries } = scan;
      scan = await scanSegment(path, chain, scan.last, onLine, scan.end);
      scan = { ...scan, entries: scan.entries + entries };
    }
    return scan;
  }

  /** Compares an entry with the heads signed for its number. */
  #compare({ seq, hash }: Place, file: string, offset: number): void {
    if (this.#fault) return;
    for (;;) {
      const head = this.#heads.heads[this.#nextHead];
      if (!head || head.seq > seq) return;
      this.#fault = this.#badSignature(head);
      if (this.#fault) return;
      if (head.hash !== hash) {
        const good = this.#heads.heads[this.#nextHead - 1]?.seq ?? 0;
        const message = `Entry ${good + 1} or one behind it, up to ${seq}, was rewritten: entry ${seq} is not the one that was signed.`;
        this.#fault = { kind: 'rewritten', seq: good + 1, file, offset, message };
        return;
      }
      this.#nextHead++;
    }
  }

  /** Names what stands behind the last sound line of a segment. */
  async #judge(scan: SegmentScan, path: string, later: readonly { path: string }[]): Promise<void> {
    const { bad, end } = scan;
    if (!bad) return;
    const seq = this.#place.seq + 1;
    const signed = this.#heads.heads.some((head) => head.seq >= seq);
    const goesOn = await anyEntries(
      later.map((segment) => segment.path),
      this.#chain,
    );
    if (bad.kind === 'torn' && !signed && !goesOn) {
      this.notes.push(
        `Half an entry stands at the end of chain ${this.#chain} (${path}, byte ${end}): a write in progress, or one that a crash cut short. It was never acknowledged.`,
      );
      return;
    }
    const torn = bad.kind === 'torn';
    const why = torn ? 'is cut short, although it was acknowledged' : bad.why;
    this.#fault = {
      kind: bad.kind === 'torn' ? 'changed' : bad.kind,
      seq,
      file: path,
      offset: end,
      message: `Entry ${seq} ${why}.`,
    };
  }

  #badSignature(head: Head): ChainFault | undefined {
    if (!this.#publicKey || isSigned(head, this.#publicKey)) return undefined;
    const message = `The head signed for entry ${head.seq} has a wrong signature: it was changed, forged, or made with another key.`;
    return { kind: 'signature', seq: head.seq, file: this.#headsFile, offset: 0, message };
  }

  #cutTail({ file, offset }: { file: string; offset: number }): ChainFault | undefined {
    for (const head of this.#heads.heads.slice(this.#nextHead)) {
      const fault = this.#badSignature(head);
      if (fault) return fault;
    }
    const last = this.#heads.heads.at(-1);
    if (!last || last.seq <= this.#place.seq) return undefined;
    const seq = this.#place.seq + 1;
    const message = `Entry ${seq} is missing: the chain ends before it, but entry ${last.seq} was signed. The end has been cut off.`;
    return { kind: 'cut', seq, file, offset, message };
  }

  #badHeadLine(): ChainFault | undefined {
    const { badLine } = this.#heads;
    if (badLine === undefined) return undefined;
    const message = `Line ${badLine} of the signed heads is no head: it was changed.`;
    return {
      kind: 'signature',
      seq: this.#place.seq + 1,
      file: this.#headsFile,
      offset: 0,
      message,
    };
  }
}

async function anyEntries(paths: readonly string[], chain: string): Promise<boolean> {
  for (const path of paths)
    if ((await scanSegment(path, chain, undefined)).entries > 0) return true;
  return false;
}
