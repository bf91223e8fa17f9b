/** What makes a page show its form again, and what the form cannot help. */
import { Problem } from '../../core/problem.ts';
import { FormRefused } from './form.ts';

export interface Refusal {
  readonly faults: FormRefused['faults'];
  readonly status: number;
  /** For access line and audit. */
  readonly code: string;
}

/** Undefined: an error page is to be shown. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof FormRefused)
    return { faults: error.faults, status: error.status, code: 'FORM' };
  if (!(error instanceof Problem)) return undefined;
  const { kind, message, status } = error;
  const code = error.code ?? kind;
  if (kind === 'precondition-failed')
    return { faults: [{ text: changedMeanwhile }], status: 409, code };
  if (kind === 'invalid') return { faults: [{ text: message }], status: 422, code };
  if (['conflict', 'unprocessable', 'throttled'].includes(kind))
    return { faults: [{ text: message }], status, code };
  return undefined;
}

const changedMeanwhile =
  'Somebody has changed this since you opened the page. Open it again to see how it is now; what you entered is still here';
