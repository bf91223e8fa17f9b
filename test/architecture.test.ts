/** The import rules, run as a test so that `npm test` alone notices a wrong arrow. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';

/** Folders of later issues are named already and may be missing. */
const folders = ['core', 'fhir', 'spine', 'certs', 'server', 'scripts', 'bench', 'test'].filter(
  (folder) => existsSync(folder),
);

describe('architecture', () => {
  it('keeps to the layers and doors in .dependency-cruiser.cjs', async function () {
    this.timeout(60_000);
    const options = await extractOptions('./.dependency-cruiser.cjs');
    const { output } = await cruise(folders, options);
    const { summary } = output as ICruiseResult; // no outputType is set, so the result is not a text
    // Without a parser for TypeScript the cruiser reads nothing and finds nothing wrong.
    assert.ok(summary.totalCruised > 20, 'the cruiser must have parsed the TypeScript');
    assert.deepEqual(summary.violations, []);
  });
});
