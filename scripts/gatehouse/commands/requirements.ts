/**
 * `gatehouse requirements`: which rows of docs/requirements.md a test proves. Reads sources only: the titles of tests,
 * which bear the ids of the rows they prove (`it('R019 R020 refuses …')`). Whether those tests pass is `npm test`'s business.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { Problem } from '../../../core/problem.ts';

/** One row of the checklist. */
export interface Requirement {
  readonly id: string;
  readonly area: string;
  readonly text: string;
}

/** One test that claims a row. `file` is relative to the checkout. */
export interface Proof {
  readonly id: string;
  readonly file: string;
  readonly title: string;
}

/** What `findings` reports: each list in the order of the checklist, `unknown` in the order of the files. */
export interface Findings {
  readonly requirements: readonly Requirement[];
  readonly proofs: readonly Proof[];
  readonly missing: readonly Requirement[];
  /** Claims of ids that the checklist does not have. */
  readonly unknown: readonly Proof[];
}

const folders = ['core', 'fhir', 'spine', 'certs', 'server', 'scripts', 'test'];

/** The command `requirements`. Exit code 1 when a test bears an id that no row has. */
export function requirementsCommand(): Command {
  return new Command('requirements')
    .description('list the rows of docs/requirements.md that a test proves')
    .option('--missing', 'list the rows that no test proves yet')
    .option('--root <folder>', 'the checkout to look at', '.')
    .addHelpText(
      'after',
      `
A test proves a row when its title begins with the row's id: it('R019 refuses …'), it('N3 R050 …').
Looked at: *.test.ts under ${folders.join(', ')}. A test marked it.skip proves nothing.
Exit code: 0, or 1 when a title bears an id that docs/requirements.md does not have.`,
    )
    .action(({ missing = false, root }: { missing?: boolean; root: string }) => {
      const found = findings(root);
      console.log(missing ? missingTable(found) : provenTable(found));
      if (found.unknown.length === 0) return;
      console.error(`\nNo such requirement:\n${proofTable(found.unknown)}`);
      process.exitCode = 1;
    });
}

/**
 * Reads the checklist and all test titles of a checkout.
 * @throws Problem `not-found` when the folder holds no docs/requirements.md.
 */
export function findings(root: string): Findings {
  const checklist = join(root, 'docs', 'requirements.md');
  if (!existsSync(checklist))
    throw new Problem(
      'not-found',
      `No ${checklist}: run this in a checkout, or name one by --root`,
    );
  const requirements = toRequirements(readFileSync(checklist, 'utf8'));
  const claims = testFiles(root).flatMap((file) =>
    toProofs(file, readFileSync(join(root, file), 'utf8')),
  );
  const place = new Map(requirements.map(({ id }, index) => [id, index]));
  const proofs = claims
    .filter(({ id }) => place.has(id))
    .sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0));
  const proven = new Set(proofs.map(({ id }) => id));
  return {
    requirements,
    proofs,
    missing: requirements.filter(({ id }) => !proven.has(id)),
    unknown: claims.filter(({ id }) => !place.has(id)),
  };
}

/** Rows of a Markdown table whose first cell is an id: `| R019 | GW | … |`. */
function toRequirements(markdown: string): Requirement[] {
  return [...markdown.matchAll(/^\| *([RN]\d+) *\|([^|]*)\|([^|]*)\|/gm)].map(
    ([, id = '', area = '', text = '']) => ({ id, area: area.trim(), text: text.trim() }),
  );
}

function testFiles(root: string): string[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
        (name) => `${folder}/${name.replaceAll('\\', '/')}`,
      ),
    )
    .filter((file) => file.endsWith('.test.ts') && !file.includes('/node_modules/'))
    .sort();
}

/** Only `it(` at the start of a line counts, so that a test in a comment, or skipped, proves nothing. */
const testTitle = /^[ \t]*it(?:\.only)?\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/gm;

/** `R019 R020 N3` before the sentence. One digit after R is FHIR's release (`R4 …`), not an id. */
const idsAtStart = /^(?:(?:R\d{2,}|N\d+)[ ,]+)+/;

function toProofs(file: string, source: string): Proof[] {
  return [...source.matchAll(testTitle)].flatMap(([, , quoted = '']) => {
    const title = quoted.replace(/\\(.)/g, '$1');
    const ids = idsAtStart.exec(title)?.[0] ?? '';
    const sentence = title.slice(ids.length);
    return (ids.match(/[RN]\d+/g) ?? []).map((id) => ({ id, file, title: sentence }));
  });
}

function provenTable(found: Findings): string {
  const table = found.proofs.length === 0 ? '' : `${proofTable(found.proofs)}\n\n`;
  return table + counts(found);
}

function missingTable(found: Findings): string {
  const rows = found.missing.map(
    ({ id, area, text }) => `${id.padEnd(5)} ${area.padEnd(5)} ${text}`,
  );
  return [...rows, '', counts(found)].join('\n');
}

function proofTable(proofs: readonly Proof[]): string {
  const width = Math.max(...proofs.map(({ file }) => file.length));
  return proofs
    .map(({ id, file, title }) => `${id.padEnd(5)} ${file.padEnd(width)}  ${title}`)
    .join('\n');
}

function counts({ requirements, missing }: Findings): string {
  return `proven ${requirements.length - missing.length} of ${requirements.length}`;
}
