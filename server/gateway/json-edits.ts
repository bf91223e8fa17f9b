/**
 * Removing, renaming and setting members of a JSON body by JSON Pointer (RFC 6901); a part `*` stands for every item of a
 * list. Owns the settings of the policies `body` and `response-body` and what they do to a tree.
 */
import type { Exchange } from '../../core/exchange.ts';
import { toJsonNode, type JsonNode } from './json-text.ts';
import { reader, sourceSchema } from './policies/values.ts';
import type { JsonSchema, PolicySite } from './policy.ts';

export interface JsonEdits {
  readonly remove: readonly string[];
  readonly rename: readonly { readonly pointer: string; readonly to: string }[];
  readonly set: readonly SetMember[];
}

interface SetMember {
  readonly pointer: string;
  readonly value?: unknown;
  readonly from?: string;
  readonly required?: boolean;
  readonly default?: string;
}

export const pointerSchema: JsonSchema = {
  type: 'string',
  maxLength: 500,
  pattern: '^(/([^/~]|~[01])*)+$',
};

/** The members of a schema that describe the edits. */
export const editProperties: JsonSchema = {
  rename: {
    type: 'array',
    description: 'Members to rename: `pointer` to the member, `to` its new name. Done first',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['pointer', 'to'],
      properties: { pointer: pointerSchema, to: { type: 'string', maxLength: 200 } },
    },
    default: [],
  },
  remove: {
    type: 'array',
    description: 'JSON Pointers of members to leave out; `*` stands for every item of a list',
    items: pointerSchema,
    default: [],
  },
  set: {
    type: 'array',
    description:
      'Members to set: `pointer`, and either `value` or `from` (a fact of the call, set as a text). Objects on the way are made; `-` appends to a list. Done last',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['pointer'],
      oneOf: [{ required: ['value'] }, { required: ['from'] }],
      properties: {
        pointer: pointerSchema,
        value: { description: 'Any JSON' },
        from: sourceSchema,
        required: { type: 'boolean', description: 'Refuse the call with 400 without the fact' },
        default: { type: 'string', maxLength: 2000 },
      },
    },
    default: [],
  },
};

/** Makes the function that changes a tree, for one call. */
export function editsOf(
  edits: JsonEdits,
  site: PolicySite,
): (root: JsonNode, exchange: Exchange) => void {
  const renames = edits.rename.map(({ pointer, to }) => ({ parts: partsOf(pointer), to }));
  const removes = edits.remove.map(partsOf);
  const sets = edits.set.map((one) => ({ parts: partsOf(one.pointer), make: makerOf(one, site) }));
  return (root, exchange) => {
    for (const { parts, to } of renames) walk(root, parts, false, renaming(to));
    for (const parts of removes) walk(root, parts, false, removeMember);
    for (const { parts, make } of sets) {
      const node = make(exchange);
      if (node !== undefined) walk(root, parts, true, setting(node));
    }
  };
}

/** The nodes at a pointer, `*` included. */
export function nodesAt(root: JsonNode, pointer: string): readonly JsonNode[] {
  const found: JsonNode[] = [];
  walk(root, partsOf(pointer), false, (parent, part) => {
    for (const key of keysOf(parent, part)) {
      const node = Array.isArray(parent) ? parent[Number(key)] : parent.get(key);
      if (node !== undefined) found.push(node);
    }
  });
  return found;
}

type Container = Exclude<JsonNode, string>;
type Act = (parent: Container, part: string) => void;

function partsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function makerOf(
  { value, from, required, default: otherwise }: SetMember,
  site: PolicySite,
): (exchange: Exchange) => JsonNode | undefined {
  if (from === undefined) return () => toJsonNode(value);
  const read = reader(
    {
      from,
      ...(required === undefined ? {} : { required }),
      ...(otherwise === undefined ? {} : { default: otherwise }),
    },
    site,
  );
  return (exchange) => {
    const text = read(exchange);
    return text === undefined ? undefined : JSON.stringify(text);
  };
}

/** Goes to every container that the pointer's last part names something in. @param make whether to make objects on the way */
function walk(node: JsonNode, parts: readonly string[], make: boolean, act: Act): void {
  if (typeof node === 'string') return;
  const [part = '', ...rest] = parts;
  if (rest.length === 0) {
    act(node, part);
    return;
  }
  if (make && node instanceof Map && !node.has(part)) node.set(part, new Map());
  for (const key of keysOf(node, part)) {
    const next = Array.isArray(node) ? node[Number(key)] : node.get(key);
    if (next !== undefined) walk(next, rest, make, act);
  }
}

/** The keys that a part names among those that are there, the last first, so that removing one leaves the others in place. */
function keysOf(node: Container, part: string): readonly string[] {
  if (node instanceof Map) return node.has(part) ? [part] : [];
  if (part === '*') return [...node.keys()].reverse().map(String);
  return isIndex(part) && Number(part) < node.length ? [part] : [];
}

function isIndex(part: string): boolean {
  return /^(0|[1-9]\d{0,8})$/.test(part);
}

const removeMember: Act = (parent, part) => {
  for (const key of keysOf(parent, part))
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else parent.delete(key);
};

/** The member keeps its place among the others. */
function renaming(to: string): Act {
  return (parent, part) => {
    if (!(parent instanceof Map) || !parent.has(part) || to === part) return;
    const members = [...parent].filter(([name]) => name !== to);
    parent.clear();
    for (const [name, value] of members) parent.set(name === part ? to : name, value);
  };
}

function setting(node: JsonNode): Act {
  return (parent, part) => {
    if (parent instanceof Map) parent.set(part, node);
    else if (part === '-') parent.push(node);
    else for (const key of keysOf(parent, part)) parent[Number(key)] = node;
  };
}
