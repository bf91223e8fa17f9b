/** The connection to MongoDB: its settings, and whether what it leads to can be used. Owns no requests. */
import mongoose from 'mongoose';
import type { Connection } from 'mongoose';
import { Problem } from '../../core/problem.ts';

/** Milliseconds. Together they let a server that is gone be noticed, and one that is back be used, within a second or so. */
const times = {
  serverSelectionTimeoutMS: 700,
  connectTimeoutMS: 2_000,
  heartbeatFrequencyMS: 500,
  waitQueueTimeoutMS: 10_000,
  socketTimeoutMS: 15_000,
};

/** Connects. @throws Problem `unavailable` that says why not, without what the address holds of secrets. */
export async function connect(url: string): Promise<Connection> {
  const connection = mongoose.createConnection();
  try {
    return await connection.openUri(url, {
      ...times,
      maxPoolSize: 32,
      maxConnecting: 4,
      writeConcern: { w: 'majority', wtimeoutMS: 8_000 },
      // Nothing waits in here for a connection, and nothing is made behind our back.
      bufferCommands: false,
      autoIndex: false,
      autoCreate: false,
    });
  } catch (cause) {
    await connection.close(true).catch(() => undefined);
    throw new Problem('unavailable', `MONGO_URL cannot be used: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(error: unknown): string {
  const { MongoParseError, MongoServerSelectionError, MongoServerError } = mongoose.mongo;
  if (error instanceof MongoParseError) return 'it is no address of a MongoDB';
  if (
    error instanceof MongoServerSelectionError ||
    error instanceof mongoose.Error.MongooseServerSelectionError
  )
    // prettier-ignore
    return 'no server answers there, or it is older than MongoDB 4.4';
  if (error instanceof MongoServerError && (error.code === 18 || error.code === 13))
    return 'the server refuses its user or password';
  return 'connecting failed';
}
