/**
 * A trace while its call runs: steps in memory and nothing else, so that being traced costs a call little. Owns the bounds
 * of one trace, and what of its texts is kept: in production their structure alone.
 */
import type { OpenTrace, StepFacts, StepName, TraceAbout } from '../../core/trace.ts';
import { traceIdOf, type KeptStep, type TracePiece } from './trace-pieces.ts';
import { structureOf, withoutNumbers } from './trace-structure.ts';

/** Steps, ids and characters of one text; what is more is left out. */
const mostSteps = 200;
const mostNames = 40;
const longestText = 64 * 1024;
/** Characters of all texts of a piece. */
const mostText = 512 * 1024;

interface Step {
  readonly at: number;
  readonly step: StepName;
  readonly says: string;
  readonly more: StepFacts | undefined;
}

/** A trace that has ended, or has not. */
export interface RecordedTrace extends OpenTrace {
  /** What is kept of it. @param withTexts whether there is time for texts */
  piece(id: string, withTexts: boolean): TracePiece;
  readonly hasTexts: boolean;
}

/** @param ended called once, when the trace has ended */
export function recordTrace(
  about: TraceAbout,
  now: () => number,
  ended: (trace: RecordedTrace) => void,
): RecordedTrace {
  const begun = now();
  const clock = performance.now();
  const steps: Step[] = [];
  const names = new Set<string>();
  const foundBy = new Set<string>();
  let people: readonly string[] = [];
  let app = about.app ?? '';
  let isOpen = true;
  let hasTexts = false;
  const trace: RecordedTrace = {
    named(...ids) {
      for (const id of ids) if (isOpen && names.size < mostNames) names.add(id);
    },
    foundBy(...ids) {
      for (const id of ids) if (id !== undefined && foundBy.size < mostNames) foundBy.add(id);
    },
    add(step, says, more) {
      if (!isOpen || steps.length >= mostSteps) return;
      hasTexts ||= more?.before !== undefined || more?.after !== undefined;
      steps.push({ at: begun + performance.now() - clock, step, says, more });
    },
    belongs: (id) => void (app = id),
    about: (numbers) => void (people = numbers),
    end() {
      if (!isOpen) return;
      isOpen = false;
      ended(trace);
    },
    get hasTexts() {
      return hasTexts;
    },
    piece(id, withTexts) {
      const { what, environment } = about;
      const texts = environment === 'production' ? 'structure' : 'whole';
      const show = textOf(texts, withTexts);
      return {
        ...{ id, what, environment, app, texts },
        names: idsOf(names),
        foundBy: idsOf(foundBy),
        people: texts === 'whole' && hasTexts ? [...new Set(people)].slice(0, 100) : [],
        steps: steps.map((step) => kept(step, show)),
      };
    },
  };
  return trace;
}

type Show = (text: (() => string) | undefined) => string | undefined;

function idsOf(ids: ReadonlySet<string>): readonly string[] {
  return [...new Set([...ids].flatMap((id) => traceIdOf(id) ?? []))];
}

function kept({ at, step, says, more }: Step, show: Show): KeptStep {
  const [before, after] = [show(more?.before), show(more?.after)];
  return {
    ...{ at: Math.round(at * 1000) / 1000, step, says: fact(says) },
    ...(more?.facts === undefined ? {} : { facts: factsOf(more.facts) }),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

function factsOf(facts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(facts)
      .slice(0, 30)
      .map(([name, value]) => [name.slice(0, 60), fact(value)]),
  );
}

/** On one line and short. */
function fact(value: string): string {
  return withoutNumbers(value.slice(0, 300).replace(/\p{C}/gu, '\ufffd'));
}

/** Texts one after the other, as long as there is room. What fails to give its text says so: a trace fails no call. */
function textOf(texts: TracePiece['texts'], withTexts: boolean): Show {
  let left = mostText;
  return (give) => {
    if (give === undefined) return undefined;
    if (!withTexts || left <= 0) return '(left out: too many texts at once)';
    try {
      const whole = give();
      const cut = whole.slice(0, longestText);
      const shown = texts === 'structure' ? structureOf(cut) : cut;
      left -= shown.length;
      return whole.length > cut.length ? `${shown}\n(cut: ${whole.length} characters)` : shown;
    } catch {
      return '(left out: it could not be written)';
    }
  };
}
