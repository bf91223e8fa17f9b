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

/** A text of ours as a page shows it. */
export interface OwnText {
  readonly content: Html;
  /** Those of the second order, with what they are led to by. */
  readonly headings: readonly { readonly id: string; readonly text: string }[];
}

/**
 * A text of this repository, of any size: its headings can be led to.
 * @param address where a link of the text leads; undefined: its words stand alone
 */
export function ownText(text: string, address: (link: string) => string | undefined): OwnText {
  const tokens = withHeadings(ownReader.parse(text, {}), 2);
  const headings = new Map<string, string>();
  let blocks = 0;
  tokens.forEach((token, at) => {
    if (token.type === 'heading_open') {
      const words = plain(tokens[at + 1]?.children ?? []);
      const id = slugOf(words, headings);
      headings.set(id, token.tag === 'h2' ? words : '');
      token.attrSet('id', id);
    }
    if (token.type === 'fence') token.attrSet('label', `Example ${++blocks}`);
    if (token.children) token.children = led(token.children, address);
  });
  return {
    content: new Html(render(tokens)),
    headings: [...headings].flatMap(([id, words]) => (words === '' ? [] : [{ id, text: words }])),
  };
}

/** As the hosts of repositories do it: the same link works there and here. */
function slugOf(words: string, taken: ReadonlyMap<string, string>): string {
  const kept = words.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '');
  const slug = kept.trim().replace(/\s/g, '-') || 'part';
  for (let n = 1; ; n++) {
    const id = n === 1 ? slug : `${slug}-${n}`;
    if (!taken.has(id)) return id;
  }
}

/** Links lead where they are to, or are taken out. */
function led(tokens: readonly Token[], address: (link: string) => string | undefined): Token[] {
  let kept = true;
  return tokens.filter((token) => {
    if (token.type === 'link_close') return kept;
    if (token.type !== 'link_open') return true;
    const to = address(String(token.attrGet('href') ?? ''));
    kept = to !== undefined;
    if (to !== undefined) token.attrSet('href', to);
    return kept;
  });
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

const ownReader = markdownIt({ html: false, linkify: false, typographer: false });
ownReader.validateLink = (address) => !/^(javascript|data|vbscript|file):/i.test(address.trim());

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
  nameCells(tokens);
  return tokens.map((token) => one(token)).join('');
}

/** Cells behind the first of a row are told what they are: on narrow screens the head of a table is away. */
function nameCells(tokens: readonly Token[]): void {
  let heads: string[] = [];
  let at = 0;
  tokens.forEach((token, i) => {
    if (token.type === 'table_open') heads = [];
    if (token.type === 'tr_open') at = 0;
    if (token.type === 'th_open') heads.push(plain(tokens[i + 1]?.children ?? []));
    if (token.type !== 'td_open') return;
    const head = at++ === 0 ? '' : (heads[at - 1] ?? '');
    if (head !== '') token.attrSet('data-head', head);
  });
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
      return codeBlock(token.content, token.attrGet('label')?.toString() ?? 'Example').text;
    case 'heading':
      return isOpen ? heading(token) : tagOf(token.tag, false);
    case 'image':
      return html`${plain(token.children ?? []) || 'image'}`.text;
    case 'td':
      return isOpen ? cell(token) : '</td>';
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

function cell(token: Token): string {
  const head = token.attrGet('data-head');
  return head === null ? '<td>' : html`<td data-head="${String(head)}">`.text;
}

function heading(token: Token): string {
  const id = token.attrGet('id');
  return id === null ? `<${token.tag}>` : html`<${new Html(token.tag)} id="${String(id)}">`.text;
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
  return html`<pre class="hub-sample" role="group" tabindex="0" aria-label="${label}"><code>${text}</code></pre>`;
}
