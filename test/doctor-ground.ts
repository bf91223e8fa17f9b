/** Asks the assertion doctor of a token ground over its socket. */
import assert from 'node:assert/strict';
import type { DoctorReport } from '../server/auth/doctor.ts';
import type { Finding } from '../server/auth/rules.ts';
import type { Answer } from './start-platform.ts';
import { ask, type TokenGround } from './token-ground.ts';

/** One check as the wire answers it; the clock moves on first, so that no limit is met. */
export function check(
  { platform, clock }: TokenGround,
  body: object | string,
  environment = 'int',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  clock.time += 2_100;
  return ask(`${platform.url}/env/${environment}/developer/assertion-check`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** The report on a token. */
export async function examine(
  ground: TokenGround,
  token: string,
  more: object = {},
  environment = 'int',
): Promise<DoctorReport> {
  const { status, json, text } = await check(ground, { token, ...more }, environment);
  assert.equal(status, 200, text);
  assert.ok(!text.includes(token), 'the token itself is in the answer');
  return json as DoctorReport; // what the endpoint answers with 200
}

export function findingOf({ findings }: DoctorReport, rule: string): Finding {
  return findings.find((one) => one.rule === rule) ?? assert.fail(`there is no rule ${rule}`);
}
