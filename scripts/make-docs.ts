/**
 * `npm run docs`: writes the generated pages of docs/. With `--check` writes nothing and exits with 1,
 * naming the pages that no longer say what the code says.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generatedDocs } from './generated-docs.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const stale = [...(await generatedDocs())].filter(
  ([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text,
);
for (const [path, text] of stale) {
  if (!values.check) writeFileSync(path, text);
  console.log(values.check ? `${path} is stale: run npm run docs` : `wrote ${path}`);
}
if (values.check && stale.length > 0) process.exitCode = 1;
