/**
 * A QR code (ISO/IEC 18004, bytes, level M) as inline SVG: made on the server, so that nothing is asked for elsewhere and no
 * script runs. Owns where the modules stand; what they say comes from qr-codewords.ts.
 */
import { html, type Html } from '../../core/html.ts';
import { codewordsOf, type Codewords } from './qr-codewords.ts';

/** Modules without ink around the code, as its readers need. */
const margin = 4;

/**
 * The code of a text as a picture; undefined for a text that is too long for one.
 * @param label what it says to who does not see it
 */
export function qrCode(text: string, label: string): Html | undefined {
  const rows = qrModules(text);
  if (!rows) return undefined;
  const size = rows.length + 2 * margin;
  const path = rows.flatMap((row, y) =>
    [...row].flatMap((dark, x) => (dark === '1' ? `M${x + margin} ${y + margin}h1v1h-1z` : [])),
  );
  return html`<svg class="hub-qr" role="img" aria-label="${label}" viewBox="0 0 ${size} ${size}" width="240" height="240" shape-rendering="crispEdges"><rect width="${size}" height="${size}" fill="#fff" /><path d="${path.join('')}" fill="#000" /></svg>`;
}

/** The code as rows of 1 (dark) and 0. */
export function qrModules(text: string): readonly string[] | undefined {
  const words = codewordsOf(text);
  if (!words) return undefined;
  const masked = masks.map((mask, number) => drawn(words, mask, number));
  const best = masked.reduce((least, one) => (penaltyOf(one) < penaltyOf(least) ? one : least));
  return best.map((row) => row.map((dark) => (dark ? '1' : '0')).join(''));
}

type Modules = readonly (readonly boolean[])[];
type Mask = (x: number, y: number) => boolean;

/** Which modules are turned over, so that there are no large plain fields. */
const masks: readonly Mask[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Everything of one mask. What is undefined in the grid is no pattern, so that codewords go there. */
function drawn({ version, bytes }: Codewords, mask: Mask, number: number): Modules {
  const size = version * 4 + 17;
  const grid: (boolean | undefined)[][] = Array.from({ length: size }, () =>
    new Array<boolean | undefined>(size).fill(undefined),
  );
  const set = (x: number, y: number, dark: boolean) => {
    const row = grid[y];
    if (row && x >= 0 && x < size) row[x] = dark;
  };
  drawPatterns(version, size, set);
  drawFormat(number, size, set);
  if (version >= 7) drawVersion(version, size, set);
  let at = 0;
  for (const [x, y] of wayThrough(size)) {
    if (grid[y]?.[x] !== undefined) continue;
    const dark = (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1) === 1;
    at++;
    set(x, y, dark !== mask(x, y));
  }
  return grid.map((row) => row.map((dark) => dark === true));
}

type Set = (x: number, y: number, dark: boolean) => void;

/** Timing, the three finders with their borders, and alignment. */
function drawPatterns(version: number, size: number, set: Set): void {
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  const around = (x: number, y: number, reach: number, dark: (ring: number) => boolean) => {
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++)
        set(x + dx, y + dy, dark(Math.max(Math.abs(dx), Math.abs(dy))));
  };
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    // prettier-ignore
    around(x, y, 4, (ring) => ring !== 2 && ring !== 4);
  const lines = linesOf(version, size);
  const last = lines.length - 1;
  lines.forEach((x, i) => {
    lines.forEach((y, j) => {
      const isFinder = (i === 0 && (j === 0 || j === last)) || (i === last && j === 0);
      if (!isFinder) around(x, y, 2, (ring) => ring !== 1);
    });
  });
}

/** Where the patterns of alignment have their middles, in both directions. */
function linesOf(version: number, size: number): readonly number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  const rest = Array.from({ length: count - 1 }, (_, i) => size - 7 - i * step);
  return [6, ...rest.reverse()];
}

/** Level M (00) and the mask, with ten bits of a BCH code, twice; and the one module that is always dark. */
function drawFormat(mask: number, size: number, set: Set): void {
  const bits = ((mask << 10) | remainder(mask, 10, 0x537)) ^ 0x5412;
  const bit = (i: number) => ((bits >> i) & 1) === 1;
  for (let i = 0; i < 15; i++) {
    const [near, far] = [i < 6 ? i : i < 8 ? i + 1 : i === 8 ? 7 : 14 - i, size - 15 + i];
    if (i < 8) set(8, near, bit(i));
    else set(near, 8, bit(i));
    if (i < 8) set(size - 1 - i, 8, bit(i));
    else set(8, far, bit(i));
  }
  set(8, size - 8, true);
}

/** The version with twelve bits of a Golay code, twice. */
function drawVersion(version: number, size: number, set: Set): void {
  const bits = (version << 12) | remainder(version, 12, 0x1f25);
  for (let i = 0; i < 18; i++) {
    const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
    const dark = ((bits >> i) & 1) === 1;
    set(a, b, dark);
    set(b, a, dark);
  }
}

function remainder(value: number, degree: number, divisor: number): number {
  let rest = value;
  for (let i = 0; i < degree; i++) rest = (rest << 1) ^ ((rest >> (degree - 1)) * divisor);
  return rest;
}

/** In pairs of columns from the right, up and down in turn; the column of the timing is left out. */
function* wayThrough(size: number): Generator<readonly [x: number, y: number]> {
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    const up = ((right + 1) & 2) === 0;
    for (let i = 0; i < size; i++)
      for (const x of [right, right - 1]) yield [x, up ? size - 1 - i : i];
  }
}

/** How hard a code is to read: runs, squares, what looks like a finder, too much of one colour. */
function penaltyOf(modules: Modules): number {
  const lines = [...modules, ...modules.map((_, x) => modules.map((row) => row[x] === true))].map(
    (line) => line.map((dark) => (dark ? '1' : '0')).join(''),
  );
  let penalty = 0;
  for (const line of lines) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) penalty += run.length - 2;
    const alike = [...line.matchAll(/(?=0000(?:1011101))|(?=1011101(?:0000))/g)];
    penalty += 40 * alike.length;
  }
  const all = modules.length ** 2;
  let dark = 0;
  modules.forEach((row, y) => {
    row.forEach((one, x) => {
      if (one) dark++;
      const square = [row[x + 1], modules[y + 1]?.[x], modules[y + 1]?.[x + 1]];
      if (square.every((other) => other === one)) penalty += 3;
    });
  });
  return penalty + 10 * Math.floor(Math.abs((dark * 20) / all - 10));
}
