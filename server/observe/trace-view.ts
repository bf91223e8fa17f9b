/**
 * The trace of a message as one view: all pieces that belong to an id, their steps in the order of time, as data and as
 * text. Owns the merging and its bounds; who may see which piece is handed in.
 */
import type { StepName } from '../../core/trace.ts';
import type { TraceKeeper } from './trace-keeper.ts';
import type { TracePiece } from './trace-pieces.ts';

/** What is shown of everything that was told of a call or message. */
export interface MessageTrace {
  /** What was asked for. */
  readonly id: string;
  /** Message, conversation and request ids that belong to it. */
  readonly ids: readonly string[];
  /** ISO 8601, UTC. */
  readonly from: string;
  readonly to: string;
  readonly milliseconds: number;
  readonly steps: readonly ShownStep[];
  /** Whether there is more than is shown: too much, or of other organisations. */
  readonly more: boolean;
}

export interface ShownStep {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Since the step before; 0 for the first. */
  readonly milliseconds: number;
  /** `call to spine-async`, `processing`, `delivery`. */
  readonly in: string;
  readonly environment: string;
  /** The App whose it is; absent where nobody knows. */
  readonly app?: string;
  readonly step: StepName;
  readonly says: string;
  readonly facts?: Readonly<Record<string, string>>;
  /** What `before` and `after` are; absent without them. */
  readonly texts?: TracePiece['texts'];
  readonly before?: string;
  readonly after?: string;
}

/** A view, and who must be told that it was seen. */
export interface FoundTrace {
  readonly trace: MessageTrace;
  /** Whether values stand in its texts. */
  readonly showsTexts: boolean;
  readonly people: readonly string[];
}

/** Ids that are followed from those that were found. */
const mostFollowed = 20;
const mostSteps = 1_000;
/** Characters of all texts of a view. */
const mostText = 2 * 1024 * 1024;

/**
 * All that was kept under an id, and under the ids that were told together with it, in the same environment; undefined
 * where there is nothing.
 * @param seen which pieces may be shown; when there are none of them it may throw
 */
export async function traceOf(
  keeper: Pick<TraceKeeper, 'find'>,
  id: string,
  seen: (pieces: readonly TracePiece[]) => Promise<readonly TracePiece[]>,
): Promise<FoundTrace | undefined> {
  const first = await keeper.find([id]);
  if (first.pieces.length === 0) return undefined;
  // Followed from what may be seen alone: whoever names another's id in a message of his own learns nothing by it.
  const mine = await seen(first.pieces);
  const names = [...new Set(mine.flatMap((piece) => piece.names))].slice(0, mostFollowed);
  const joined = await keeper.find(names);
  const places = new Set(mine.map(({ environment }) => environment));
  const all = new Map([...first.pieces, ...joined.pieces].map((piece) => [piece.id, piece]));
  const placed = [...all.values()].filter(({ environment }) => places.has(environment));
  const shown = await seen(placed);
  const more = first.more || joined.more || shown.length < placed.length;
  return merged(id, shown, more);
}

function merged(id: string, pieces: readonly TracePiece[], more: boolean): FoundTrace {
  const told = pieces
    .flatMap((piece) => piece.steps.map((step) => ({ piece, step })))
    .sort((one, other) => one.step.at - other.step.at);
  let left = mostText;
  let before = told[0]?.step.at ?? 0;
  const show = (text: string | undefined) => {
    if (text === undefined) return undefined;
    left -= text.length;
    return left < 0 ? '(left out: there are too many texts)' : text;
  };
  const steps = told.slice(0, mostSteps).map(({ piece, step }): ShownStep => {
    const { at, before: whole, after, ...rest } = step;
    const milliseconds = round(at - before);
    before = at;
    const [one, other] = [show(whole), show(after)];
    return {
      ...{ at: new Date(at).toISOString(), milliseconds, in: piece.what },
      environment: piece.environment,
      ...(piece.app === '' ? {} : { app: piece.app }),
      ...rest,
      ...(one === undefined && other === undefined ? {} : { texts: piece.texts }),
      ...(one === undefined ? {} : { before: one }),
      ...(other === undefined ? {} : { after: other }),
    };
  });
  const begin = told[0]?.step.at ?? 0;
  const trace: MessageTrace = {
    ...{ id, ids: [...new Set(pieces.flatMap(({ names }) => names))], steps },
    from: new Date(begin).toISOString(),
    to: new Date(before).toISOString(),
    milliseconds: round(before - begin),
    more: more || told.length > steps.length,
  };
  return {
    trace,
    showsTexts: steps.some(({ texts }) => texts === 'whole'),
    people: [...new Set(pieces.flatMap(({ people }) => people))],
  };
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

/** The same for people: a line for each step, its facts and texts below. What others have typed steers no terminal. */
export function traceText({ id, steps, from, milliseconds, ids, more }: MessageTrace): string {
  const lines = [
    `Trace of ${id}`,
    `${steps.length} steps from ${from} in ${milliseconds} ms`,
    ...ids.filter((one) => one !== id.toUpperCase()).map((one) => `  with ${one}`),
  ];
  let place = '';
  for (const step of steps) {
    const at = `${step.in} in ${step.environment}${step.app === undefined ? '' : `, app ${step.app}`}`;
    if (at !== place) lines.push('', at);
    place = at;
    const passed = `+${step.milliseconds.toFixed(1)} ms`.padStart(12);
    lines.push(`  ${step.at} ${passed}  ${step.step.padEnd(12)}  ${step.says}`);
    for (const [name, value] of Object.entries(step.facts ?? {}))
      lines.push(`      ${name}: ${value}`);
    for (const name of ['before', 'after'] as const) lines.push(...block(name, step[name]));
  }
  if (more) lines.push('', 'There is more than is shown.');
  return `${lines.map((line) => line.replace(/\p{C}/gu, '\ufffd')).join('\n')}\n`;
}

function block(name: string, text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return [
    `      ${name}:`,
    ...text.split(/\r?\n/).map((line) => `        ${line.replaceAll('\t', '  ')}`),
  ];
}
