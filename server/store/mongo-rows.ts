/**
 * What the MongoDB store keeps, and by which indexes it is found: the shapes of its four collections, declared to mongoose.
 * One document is one row, with its index keys, the changes that the feed has yet to tell and the outbox entries
 * that have yet to leave. Owns names and shapes; what is done with them is in the other mongo files.
 */
import mongoose from 'mongoose';
import type { Connection, Model } from 'mongoose';

/** The format this program writes. */
export const formatVersion = 1;

/**
 * `live`: a document. `hidden`: a workspace has removed what the base has. `dead`: no document any more, in no view;
 * the row stays until its change is told and its outbox entries have left.
 */
export type State = 'live' | 'hidden' | 'dead';

/** A change that landed with its document and that the feed has yet to tell. */
export interface Pending {
  /** The number of the commit; it also tells this write from all others. */
  readonly n: number;
  readonly v: number;
  /** Whether the document was removed. */
  readonly r: boolean;
  readonly by: string;
  /** The machine that wrote it. */
  readonly m: string;
}

/** An outbox entry on its way out. */
export interface Waiting {
  readonly id: number;
  /** Its topic. */
  readonly t: string;
  /** Its body. */
  readonly b: string;
}

/** A document as one view holds it itself. */
export interface Row {
  readonly _id: string;
  /** Collection, workspace and id. */
  readonly c: string;
  readonly w: string;
  readonly i: string;
  readonly s: State;
  readonly v: number;
  /** The number of the commit that wrote it. */
  readonly n: number;
  /** The document as text. */
  readonly x: string;
  /** Its keys as `index:key`, in a form that every server orders alike (mongo-keys.ts). */
  readonly k: readonly string[];
  readonly p?: readonly Pending[];
  readonly o?: readonly Waiting[];
}

/** A change as a block of the feed holds it. */
export interface Told extends Pending {
  readonly c: string;
  readonly w: string;
  readonly i: string;
}

/** Changes told together. Blocks follow each other without a gap: the next one's id is `_id + z`. */
export interface Block {
  /** The cursor of its first change. */
  readonly _id: number;
  /** How many changes it holds. */
  readonly z: number;
  /** Which writer made it, and its how manieth it is. */
  readonly a: string;
  readonly e: readonly Told[];
}

export interface Counter {
  readonly _id: string;
  readonly v: number;
}

export interface Mark {
  readonly _id: string;
  readonly x: string;
}

export interface Tables {
  readonly rows: Model<Row>;
  readonly blocks: Model<Block>;
  readonly counters: Model<Counter>;
  readonly marks: Model<Mark>;
}

/** The id of a row. */
export function rowId(collection: string, workspace: string, id: string): string {
  const named = workspace.replaceAll('%', '%25').replaceAll('/', '%2F');
  return `${collection}/${named}/${id}`;
}

/** Declares the collections on a connection. */
export function tablesOn(connection: Connection): Tables {
  const { Mixed } = mongoose.Schema.Types;
  const text = { type: String, required: false };
  const rows = shape({ _id: String, c: text, w: text, i: text, s: text, v: Number, n: Number, x: text, k: [String], p: Mixed, o: Mixed }); // prettier-ignore
  rows.index({ c: 1, w: 1, k: 1 }, { name: 'by_key' });
  rows.index({ w: 1, c: 1, s: 1 }, { name: 'by_workspace' });
  rows.index({ 'p.n': 1 }, { name: 'untold', sparse: true });
  rows.index({ 'o.t': 1, 'o.id': 1 }, { name: 'outgoing', sparse: true });
  rows.index({ 'o.id': 1 }, { name: 'outgoing_by_id', sparse: true });
  // The shapes above say what is stored; mongoose would infer looser ones from the schemas.
  return {
    rows: connection.model<Row>('Row', rows as never, 'documents'),
    blocks: connection.model<Block>('Block', shape({ _id: Number, z: Number, a: String, e: Mixed }) as never, 'changes'), // prettier-ignore
    counters: connection.model<Counter>('Counter', shape({ _id: String, v: Number }) as never, 'counters'), // prettier-ignore
    marks: connection.model<Mark>('Mark', shape({ _id: String, x: String }) as never, 'marks'),
  };
}

function shape(fields: mongoose.SchemaDefinition): mongoose.Schema {
  return new mongoose.Schema(fields, { versionKey: false, minimize: false });
}
