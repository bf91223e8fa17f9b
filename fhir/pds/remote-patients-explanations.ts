/** Why somebody was found, read back from a searchset as searchset.ts writes it: another Gatehouse tells it when asked. */
import { isFields, type Fields } from './fields/field-rules-values.ts';
import { explained } from './searchset.ts';
import type { Match } from './trace/trace.ts';

/** How an entry matched, from its `search`; undefined where no score is told. */
export function readMatch(nhsNumber: string, search: unknown): Match | undefined {
  const { score, extension } = isFields(search) ? search : {};
  if (typeof score !== 'number' || score < 0 || score > 1) return undefined;
  const reasons = (Array.isArray(extension) ? (extension as readonly unknown[]) : [])
    .filter(isFields)
    .filter(({ url }) => url === explained)
    .map(readReason);
  return { nhsNumber, score, reasons };
}

function readReason({ extension }: Fields) {
  const parts = (Array.isArray(extension) ? (extension as readonly unknown[]) : []).filter(
    isFields,
  );
  const part = (name: string) => parts.find(({ url }) => url === name) ?? {};
  const [criterion, how] = [part('criterion').valueString, part('how').valueString];
  const score = part('score').valueDecimal;
  return {
    criterion: typeof criterion === 'string' ? criterion : '',
    how: typeof how === 'string' ? how : '',
    score: typeof score === 'number' ? score : 0,
  };
}

/** The sentences of an outcome among the entries. */
export function readNotes(resources: readonly unknown[]): readonly string[] {
  return resources
    .filter(isFields)
    .filter(({ resourceType }) => resourceType === 'OperationOutcome')
    .flatMap(({ issue }) => (Array.isArray(issue) ? (issue as readonly unknown[]) : []))
    .flatMap((one) =>
      isFields(one) && typeof one.diagnostics === 'string' ? [one.diagnostics] : [],
    );
}
