/** PEM (RFC 7468): blocks found in text, and made. Text is searched once and never backtracked over. */

/** One block. */
export interface PemBlock {
  /** `CERTIFICATE`, `CERTIFICATE REQUEST`, `X509 CRL` … */
  readonly label: string;
  readonly der: Buffer;
  /** The line it begins on, from 1. */
  readonly line: number;
}

/** All whole blocks in a text, in order; what stands between them is passed over. Text without an end is no block. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { label: string; line: number; body: string[] } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line.startsWith(begin) && line.endsWith(dashes))
      open = { label: line.slice(begin.length, -dashes.length), line: index + 1, body: [] };
    else if (open && line === `${end}${open.label}${dashes}`) {
      const { label, body } = open;
      blocks.push({ label, line: open.line, der: Buffer.from(body.join(''), 'base64') });
      open = undefined;
    } else open?.body.push(line);
  }
  return blocks;
}

/** One block, 64 characters a line. */
export function toPem(label: string, der: Buffer): string {
  const base64 = der.toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += 64) lines.push(base64.slice(at, at + 64));
  return `${begin}${label}${dashes}\n${lines.join('\n')}\n${end}${label}${dashes}\n`;
}

const dashes = '-----';
const begin = '-----BEGIN ';
const end = '-----END ';
