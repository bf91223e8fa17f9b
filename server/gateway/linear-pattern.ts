/**
 * Regular expressions whose cost grows with the text and never faster, whoever wrote pattern and text: the pattern becomes a
 * set of states, and all of them are followed at once. Owns the matcher; patterns come from conditions (condition.ts).
 * Not known, because they cannot be matched so: look-around, back references, word boundaries, named groups, \p.
 */
import { parsePattern, type Node } from './linear-pattern-parser.ts';

/** Like a RegExp of the flag `u`, found anywhere in the text unless anchored. */
export interface LinearPattern {
  test(text: string): boolean;
  toString(): string;
}

/** @throws Error that says, for whoever wrote the pattern, what is wrong with it. */
export function linearPattern(pattern: string): LinearPattern {
  if (pattern.length > longestPattern)
    throw new Error(`a pattern has at most ${longestPattern} characters`);
  new RegExp(pattern, 'u'); // what is none at all is told in the words everybody knows
  const node = parsePattern(pattern);
  if (isPlain(pattern)) return new RegExp(pattern, 'u');
  const states: State[] = [];
  const start = statesOf(node, push(states, { kind: 'match' }), states);
  return { test: (text) => runs(states, start, text), toString: () => `linear ${pattern}` };
}

const longestPattern = 500;
const mostStates = 500;

/** Without repetition and choice there is nothing to go back to: the engine itself takes one pass for each start. */
function isPlain(pattern: string): boolean {
  return !/[*+?{|]/.test(pattern);
}

type State =
  | { readonly kind: 'match' | 'never' }
  | { readonly kind: 'start' | 'end'; readonly next: number }
  | { readonly kind: 'char'; readonly fits: (code: number) => boolean; readonly next: number }
  | { readonly kind: 'fork'; readonly next: number; other: number };

function push(states: State[], state: State): number {
  if (states.length >= mostStates)
    throw new Error('the pattern is too large: its repetitions are counted out');
  return states.push(state) - 1;
}

/** The states of a part of the pattern, ending in `next`; gives where it begins. */
function statesOf(node: Node, next: number, states: State[]): number {
  switch (node.kind) {
    case 'char':
      return push(states, { kind: 'char', fits: node.fits, next });
    case 'start':
    case 'end':
      return push(states, { kind: node.kind, next });
    case 'all':
      return node.parts.reduceRight((after, part) => statesOf(part, after, states), next);
    case 'any': {
      const begins = node.choices.map((choice) => statesOf(choice, next, states));
      return begins.reduceRight((other, one) => push(states, { kind: 'fork', next: one, other }));
    }
    case 'repeat':
      return repeated(node, next, states);
  }
}

function repeated(
  { part, least, most }: Extract<Node, { kind: 'repeat' }>,
  next: number,
  states: State[],
): number {
  let at = next;
  if (most === Infinity) {
    const loop: Extract<State, { kind: 'fork' }> = { kind: 'fork', next, other: next };
    at = push(states, loop);
    loop.other = statesOf(part, at, states);
  } else
    for (let i = least; i < most; i++) {
      const other = statesOf(part, at, states);
      at = push(states, { kind: 'fork', next, other });
    }
  for (let i = 0; i < least; i++) {
    const begins = statesOf(part, at, states);
    // Each turn costs a state, even of a part that is empty: so no number in a pattern is too large to be refused.
    at = begins === at ? push(states, { kind: 'fork', next: at, other: at }) : begins;
  }
  return at;
}

function runs(states: readonly State[], start: number, text: string): boolean {
  const seen = new Int32Array(states.length).fill(-1);
  let now: number[] = [];
  for (let at = 0; ;) {
    if (follow(states, start, at, text, seen, now)) return true;
    const code = text.codePointAt(at);
    if (code === undefined) return false;
    const then: number[] = [];
    const width = code > 0xffff ? 2 : 1;
    for (const one of now) {
      const state = states[one];
      if (state?.kind !== 'char' || !state.fits(code)) continue;
      if (follow(states, state.next, at + width, text, seen, then)) return true;
    }
    now = then;
    at += width;
  }
}

/** Adds what is reached at a place without a character; gives whether that is the end of the pattern. */
function follow(
  states: readonly State[],
  from: number,
  at: number,
  text: string,
  seen: Int32Array,
  into: number[],
): boolean {
  const todo = [from];
  for (let one = todo.pop(); one !== undefined; one = todo.pop()) {
    if (seen[one] === at) continue;
    seen[one] = at;
    const state = states[one];
    if (state?.kind === 'match') return true;
    if (state?.kind === 'char') into.push(one);
    else if (state?.kind === 'fork') todo.push(state.next, state.other);
    else if (state?.kind === 'start' && at === 0) todo.push(state.next);
    else if (state?.kind === 'end' && at === text.length) todo.push(state.next);
  }
  return false;
}
