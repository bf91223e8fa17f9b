/**
 * Finds the operation of an OpenAPI document for a method and a path: a tree of segments, one look-up for each, written
 * segments before templates (OpenAPI 3.1, 4.8.8.2). Owns finding only; what a call must be like is openapi-checks.ts's.
 */
import {
  operationsOf,
  type ApiOperation,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';

export type Match =
  | {
      readonly kind: 'operation';
      readonly operation: ApiOperation;
      /** Decoded where they are percent-encoded UTF-8, else as sent. */
      readonly params: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'no-path' }
  | { readonly kind: 'no-method'; readonly allow: readonly string[] };

/** `path` as sent, relative to the API's base: `/Patient/9000000009`. HEAD is answered by GET, when it has none of its own. */
export type Matcher = (method: string, path: string) => Match;

interface Node {
  readonly written: Map<string, Node>;
  readonly templates: { readonly segment: Template; readonly node: Node }[];
  operations: Map<string, Entry> | undefined;
}

interface Entry {
  readonly operation: ApiOperation;
  /** Of the parameters of its template, in their order. */
  readonly names: readonly string[];
}

const noPath: Match = { kind: 'no-path' };

const made = new WeakMap<OpenApiDocument, Matcher>();

/** The matcher of a document; made once for each. */
export function matcherOf(document: OpenApiDocument): Matcher {
  let matcher = made.get(document);
  if (!matcher) made.set(document, (matcher = build(document)));
  return matcher;
}

function build(document: OpenApiDocument): Matcher {
  const root = empty();
  for (const operation of operationsOf(document)) add(root, operation);
  return (method, path) => {
    const values: string[] = [];
    const node = find(root, path.split('/'), 1, values);
    if (!node?.operations) return noPath;
    const entry =
      node.operations.get(method) ?? (method === 'HEAD' ? node.operations.get('GET') : undefined);
    if (!entry) return { kind: 'no-method', allow: allowed(node.operations) };
    return { kind: 'operation', operation: entry.operation, params: named(entry.names, values) };
  };
}

function empty(): Node {
  return { written: new Map(), templates: [], operations: undefined };
}

function add(root: Node, operation: ApiOperation): void {
  let node = root;
  for (const part of operation.path.split('/').slice(1))
    node = part.includes('{') ? templated(node, part) : written(node, part);
  node.operations ??= new Map();
  if (node.operations.has(operation.method)) return;
  const names = [...operation.path.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);
  node.operations.set(operation.method, { operation, names });
}

function written(node: Node, part: string): Node {
  let next = node.written.get(part);
  if (!next) node.written.set(part, (next = empty()));
  return next;
}

/** `/a/{x}` and `/a/{y}/b` share a place: what a template is called makes no difference. */
function templated(node: Node, part: string): Node {
  const literals = part.split(/\{[^{}]*\}/);
  const same = node.templates.find(({ segment }) => segment.key === literals.join('{}'));
  if (same) return same.node;
  const next = { segment: { key: literals.join('{}'), literals }, node: empty() };
  node.templates.push(next);
  // The more is written, the more exact: `{id}.json` before `{id}`.
  node.templates.sort((a, b) => b.segment.key.length - a.segment.key.length);
  return next.node;
}

/** Depth first; each node of the tree is reached by one way only, so a hostile path costs no more than the tree has nodes. */
function find(
  node: Node,
  parts: readonly string[],
  at: number,
  values: string[],
): Node | undefined {
  if (at === parts.length) return node.operations ? node : undefined;
  const part = parts[at] ?? '';
  const next = node.written.get(part) ?? encoded(node, part);
  const found = next && find(next, parts, at + 1, values);
  if (found) return found;
  if (part === '' || node.templates.length === 0) return undefined;
  const text = decode(part);
  if (text === '.' || text === '..') return undefined;
  for (const { segment, node: below } of node.templates) {
    const before = values.length;
    if (take(segment, text, values)) {
      const deeper = find(below, parts, at + 1, values);
      if (deeper) return deeper;
    }
    values.length = before;
  }
  return undefined;
}

/** `%24process` is `$process` (RFC 3986, 6.2.2.2). */
function encoded(node: Node, part: string): Node | undefined {
  return part.includes('%') ? node.written.get(decode(part)) : undefined;
}

interface Template {
  readonly key: string;
  /** What stands before, between and after the parameters. */
  readonly literals: readonly string[];
}

/** Cuts the values out of a segment; each at least a character. */
function take({ literals }: Template, text: string, values: string[]): boolean {
  const [first = '', ...rest] = literals;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (let i = 0; i < rest.length; i++) {
    const literal = rest[i] ?? '';
    const last = i === rest.length - 1;
    const end = last ? text.length - literal.length : text.indexOf(literal, at + 1);
    if (end <= at || (last && !text.endsWith(literal))) return false;
    values.push(text.slice(at, end));
    at = end + literal.length;
  }
  return true;
}

function named(
  names: readonly string[],
  values: readonly string[],
): Readonly<Record<string, string>> {
  if (values.length === 0) return none;
  const params: Record<string, string> = {};
  for (let i = 0; i < names.length; i++) params[names[i] ?? ''] = values[i] ?? '';
  return params;
}

const none: Readonly<Record<string, string>> = {};

function allowed(operations: ReadonlyMap<string, Entry>): readonly string[] {
  const listed = [...operations.keys()];
  if (operations.has('GET') && !operations.has('HEAD')) listed.push('HEAD');
  if (!operations.has('OPTIONS')) listed.push('OPTIONS');
  return listed.sort();
}

function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
