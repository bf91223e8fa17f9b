/**
 * Deeds that change no document of the catalogue (certificates, entries of the directory), entered in the audit before
 * anyone is told, and refusals by the role table. Owns that order only.
 */
import { Problem } from '../../../core/problem.ts';
import type { Deed, Ground } from '../records.ts';

/** @param id what it is done to @throws Problem `unavailable` when the audit cannot be written, and what `act` throws. */
export async function entered<T>(
  ground: Ground,
  deed: Deed,
  id: string,
  act: () => Promise<T>,
): Promise<T> {
  if (ground.journal.failed) throw unavailable();
  const done = await act();
  await enter(ground, deed, id, 200, '');
  return done;
}

/** A check that comes ahead of a deed: what the role table forbids is in the audit as well. */
export async function refusalsEntered(
  ground: Ground,
  deed: Deed,
  id: string,
  check: () => void,
): Promise<void> {
  try {
    check();
  } catch (error) {
    if (error instanceof Problem && error.kind === 'forbidden')
      await enter(ground, deed, id, error.status, error.code ?? error.kind);
    throw error;
  }
}

async function enter(
  { journal, clock }: Ground,
  { actor, action, environment = '' }: Deed,
  id: string,
  status: number,
  code: string,
): Promise<void> {
  const { requestId = '', correlationId = '', address = '' } = actor.call ?? {};
  try {
    await journal.append({
      ...{ at: clock.now(), kind: 'change', api: 'management', environment, workspace: '' },
      ...{ action, app: id, mode: '', user: actor.id, role: actor.role, purpose: '', people: [] },
      ...{ status, code, requestId, correlationId, address, commit: 0 },
    });
  } catch (cause) {
    throw unavailable(cause);
  }
}

function unavailable(cause?: unknown): Problem {
  return new Problem('unavailable', 'The audit cannot be written, so nothing may be changed', {
    cause,
    code: 'AUDIT_UNAVAILABLE',
    headers: { 'retry-after': '5' },
  });
}
