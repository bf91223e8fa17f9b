/**
 * OpenAPI documents as the catalogue keeps them: read from JSON or YAML, written as JSON under the SHA-256 of that text,
 * never changed. Owns keeping; what a document must be, openapi/ says.
 */
import { Problem } from '../../core/problem.ts';
import type { Stored } from '../../core/store.ts';
import { specificationCollection, type Specification } from './apis.ts';
import type { OpenApiDocument } from './openapi/document.ts';
import { judgeForPublishing, leastScore } from './openapi/judge.ts';
import { readOpenApi } from './openapi/read.ts';
import { FaultsFound } from './proxy-rules.ts';
import { openRecords, type Ground } from './records.ts';
import type { Actor } from './roles.ts';
import { specificationId } from './specification-id.ts';

export interface ReadDocument {
  /** SHA-256 of `text`, hex. */
  readonly id: string;
  /** JSON. */
  readonly text: string;
  readonly value: OpenApiDocument;
  readonly warnings: readonly string[];
}

/** Leniently: what can be read is taken, with warnings. @throws Problem `invalid` with line and reason. */
export function readDocument(text: string): ReadDocument {
  return withId(readOpenApi(text));
}

/** Strictly, as for the public. @throws FaultsFound with all that is missing, Problem `invalid` */
export function readForPublishing(text: string): ReadDocument {
  const read = withId(readOpenApi(text, { strict: true }));
  const { fit, score, reasons } = judgeForPublishing(read.value);
  if (fit) return read;
  // What nothing is published with comes first; the rest counts towards the score.
  const told = reasons.map(({ path, rule, message }) => ({
    at: path,
    message: `${message} (${rule})`,
  }));
  throw new FaultsFound(
    `The document, which scores ${score} where ${leastScore} are needed,`,
    told,
  );
}

function withId({ document, text, warnings }: ReturnType<typeof readOpenApi>): ReadDocument {
  return { id: specificationId(text), text, value: document, warnings };
}

/** Keeps a document; one that is there already is left as it is. */
export async function keepDocument(
  ground: Ground,
  actor: Actor,
  api: string,
  { id, text }: ReadDocument,
): Promise<Stored<Specification>> {
  const records = openRecords(ground, specificationCollection, 'specification');
  const known = await ground.store.open(specificationCollection).get(id);
  if (known) return known;
  const made = { api, created: ground.clock.now(), text };
  try {
    return await records.add({ actor, action: 'specification.create' }, id, () => made);
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict') return records.read(id);
    throw error;
  }
}
