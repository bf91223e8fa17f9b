/** `gatehouse token explain`: asks the assertion doctor of a running server and prints its report for people. */
import { Problem } from '../../../core/problem.ts';
import type { DoctorReport } from '../../../server/auth/doctor.ts';
import { callServer, jsonOf, membersOf, originOf, plain, type Json } from '../calling.ts';
import { textIn } from '../client.ts';

export interface ExplainFlags {
  readonly url: string;
  readonly kind?: string;
  readonly environment: string;
  readonly face?: string;
  readonly clientId?: string;
  readonly json?: boolean;
}

/** Prints the report; exit code 1 when the token would be refused. @param token `-` reads it from standard input */
export async function explainToken(token: string, flags: ExplainFlags): Promise<void> {
  const report = await ask(token === '-' ? await input() : token, flags);
  console.log(flags.json ? JSON.stringify(report, null, 2) : linesOf(report).join('\n'));
  if (!report.verdict.wouldPass) process.exitCode = 1;
}

async function input(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > 100_000) throw new Problem('too-large', 'That is longer than any token');
  }
  return text.trim();
}

async function ask(token: string, flags: ExplainFlags): Promise<DoctorReport> {
  const { url, kind, environment, face, clientId } = flags;
  const response = await callServer(`${originOf(url)}/developer/assertion-check`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, kind, environment, face, clientId }),
  });
  const body = await jsonOf(response);
  if (response.status !== 200)
    throw new Problem(
      'invalid',
      textIn(body, 'detail') || `The server answered ${response.status}`,
    );
  return body as unknown as DoctorReport; // what our own server answers with 200
}

function linesOf(report: DoctorReport): string[] {
  const { kind, guessed, environment, face, clock, findings, verdict, corrected, notes } = report;
  const judged = `Judged as ${kind} for environment ${environment}, face ${face}, at ${clock.time} (${clock.seconds}, our clock)`;
  return [
    judged,
    ...(guessed === undefined ? [] : [guessed]),
    ...tokenLines(report),
    '',
    ...findings.flatMap(findingLines),
    '',
    ...notes,
    ...verdictLines(verdict),
    ...(corrected && !verdict.wouldPass
      ? [
          '',
          'What would be accepted:',
          pretty('header', corrected.header),
          pretty('claims', corrected.claims),
        ]
      : []),
  ].map((line) => line.split('\n').map(plain).join('\n'));
}

function tokenLines({ token, header, claims }: DoctorReport): string[] {
  const names = ['state', 'face', 'environment', 'app', 'grant', 'scopes', 'secondsLeft'];
  if (token) return membersOf(token as unknown as Json, [...names, 'signIn', 'accessMode']); // a plain object
  return header && claims ? [pretty('header', header), pretty('claims', claims)] : [];
}

const marks = { pass: '✓', fail: '✗', 'not checked': '·' } as const;

function findingLines(finding: DoctorReport['findings'][number]): string[] {
  const { rule, says, result, found, error } = finding;
  const told = result === 'not checked' ? 'not checked' : says;
  const first = `${marks[result]} ${rule}: ${told}`;
  if (result !== 'fail') return [found === undefined ? first : `${first} (${found})`];
  const more = { ...finding, answer: error };
  return [first, ...membersOf(more, ['expected', 'found', 'corrected', 'answer', 'help'], '    ')];
}

function verdictLines({ wouldPass, firstFailure }: DoctorReport['verdict']): string[] {
  if (wouldPass) return ['It would be accepted.'];
  const { rule = '', error = '', description = '' } = firstFailure ?? {};
  return [`It would be refused by the rule "${rule}": ${error}: ${description}`];
}

function pretty(name: string, members: object): string {
  return `  ${name} ${JSON.stringify(members)}`;
}
