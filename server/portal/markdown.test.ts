import assert from 'node:assert/strict';
import { firstParagraph, pageTexts } from './markdown.ts';

const block = (text: string) => pageTexts().block(text, 3).text;

describe('Markdown of producers', () => {
  it('becomes paragraphs, lists, tables, code and headings that go down one at a time', () => {
    const text =
      '# One\n\nA *b* **c** `d`.\n\n#### Deep\n\n- e\n\n| h |\n|---|\n| i |\n\n```\n<j>\n```\n';
    const out = block(text);
    assert.match(
      out,
      /<h3>One<\/h3><p>A <em>b<\/em> <strong>c<\/strong> <code class="hub-code">d<\/code>\.<\/p>/,
    );
    assert.match(out, /<h4>Deep<\/h4>/);
    assert.match(out, /<li>e<\/li>/);
    assert.match(out, /<th scope="col">h<\/th>.*<td>i<\/td>/s);
    assert.match(out, /&lt;j&gt;/);
  });

  it('tells each cell behind the first what it is, for screens where the head is away', () => {
    const out = block(
      '| You | `Start` "here" |\n|---|---|\n| a | b |\n\n| x | y |\n|---|---|\n| c | d |\n',
    );
    assert.match(out, /<td>a<\/td><td data-head="Start &quot;here&quot;">b<\/td>/);
    assert.match(out, /<td>c<\/td><td data-head="y">d<\/td>/);
  });

  it('shows HTML as text, whatever it is', () => {
    for (const text of [
      '<script>alert(1)</script>',
      '<img src=x onerror=alert(1)>',
      'a <svg/onload=alert(1)> b',
      '<a href="javascript:alert(1)">x</a>',
      '```\n</code><script>alert(1)</script>\n```',
      '`</code><script>alert(1)</script>`',
      '| a |\n|---|\n| <script>alert(1)</script> |',
      '<!-- <script> --> <script>x</script>',
      '&lt;script&gt;alert(1)&lt;/script&gt;',
    ])
      assert.doesNotMatch(block(text), /<(script|img|svg|a)\b/i, text);
  });

  it('names images instead of showing them, so nothing is asked of elsewhere', () => {
    const out = block(
      '![a badge](https://tracker.example/x.png) and [![b](https://e.example/y.svg)](https://e.example)',
    );
    assert.doesNotMatch(out, /<img|src=|tracker/);
    assert.match(out, /a badge and/);
    assert.match(block('![ref][1]\n\n[1]: https://e.example/z.png'), /ref/);
  });

  it('leads only to web pages, mail and places of its own, and vouches for none', () => {
    assert.match(
      block('[a](https://e.example/?a=1&b="2")'),
      /<a href="https:\/\/e\.example\/\?a=1&amp;b=%222%22" rel="nofollow noopener noreferrer">a<\/a>/,
    );
    assert.match(block('[a](#b)'), /<a href="#b">a<\/a>/);
    assert.match(block('[a](/catalogue)'), /<a href="\/catalogue">a<\/a>/);
    for (const address of [
      'javascript:alert(1)',
      'JAVASCRIPT:alert(1)',
      'java&#115;cript:alert(1)',
      '&#x6A;avascript:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      '//evil.example/x',
      'file:///etc/passwd',
    ])
      for (const text of [
        `[a](${address})`,
        `[a](<${address}>)`,
        `<${address}>`,
        `[a]\n\n[a]: ${address}`,
      ])
        assert.doesNotMatch(block(text), /<a /, text);
  });

  it('is shown as text where reading it would take long, and cut where it is too long', () => {
    for (const text of [
      '['.repeat(200_000),
      '*a **b '.repeat(30_000),
      '>'.repeat(100_000),
      '- '.repeat(50_000),
    ]) {
      const out = block(text);
      assert.match(out, /<pre class="hub-plain">/);
      assert.match(out, /The text goes on/);
    }
    assert.doesNotMatch(block(`${'> '.repeat(2_000)}deep`), /(<blockquote[^>]*>\s*){30}/);
  });

  it('stops being read when a page has had enough of it', () => {
    const texts = pageTexts();
    const paragraph = `*a* ${'word '.repeat(600)}\n\n`;
    const many = Array.from({ length: 60 }, () => texts.block(paragraph).text);
    assert.match(many[0] ?? '', /<em>a<\/em>/);
    assert.match(many.at(-1) ?? '', /\*a\* word/);
  });

  it('gives its first paragraph as plain words', () => {
    assert.equal(
      firstParagraph('# Title\n\nA **bold**\n[word](https://e.example) <b>x</b>.\n\nMore.'),
      'A bold word <b>x</b>.',
    );
    assert.equal(firstParagraph(''), '');
    assert.equal(firstParagraph('# Only a title'), '');
  });
});
