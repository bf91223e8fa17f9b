/**
 * What differs between two documents of an Api, as its callers notice it: operations, inputs, answers. Bounded as schema tables
 * are, and lets others go on between operations. Owns what counts as breaking: what makes calls fail that worked, or answers unreadable that were read.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { objectOf, textOf, type OpenApiDocument } from '../catalogue/openapi/document.ts';
import { operationOf, operationSummaries, type Content, type Operation } from './operations.ts';
import { schemaRows, typeOfSchema, type SchemaRow } from './schema-table.ts';

export interface Change {
  /** `GET /Patient/{id}` */
  readonly where: string;
  readonly what: string;
  readonly breaking: boolean;
}

export interface Difference {
  readonly changes: readonly Change[];
  /** Whether there are more than are listed. */
  readonly cut: boolean;
}

const most = 300;

/** What came, went and changed from one document to another, breaking changes first. */
export async function differenceOf(
  before: OpenApiDocument,
  after: OpenApiDocument,
): Promise<Difference> {
  const [old, now] = [byPlace(before), byPlace(after)];
  const changes: Change[] = [];
  for (const [where, id] of old) {
    if (changes.length > most) break;
    await turn();
    const newId = now.get(where);
    if (newId === undefined) changes.push({ where, what: 'The operation is gone', breaking: true });
    else
      changes.push(
        ...betweenOperations(await sideOf(before, id), await sideOf(after, newId), where),
      );
  }
  for (const where of now.keys())
    if (!old.has(where)) changes.push({ where, what: 'The operation is new', breaking: false });
  const sorted = changes.sort((a, b) => Number(b.breaking) - Number(a.breaking));
  return { changes: sorted.slice(0, most), cut: changes.length > most };
}

/** Ids by method and path. What a parameter in the path is called makes no difference to a caller. */
function byPlace(document: OpenApiDocument): ReadonlyMap<string, string> {
  return new Map(
    operationSummaries(document).map(({ method, path, id }) => [
      `${method} ${path.replace(/\{[^{}]*\}/g, '{}')}`,
      id,
    ]),
  );
}

interface Side {
  readonly document: OpenApiDocument;
  readonly operation: Operation;
  /** What its bodies are made of; bodies beyond the most are left out. */
  readonly rows: ReadonlyMap<Content, Rows>;
}

/** Bodies of one operation that are looked into. */
const mostBodies = 80;

async function sideOf(document: OpenApiDocument, id: string): Promise<Side | undefined> {
  const operation = operationOf(document, id);
  if (!operation) return undefined;
  const { body, responses } = operation;
  const contents = [body, ...responses].flatMap((one) => one?.contents ?? []);
  const rows = new Map<Content, Rows>();
  for (const one of contents.slice(0, mostBodies)) {
    rows.set(one, rowsOf(document, one));
    if (rows.size % 5 === 0) await turn();
  }
  return { document, operation, rows };
}

function betweenOperations(
  before: Side | undefined,
  after: Side | undefined,
  where: string,
): readonly Change[] {
  if (!before || !after) return [];
  const [old, now] = [before.operation, after.operation];
  const sides = [before, after] as const;
  const told = [
    ...(now.deprecated && !old.deprecated ? [soft('The operation is deprecated')] : []),
    ...inputs(...sides),
    ...bodies(...sides),
    ...answers(...sides),
  ];
  return told.map((one) => ({ where, ...one }));
}

type Told = Omit<Change, 'where'>;

function soft(what: string): Told {
  return { what, breaking: false };
}

function hard(what: string): Told {
  return { what, breaking: true };
}

function inputs(before: Side, after: Side): readonly Told[] {
  const old = new Map(before.operation.parameters.map((one) => [keyOf(before, one), one]));
  const now = new Map(after.operation.parameters.map((one) => [keyOf(after, one), one]));
  const told: Told[] = [];
  for (const [name, one] of old) {
    const next = now.get(name);
    if (!next) told.push(hard(`The parameter ${name} is gone`));
    else {
      if (next.required && !one.required) told.push(hard(`The parameter ${name} is required now`));
      if (!next.required && one.required) told.push(soft(`The parameter ${name} is optional now`));
      const [a, b] = [shape(before, one.schema), shape(after, next.schema)];
      if (a !== b) told.push(hard(`The parameter ${name} is ${b}, and was ${a}`));
    }
  }
  for (const [name, one] of now)
    if (!old.has(name))
      told.push(
        one.required
          ? hard(`The parameter ${name} is new and required`)
          : soft(`The parameter ${name} is new`),
      );
  return told;
}

/** Those in the path go by their place in it: what they are called callers never see. */
function keyOf({ operation }: Side, { in: place, name }: Operation['parameters'][number]): string {
  if (place !== 'path') return `${place} ${name}`;
  return `path ${operation.path.split('{').findIndex((part) => part.startsWith(`${name}}`))}`;
}

function shape({ document }: Side, schema: unknown): string {
  const { type, rules } = typeOfSchema(document, schema);
  const told = rules.filter((rule) => !rule.startsWith('example: '));
  return [type, ...told].join(', ');
}

function bodies(before: Side, after: Side): readonly Told[] {
  const [old, now] = [before.operation.body, after.operation.body];
  if (!old && now)
    return [now.required ? hard('A body is required now') : soft('A body may be sent')];
  if (old && !now) return [hard('No body is taken any more')];
  if (!old || !now) return [];
  return [
    ...(now.required && !old.required ? [hard('The body is required now')] : []),
    ...contents('The body', before, old.contents, after, now.contents, 'sent'),
  ];
}

function answers(before: Side, after: Side): readonly Told[] {
  const old = new Map(before.operation.responses.map((one) => [one.status, one]));
  const now = new Map(after.operation.responses.map((one) => [one.status, one]));
  const told: Told[] = [];
  for (const [status, one] of old) {
    const next = now.get(status);
    if (next)
      told.push(
        ...contents(`Answer ${status}`, before, one.contents, after, next.contents, 'answered'),
      );
    else
      told.push(
        status.startsWith('2')
          ? hard(`Answer ${status} is gone`)
          : soft(`Answer ${status} is gone`),
      );
  }
  for (const status of now.keys()) if (!old.has(status)) told.push(soft(`Answer ${status} is new`));
  return told;
}

function contents(
  what: string,
  before: Side,
  old: readonly Content[],
  after: Side,
  now: readonly Content[],
  direction: 'sent' | 'answered',
): readonly Told[] {
  return old.flatMap((one) => {
    const next = now.find(({ type }) => type === one.type);
    if (!next) return [hard(`${what} is no longer ${one.type}`)];
    return members(`${what} (${one.type})`, before.rows.get(one), after.rows.get(next), direction);
  });
}

type Rows = ReadonlyMap<string, SchemaRow>;

/** Most bodies are references to a few schemas. */
const known = new WeakMap<OpenApiDocument, Map<string, Rows>>();

function rowsOf(document: OpenApiDocument, { schema }: Content): Rows {
  const reference = textOf(objectOf(schema).$ref);
  const ofDocument = known.get(document) ?? new Map<string, Rows>();
  known.set(document, ofDocument);
  const found = reference === undefined ? undefined : ofDocument.get(reference);
  if (found) return found;
  const made =
    schema === undefined
      ? new Map<string, SchemaRow>()
      : new Map(schemaRows(document, schema).rows.map((one) => [one.path, one]));
  if (reference !== undefined && ofDocument.size < 500) ofDocument.set(reference, made);
  return made;
}

function members(
  what: string,
  old: Rows | undefined,
  now: Rows | undefined,
  direction: 'sent' | 'answered',
): readonly Told[] {
  if (!old || !now) return [];
  const told: Told[] = [];
  for (const [path, one] of old) {
    const next = now.get(path);
    const name = path === '' ? what : `${what}, ${path}`;
    if (!next) told.push(hard(`${name} is gone`));
    else {
      if (next.type !== one.type) told.push(hard(`${name} is ${next.type}, and was ${one.type}`));
      if (next.required && !one.required)
        told.push(
          direction === 'sent'
            ? hard(`${name} is required now`)
            : soft(`${name} is always there now`),
        );
      if (!next.required && one.required)
        told.push(
          direction === 'sent'
            ? soft(`${name} is optional now`)
            : hard(`${name} may be missing now`),
        );
    }
  }
  for (const [path, one] of now)
    if (!old.has(path))
      told.push(
        direction === 'sent' && one.required
          ? hard(`${what}, ${path} is new and required`)
          : soft(`${what}, ${path} is new`),
      );
  return told;
}
