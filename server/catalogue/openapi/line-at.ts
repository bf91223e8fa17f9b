/**
 * From a place in a document to its line: what a server says of `/backend/url` is told as `orders.yaml:12`. For JSON and
 * YAML alike, since the one is the other's flow form. Owns no judgement of the text: source.ts has read it before.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';

/** In characters; the longest text that is looked into. */
const longest = 4 * 1024 * 1024;

/**
 * The line, from 1, of the member or item that a JSON pointer (RFC 6901) names; of the nearest thing around it where it is
 * not there, as for a member that is missing. Undefined when the text cannot be read.
 */
export function lineAt(text: string, pointer: string): number | undefined {
  if (text.length > longest) return undefined;
  const lines = new LineCounter();
  const document = documentOf(text, lines);
  if (!document) return undefined;
  let node: unknown = document.contents;
  let line = lineOf(node, lines) ?? 1;
  for (const name of namesIn(pointer)) {
    const found = memberOf(isAlias(node) ? node.resolve(document) : node, name);
    if (!found) break;
    line = lineOf(found.at, lines) ?? line;
    node = found.value;
  }
  return line;
}

function documentOf(text: string, lineCounter: LineCounter): Document | undefined {
  try {
    return parseDocument(text, { uniqueKeys: false, lineCounter, logLevel: 'silent' });
  } catch {
    return undefined; // nested deeper than the parser goes; whoever read the text has said so
  }
}

interface Member {
  /** What bears the place: the name of a member, or an item. */
  readonly at: unknown;
  readonly value: unknown;
}

/** The last of a name counts, as where the value is read. */
function memberOf(node: unknown, name: string): Member | undefined {
  if (isMap(node)) {
    const pair = node.items.findLast(
      ({ key }) => isScalar(key) && String(key.source ?? key.value) === name,
    );
    return pair && { at: pair.key, value: pair.value };
  }
  if (!isSeq(node) || !/^\d{1,7}$/.test(name)) return undefined;
  const item = node.items[Number(name)];
  return item === undefined ? undefined : { at: item, value: item };
}

function lineOf(node: unknown, lines: LineCounter): number | undefined {
  if (!isMap(node) && !isSeq(node) && !isScalar(node) && !isAlias(node)) return undefined;
  return node.range ? lines.linePos(node.range[0]).line : undefined;
}

function namesIn(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}
