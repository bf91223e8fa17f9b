/** What the hub enters in the audit beside changes of documents: attempts that failed, and deeds that change none. */
import { Problem } from '../../core/problem.ts';
import type { Ground } from '../catalogue/records.ts';
import type { Visit } from './page.ts';

export interface HubDeed {
  /** `account.sign-in`. */
  readonly action: string;
  /** What it was done to; empty for what is not known. */
  readonly id: string;
  /** Who did it; empty for a stranger. */
  readonly user?: string;
  /** 200 when absent. */
  readonly status?: number;
  readonly code?: string;
}

/** @throws Problem `unavailable` when the audit cannot be written */
export async function enter(
  { journal, clock }: Pick<Ground, 'journal' | 'clock'>,
  { call }: Pick<Visit, 'call'>,
  { action, id, user = id, status = 200, code = '' }: HubDeed,
): Promise<void> {
  try {
    await journal.append({
      ...{ at: clock.now(), kind: 'change', api: 'portal', environment: '', workspace: '', action },
      ...{ app: id, mode: '', user, role: '', purpose: '', people: [], status, code, commit: 0 },
      ...call,
    });
  } catch (cause) {
    throw new Problem('unavailable', 'The audit cannot be written, so nothing may be done', {
      cause,
      code: 'AUDIT_UNAVAILABLE',
    });
  }
}
