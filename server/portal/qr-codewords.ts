/**
 * The codewords of a QR code (ISO/IEC 18004): bytes with their error correction of level M, interleaved. Owns the table of
 * sizes and the arithmetic of Reed and Solomon; where the bits stand, qr-code.ts knows.
 */

/** Versions 1 to 25, level M: codewords of error correction in a block, and blocks. */
const correction: readonly (readonly [each: number, blocks: number])[] = [
  ...([[10, 1], [16, 1], [26, 1], [18, 2], [24, 2], [16, 4], [18, 4]] as const), // prettier-ignore
  ...([[22, 4], [22, 5], [26, 5], [30, 5], [22, 8], [22, 9]] as const), // prettier-ignore
  ...([[24, 9], [24, 10], [28, 10], [28, 11], [26, 13], [26, 14]] as const), // prettier-ignore
  ...([[26, 16], [26, 17], [28, 17], [28, 18], [28, 20], [28, 21]] as const), // prettier-ignore
];

export interface Codewords {
  /** 1 to 25: how large the code is. */
  readonly version: number;
  readonly bytes: readonly number[];
}

/** A text as codewords of the smallest version that holds it; undefined when none does. */
export function codewordsOf(text: string): Codewords | undefined {
  const content = Buffer.from(text);
  for (let version = 1; version <= correction.length; version++) {
    const [each = 0, blocks = 1] = correction[version - 1] ?? [];
    const room = Math.floor(modulesOf(version) / 8) - each * blocks;
    const data = segmentOf(content, version, room);
    if (data) return { version, bytes: interleaved(data, each, blocks) };
  }
  return undefined;
}

/** Modules that are left for codewords beside the patterns of a version. */
function modulesOf(version: number): number {
  const all = (16 * version + 128) * version + 64;
  if (version === 1) return all;
  const lines = Math.floor(version / 7) + 2;
  return all - ((25 * lines - 10) * lines - 55) - (version >= 7 ? 36 : 0);
}

/** Mode (bytes), length, content, end and padding; undefined when it does not fit. */
function segmentOf(content: Buffer, version: number, room: number): readonly number[] | undefined {
  const lengthBits = version < 10 ? 8 : 16;
  let bits = `0100${content.length.toString(2).padStart(lengthBits, '0')}`;
  for (const byte of content) bits += byte.toString(2).padStart(8, '0');
  if (bits.length > room * 8) return undefined;
  bits += '0'.repeat(Math.min(4, room * 8 - bits.length));
  const bytes = (bits.match(/.{1,8}/g) ?? []).map((one) => parseInt(one.padEnd(8, '0'), 2));
  for (let pad = 0xec; bytes.length < room; pad ^= 0xec ^ 0x11) bytes.push(pad);
  return bytes;
}

/** Cut into blocks, the longer ones last; then the first of each, the second of each. */
function interleaved(data: readonly number[], each: number, blocks: number): readonly number[] {
  const short = Math.floor(data.length / blocks);
  const long = data.length % blocks;
  const divisor = divisorOf(each);
  const cut = Array.from({ length: blocks }, (_, block) => {
    const from = block * short + Math.max(0, block - (blocks - long));
    return data.slice(from, from + short + (block >= blocks - long ? 1 : 0));
  });
  const checks = cut.map((block) => remainderOf(block, divisor));
  return [...inTurn(cut), ...inTurn(checks)];
}

function inTurn(blocks: readonly (readonly number[])[]): readonly number[] {
  const longest = Math.max(...blocks.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => blocks.flatMap((one) => one[at] ?? [])).flat();
}

/** The product of (x - 2^i), without its leading 1. */
function divisorOf(degree: number): readonly number[] {
  let result = [...new Array<number>(degree - 1).fill(0), 1];
  let root = 1;
  for (let at = 0; at < degree; at++) {
    result = result.map((one, i) => product(one, root) ^ (result[i + 1] ?? 0));
    root = product(root, 2);
  }
  return result;
}

function remainderOf(data: readonly number[], divisor: readonly number[]): readonly number[] {
  let rest = divisor.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ (rest[0] ?? 0);
    const moved = [...rest.slice(1), 0];
    rest = moved.map((one, i) => one ^ product(divisor[i] ?? 0, factor));
  }
  return rest;
}

/** In the field of 256 elements over x^8 + x^4 + x^3 + x^2 + 1. */
function product(a: number, b: number): number {
  let result = 0;
  for (let bit = 7; bit >= 0; bit--) {
    result = (result << 1) ^ ((result >> 7) * 0x11d);
    result ^= ((b >> bit) & 1) * a;
  }
  return result;
}
