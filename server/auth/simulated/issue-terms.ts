/** What passes between the making of tokens and the claims of each provider. Only types. */
import type { Provider, Session } from './state.ts';

/** What the claims of one answer are made of. */
export interface Issue {
  readonly provider: Provider;
  readonly session: Session;
  readonly scopes: readonly string[];
  /** Seconds since the epoch. */
  readonly now: number;
  /** The code that was redeemed and its state; absent when refreshing. */
  readonly from: { readonly code: string; readonly state?: string | undefined } | undefined;
}
