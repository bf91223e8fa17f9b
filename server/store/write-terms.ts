/** The kinds of write and what becomes of them: plain data, for they travel between threads. */
import type { OutboxEntry } from '../../core/store.ts';
import type { ProblemKind } from '../../core/problem.ts';

/** A document to put; `keys` as keysOf gives them. An empty workspace is the base. */
export interface PutWrite {
  readonly kind: 'put';
  readonly collection: string;
  readonly workspace: string;
  readonly id: string;
  readonly expected: number;
  readonly text: string;
  readonly keys: string;
  readonly outbox: readonly OutboxEntry[];
  readonly by: string;
}

export interface RemoveWrite {
  readonly kind: 'remove';
  readonly collection: string;
  readonly workspace: string;
  readonly id: string;
  readonly expected: number;
}

/** Documents put into the base whatever is there; their keys wait for an `index` write when they are many. */
export interface BulkWrite {
  readonly kind: 'bulk';
  readonly collection: string;
  readonly documents: readonly {
    readonly id: string;
    readonly text: string;
    readonly keys: string;
  }[];
  readonly mark?: { readonly name: string; readonly value: string };
}

export type Write =
  | PutWrite
  | RemoveWrite
  | BulkWrite
  | { readonly kind: 'index' }
  | { readonly kind: 'reset'; readonly workspace: string }
  | { readonly kind: 'add'; readonly name: string; readonly by: number }
  | { readonly kind: 'delivered'; readonly id: number }
  | { readonly kind: 'mark'; readonly name: string; readonly value: string | undefined };

/** What became of a write. `value` is the new version, the counter's value, or a number of documents. */
export interface Done {
  readonly value: number;
  readonly commit: number;
  /** For a write to a workspace: its number, and whether it now holds its own row for the document. */
  readonly overlay?: { readonly number: number; readonly held: boolean };
}

/** A write that was refused; it changed nothing. */
export interface Refused {
  readonly kind: ProblemKind;
  readonly message: string;
}

export type Outcome = Done | Refused;
