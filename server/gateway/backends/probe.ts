/** Asks a back end whether it is well. Owns the one call; when it is made and what is shown of it is the health page's. */
import type { HttpBackend } from '../../catalogue/proxies.ts';
import type { Backend, TargetHealth } from '../backend.ts';
import type { Bases } from './answer-headers.ts';
import type { Connections } from './connections.ts';
import type { Credentials } from './credentials.ts';
import { problemOf } from './wire-faults.ts';

/** Milliseconds, and bytes of the answer that are kept. */
const patience = 20_000;
const longest = 4096;

/** A probe where the definition names a path for it. It takes no part in the circuit, so that it sees when all is well again. */
export function probeOf(
  { healthcheck }: HttpBackend,
  bases: Bases,
  credentials: Credentials,
  connections: Connections,
): Pick<Backend, 'probe'> {
  if (healthcheck === undefined) return {};
  const path = `${bases.path}${healthcheck}`;
  const url = `${bases.origin}${path}`;
  const ask = async (signal: AbortSignal): Promise<TargetHealth> => {
    const proof = await credentials.fields();
    const headers = ['accept', 'application/json, text/plain;q=0.9, */*;q=0.5', ...proof];
    const request = { method: 'GET', path, headers, body: undefined };
    const { status, body } = await connections.current().ask(request, longest, signal);
    return {
      status: status >= 200 && status < 300 ? 'pass' : 'fail',
      timeout: false,
      responseCode: status,
      outcome: outcomeOf(body.toString()),
      url,
    };
  };
  return {
    probe: () =>
      ask(AbortSignal.timeout(patience)).catch((error: unknown) => ({
        status: 'fail',
        timeout: true,
        responseCode: null,
        outcome: problemOf(error).message,
        url,
      })),
  };
}

function outcomeOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
