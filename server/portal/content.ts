/**
 * The pages that explain, as files of this repository: Markdown with a few facts in front. Owns which files are pages and at
 * which path, what stands in front of them, and where their links lead; how they look is content-pages.ts's.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export const audiences = ['everybody', 'consumer', 'producer', 'tester', 'operator'] as const;
export type Audience = (typeof audiences)[number];

export interface ContentPage {
  /** `/start/testers`. */
  readonly path: string;
  /** `docs/hub/start/testers.md`. */
  readonly source: string;
  readonly section: Section;
  readonly title: string;
  /** What it is about, in a sentence. */
  readonly summary: string;
  readonly audience: Audience;
  /** Its place in its section. */
  readonly order: number;
  /** `2026-11-27`; absent for what is made from the code at each change of it. */
  readonly edited?: string;
  /** Markdown, without what stands in front and without its title. */
  readonly text: string;
}

/** A part of the content, by the first segment of its paths. */
export type Section = keyof typeof sections;

const sections = {
  start: 'docs/hub/start',
  learn: 'docs/hub/learn',
  security: 'docs/hub/security',
  environments: 'docs/hub/environments',
  technologies: 'docs/hub/technologies',
  'case-studies': 'docs/hub/case-studies',
  guides: 'docs/guides',
  reference: 'docs',
} as const;

/** Those of `docs` that readers of the hub need. */
const references = [
  'configuration',
  'policies',
  'problems',
  'sandbox-differences',
  'glossary',
] as const;

export interface Content {
  readonly pages: readonly ContentPage[];
  page(path: string): ContentPage | undefined;
  /** In their order. */
  section(name: Section): readonly ContentPage[];
  /** Where a link of a page leads; undefined: to nothing that the hub shows. */
  address(page: Pick<ContentPage, 'source'>, link: string): string | undefined;
}

/** @param root the folder with package.json @throws Error that names the file whose facts are wrong */
export function readContent(root: string): Content {
  const pages = Object.entries(sections).flatMap(([name, folder]) => {
    const section = name as Section; // a key of the constant
    return filesOf(join(root, folder), section).map((file) =>
      pageOf(section, `${folder}/${file}`, readFileSync(join(root, folder, file), 'utf8')),
    );
  });
  pages.sort((a, b) => a.order - b.order || a.title.localeCompare(b.title, 'en'));
  const byPath = new Map(pages.map((page) => [page.path, page]));
  const bySource = new Map(pages.map(({ source, path }) => [source, path]));
  return {
    pages,
    page: (path) => byPath.get(path),
    section: (name) => pages.filter((page) => page.section === name),
    address({ source }, link) {
      if (/^([a-z][a-z+.-]*:|[#/])/i.test(link)) return link;
      const [file = '', fragment] = link.split('#', 2);
      const path = bySource.get(posix.join(posix.dirname(source), file));
      return path === undefined ? undefined : path + (fragment === undefined ? '' : `#${fragment}`);
    },
  };
}

/** The pages as a search takes them: commands and examples are not searched. */
export function searchable({ pages }: Pick<Content, 'pages'>) {
  return pages.map(({ path, title, summary, text }) => ({
    ...{ path, title },
    text: `${summary} ${text.replace(/^```[^]*?^```$/gm, '')}`,
  }));
}

function filesOf(folder: string, section: Section): readonly string[] {
  if (section === 'reference') return references.map((name) => `${name}.md`);
  return readdirSync(folder).filter((name) => name.endsWith('.md'));
}

/** @throws Error */
export function pageOf(section: Section, source: string, file: string): ContentPage {
  const { facts, text } = split(source, file.replaceAll('\r\n', '\n'));
  const shown = text.replace(/^\s*<!--[^]*?-->/, ''); // what the makers of a file tell each other
  const [, heading, rest = ''] = /^\s*# (.+)\n([^]*)$/.exec(shown) ?? [];
  const title = facts.get('title') ?? heading;
  const { audience = 'everybody', order = '100', edited, summary = '' } = Object.fromEntries(facts);
  const wrong = (what: string) => new Error(`${source}: ${what}`);
  if (title === undefined) throw wrong('has neither a title nor a heading');
  if (!isAudience(audience)) throw wrong(`audience is one of ${audiences.join(', ')}`);
  if (!/^\d{1,3}$/.test(order)) throw wrong('order is a number');
  if (edited !== undefined && !/^\d{4}-[01]\d-[0-3]\d$/.test(edited))
    throw wrong('edited is a day: 2026-11-27');
  const name = posix.basename(source, '.md');
  return {
    path: name === 'index' ? `/${section}` : `/${section}/${name}`,
    ...{ source, section, title, summary, audience, order: Number(order) },
    ...(edited === undefined ? {} : { edited }),
    text: facts.has('title') ? text : rest,
  };
}

function isAudience(text: string): text is Audience {
  return (audiences as readonly string[]).includes(text);
}

/** What stands in front between two lines of hyphens, as `name: value`, and what follows. */
function split(source: string, file: string): { facts: Map<string, string>; text: string } {
  const facts = new Map<string, string>();
  const [, front, text = file] = /^---\n([^]*?)\n---\n([^]*)$/.exec(file) ?? [];
  for (const line of front?.split('\n') ?? []) {
    const [, name = '', quoted, plain = ''] = /^([a-z]+): (?:"([^"]*)"|([^"].*))$/.exec(line) ?? [];
    if (name === '' || facts.has(name))
      throw new Error(`${source}: in front there are lines such as title: Getting started`);
    facts.set(name, quoted ?? plain.trim());
  }
  return { facts, text };
}
