/** The documents' links among themselves, so that a renamed page is noticed here and not by a reader. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const pages = [
  ...readdirSync('.'),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
].filter((path) => path.endsWith('.md'));

describe('documents', () => {
  it('link only to files that exist', () => {
    assert.ok(pages.length > 10, 'the pages must have been found');
    const broken = pages.flatMap((page) =>
      linksIn(readFileSync(page, 'utf8'))
        .filter((link) => !existsSync(join(dirname(page), link)))
        .map((link) => `${page} → ${link}`),
    );
    assert.deepEqual(broken, []);
  });

  it('list every decision record in the index', () => {
    const index = readFileSync('docs/decisions/README.md', 'utf8');
    const records = readdirSync('docs/decisions').filter((name) => /^\d{4}-.*\.md$/.test(name));
    assert.deepEqual(
      records.filter((name) => !index.includes(`(${name})`)),
      [],
    );
  });
});

/** Targets of Markdown links to files of ours, without their anchors. */
function linksIn(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^(?:[a-z]+:|\/)/.test(link)); // pages of the hub are tested with it
}
