/**
 * OpenAPI documents as the catalogue keeps them: read from JSON or YAML, written as JSON under an id
 * made of that text, never changed. Owns keeping; what a document must be, openapi/ says.
 */
import { Problem } from '../../core/problem.ts';
import type { Stored } from '../../core/store.ts';
import { specificationCollection, type Specification } from './apis.ts';
import { leastScore } from './openapi/judge.ts';
import type { DocumentReader, ReadWhole } from './openapi/reader.ts';
import { FaultsFound } from './proxy-rules.ts';
import { openRecords, type Ground } from './records.ts';
import type { Actor } from './roles.ts';
import { specificationIdOf } from './specification-id.ts';

export type ReadDocument = ReadWhole;

/** Strictly, as for the public. @throws FaultsFound with all that is missing, Problem as the reader */
export async function readForPublishing(
  documents: DocumentReader,
  text: string,
): Promise<ReadDocument> {
  const read = await documents.read(text, { strict: true });
  const { fit, score, reasons } = read.judgement;
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

/** Keeps a document as the Api's own, also where another Api has the same; one that is there already is left as it is. */
export async function keepDocument(
  ground: Ground,
  actor: Actor,
  api: string,
  { id, text }: ReadDocument,
): Promise<Stored<Specification>> {
  const first = await keepAs(ground, actor, id, { api, text });
  if (first.value.api === api) return first;
  return keepAs(ground, actor, specificationIdOf(api, text), { api, text });
}

async function keepAs(
  ground: Ground,
  actor: Actor,
  id: string,
  made: Omit<Specification, 'created'>,
): Promise<Stored<Specification>> {
  const records = openRecords(ground, specificationCollection, 'specification');
  const known = await ground.store.open(specificationCollection).get(id);
  if (known) return known;
  const created = ground.clock.now();
  try {
    return await records.add({ actor, action: 'specification.create' }, id, () => ({
      ...made,
      created,
    }));
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict') return records.read(id);
    throw error;
  }
}
