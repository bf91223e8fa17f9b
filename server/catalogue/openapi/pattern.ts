/**
 * Matches `pattern`s of producers, which nobody here has reviewed: in time linear to the text, whatever the pattern.
 * Simple ones, which cannot backtrack, are run by the platform; all others by following every alternative at once
 * (Thompson's construction). Look-around and back-references are refused; published FHIR patterns with quantifiers in
 * quantifiers, on which a backtracking engine hangs, work. Every step is paid from a budget.
 */
import { native, parsePattern, PatternRefused, type PatternNode } from './pattern-syntax.ts';

/** Steps left for one value; shared by all that is asked about it. */
export interface Budget {
  left: number;
}

/** Whether a text contains a match; false as well once the budget is used up. */
export interface LinearPattern {
  test(text: string): boolean;
}

/** Instructions of one pattern: `{1,2000}` is written out. */
const largest = 3000;

/** @throws PatternRefused */
export function linearPattern(pattern: string, budget: Budget): LinearPattern {
  const tree = parsePattern(pattern);
  if (isSimple(tree)) {
    const expression = native(pattern);
    return {
      test: (text) => {
        budget.left -= text.length;
        return budget.left > 0 && expression.test(text);
      },
    };
  }
  const program = compile(tree);
  return { test: (text) => run(program, text, budget) };
}

/** Why a pattern would not be run; undefined when it would. */
export function whyRefused(pattern: string): string | undefined {
  try {
    linearPattern(pattern, { left: 0 });
    return undefined;
  } catch (error) {
    if (error instanceof PatternRefused) return error.message;
    throw error;
  }
}

/** Anchored in front, at most one quantifier that can give back, none inside another, few alternatives. */
function isSimple(tree: PatternNode): boolean {
  const first = tree.kind === 'sequence' ? tree.parts[0] : undefined;
  if (first?.kind !== 'edge' || first.edge !== '^') return false;
  const cost = costOf(tree);
  return cost.variable <= 1 && cost.ways <= 64 && !cost.nested;
}

interface Cost {
  readonly variable: number;
  readonly ways: number;
  readonly nested: boolean;
}

function costOf(node: PatternNode): Cost {
  if (node.kind === 'repeat') {
    const inner = costOf(node.part);
    const plain = inner.variable === 0 && inner.ways === 1 && !inner.nested;
    if (node.max <= 1) return { ...inner, ways: inner.ways * 2 };
    return { variable: node.min === node.max ? 0 : 1, ways: 1, nested: !plain };
  }
  if (node.kind !== 'sequence' && node.kind !== 'choice')
    return { variable: 0, ways: 1, nested: false };
  const costs = node.parts.map(costOf);
  const ways = costs.map((cost) => cost.ways);
  return {
    variable: costs.reduce((sum, cost) => sum + cost.variable, 0),
    ways:
      node.kind === 'choice'
        ? ways.reduce((sum, one) => sum + one, 0)
        : ways.reduce((product, one) => product * one, 1),
    nested: costs.some((cost) => cost.nested),
  };
}

type Instruction =
  | { readonly op: 'character'; readonly accepts: (character: string) => boolean }
  | { readonly op: 'edge'; readonly edge: string }
  | { readonly op: 'split'; to: number; or: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'match' };

function compile(tree: PatternNode): readonly Instruction[] {
  const program: Instruction[] = [];
  emit(tree, program);
  program.push({ op: 'match' });
  return program;
}

function emit(node: PatternNode, program: Instruction[]): void {
  if (program.length > largest) throw new PatternRefused('too large when written out');
  switch (node.kind) {
    case 'character':
      program.push({ op: 'character', accepts: node.accepts });
      return;
    case 'edge':
      program.push({ op: 'edge', edge: node.edge });
      return;
    case 'sequence':
      for (const part of node.parts) emit(part, program);
      return;
    case 'choice':
      emitChoice(node.parts, program);
      return;
    case 'repeat':
      emitRepeat(node, program);
  }
}

function emitChoice(parts: readonly PatternNode[], program: Instruction[]): void {
  const exits: { to: number }[] = [];
  parts.forEach((part, i) => {
    if (i === parts.length - 1) {
      emit(part, program);
      return;
    }
    const split = { op: 'split' as const, to: program.length + 1, or: 0 };
    program.push(split);
    emit(part, program);
    const exit = { op: 'jump' as const, to: 0 };
    exits.push(exit);
    program.push(exit);
    split.or = program.length;
  });
  for (const exit of exits) exit.to = program.length;
}

function emitRepeat(
  { part, min, max }: { part: PatternNode; min: number; max: number },
  program: Instruction[],
): void {
  for (let i = 0; i < min; i++) {
    const before = program.length;
    emit(part, program);
    if (program.length === before) break; // nothing, however often
  }
  if (max === Infinity) {
    const split = { op: 'split' as const, to: program.length + 1, or: 0 };
    program.push(split);
    emit(part, program);
    program.push({ op: 'jump', to: program.indexOf(split) });
    split.or = program.length;
    return;
  }
  const splits: { or: number }[] = [];
  for (let i = min; i < max; i++) {
    const split = { op: 'split' as const, to: program.length + 1, or: 0 };
    splits.push(split);
    program.push(split);
    emit(part, program);
  }
  for (const split of splits) split.or = program.length;
}

/** Follows all ways at once: at each character the set of places in the program, none twice. */
function run(program: readonly Instruction[], text: string, budget: Budget): boolean {
  const characters = [...text];
  const seen = new Int32Array(program.length).fill(-1);
  let places: number[] = [];
  for (let at = 0; at <= characters.length; at++) {
    // A match may begin anywhere.
    const here = spread(program, [...places, 0], seen, at, characters);
    budget.left -= here.length + 1;
    if (budget.left <= 0) return false;
    places = [];
    const character = characters[at];
    for (const place of here) {
      const instruction = program[place];
      if (instruction?.op === 'match') return true;
      if (
        instruction?.op === 'character' &&
        character !== undefined &&
        instruction.accepts(character)
      )
        places.push(place + 1);
    }
  }
  return false;
}

/** Every place that is reached without a character more. */
function spread(
  program: readonly Instruction[],
  from: readonly number[],
  seen: Int32Array,
  at: number,
  characters: readonly string[],
): readonly number[] {
  const found: number[] = [];
  const open = [...from];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen[place] === at) continue;
    seen[place] = at;
    found.push(place);
    const instruction = program[place];
    if (instruction?.op === 'jump') open.push(instruction.to);
    else if (instruction?.op === 'split') open.push(instruction.to, instruction.or);
    else if (instruction?.op === 'edge' && isAtEdge(instruction.edge, at, characters))
      open.push(place + 1);
  }
  return found;
}

function isAtEdge(edge: string, at: number, characters: readonly string[]): boolean {
  if (edge === '^') return at === 0;
  if (edge === '$') return at === characters.length;
  const isWord = (character = '') => /^\w$/.test(character);
  return (isWord(characters[at - 1]) !== isWord(characters[at])) === (edge === 'b');
}
