/**
 * Markdown of producers as HTML (the one door to markdown-it): raw HTML is shown as text, images are their words, links lead
 * only where a reader may be led and say to crawlers that we do not vouch for them. What takes too long is shown as text.
 * Owns that allow-list; every tag of the result is written here or escaped.
 */
import markdownIt, { type Token } from 'markdown-it';
import { Html, html } from '../../core/html.ts';

/** Turns texts of one page into HTML, and stops doing so when the page has had enough of them. */
export interface Texts {
  /** A text of paragraphs, lists, tables, code. Its headings begin at `level`. */
  block(text: string, level?: 2 | 3 | 4): Html;
  /** A text of one line, for table cells. */
  line(text: string): Html;
}

/** Characters of one text; behind them it is cut with a word about it. */
const longest = 40_000;
/** Characters between two blank lines: the cost of emphasis and brackets grows with the square of this. */
const longestBlock = 4_000;
/** Characters on one page that are read as Markdown. */
const budget = 80_000;

/** What is rendered; any other kind of token a later version may make is left out. */
const allowed = new Set(
  `text softbreak hardbreak code_inline code_block fence hr inline
   paragraph heading bullet_list ordered_list list_item blockquote em strong s
   table thead tbody tr th td link image`.split(/\s+/),
);

/** The Markdown of one page. */
export function pageTexts(): Texts {
  let left = budget;
  const take = (text: string): boolean => (left -= text.length) >= 0;
  return {
    block(text, level = 2) {
      const cut = text.length > longest;
      const given = cut ? text.slice(0, longest) : text;
      const shown =
        take(given) && isQuick(given)
          ? new Html(render(withHeadings(reader.parse(given, {}), level)))
          : html`<pre class="hub-plain">${given}</pre>`;
      return cut
        ? html`${shown}<p>The text goes on; it is whole in the downloaded document.</p>`
        : shown;
    },
    line(text) {
      const given = text.length > longestBlock ? `${text.slice(0, longestBlock)} …` : text;
      return take(given) && isQuick(given)
        ? new Html(render(reader.parseInline(given, {})))
        : html`${given}`;
    },
  };
}

/** The first paragraph of a text, as plain words. */
export function firstParagraph(text: string): string {
  const given = text.slice(0, longestBlock);
  const tokens = reader.parse(given, {});
  const at = tokens.findIndex(({ type }) => type === 'paragraph_open');
  return plain(tokens[at + 1]?.children ?? []).trim();
}

const reader = markdownIt({ html: false, linkify: false, typographer: false, maxNesting: 20 });
// An address that is refused leaves its source on the page, as text.
reader.validateLink = (address) => /^(https?:\/\/|mailto:|#|\/(?!\/))/i.test(address.trim());

function isQuick(text: string): boolean {
  return text.split(/\n[ \t]*\n/).every((block) => block.length <= longestBlock);
}

/** Headings begin at a level and go down one at a time, as readers who jump from one to the next need it. */
function withHeadings(tokens: Token[], level: number): Token[] {
  const used = [...new Set(tokens.filter(isHeading).map(({ tag }) => tag))].sort();
  let before = level - 1;
  for (const token of tokens.filter(isHeading)) {
    if (token.nesting === 1) before = Math.min(6, before + 1, level + used.indexOf(token.tag));
    token.tag = `h${before}`;
  }
  return tokens;
}

function isHeading({ type }: Token): boolean {
  return type.startsWith('heading_');
}

function render(tokens: readonly Token[]): string {
  return tokens.map((token) => one(token)).join('');
}

function one(token: Token): string {
  const name = token.type.replace(/_(open|close)$/, '');
  if (!allowed.has(name) || token.hidden) return '';
  const isOpen = token.nesting === 1;
  switch (name) {
    case 'inline':
      return render(token.children ?? []);
    case 'text':
      return html`${token.content}`.text;
    case 'softbreak':
      return '\n';
    case 'hardbreak':
      return '<br />';
    case 'hr':
      return '<hr />';
    case 'code_inline':
      return html`<code class="hub-code">${token.content}</code>`.text;
    case 'code_block':
    case 'fence':
      return codeBlock(token.content, 'Example').text;
    case 'image':
      return html`${plain(token.children ?? []) || 'image'}`.text;
    case 'link':
      return isOpen ? anchor(String(token.attrGet('href') ?? '')) : '</a>';
    default:
      return (isOpen ? opening[name] : undefined) ?? tagOf(token.tag, isOpen);
  }
}

const opening: Readonly<Record<string, string>> = {
  bullet_list: '<ul class="nhsuk-list nhsuk-list--bullet hub-list">',
  ordered_list: '<ol class="nhsuk-list nhsuk-list--number">',
  table: '<table class="nhsuk-table hub-stack">',
  blockquote: '<blockquote class="nhsuk-inset-text">',
  th: '<th scope="col">',
};

function tagOf(name: string, isOpen: boolean): string {
  return isOpen ? `<${name}>` : `</${name}>`;
}

function anchor(address: string): string {
  const rel = /^[/#]/.test(address) ? '' : ' rel="nofollow noopener noreferrer"';
  return `<a href="${html`${address}`.text}"${rel}>`;
}

function plain(tokens: readonly Token[]): string {
  return tokens
    .map(({ type, content, children }) =>
      type === 'softbreak' || type === 'hardbreak'
        ? ' '
        : type === 'image'
          ? plain(children ?? [])
          : content,
    )
    .join('');
}

/** Code that scrolls within itself, with the keyboard too. */
export function codeBlock(text: string, label: string): Html {
  return html`<pre class="hub-block" role="region" tabindex="0" aria-label="${label}"><code>${text}</code></pre>`;
}
