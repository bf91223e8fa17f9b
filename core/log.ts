/** The only door to winston: events and problems, and the one line per call, which goes to the same stream. */
import { Writable } from 'node:stream';
import winston from 'winston';

/** What the parts log to. Fields are ids and counts, never patient data. */
export interface Log {
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: object): void;
  child(fields: object): Log;
}

/** One line per call, put together here because a winston call per request costs more than the whole front. */
export interface AccessLine {
  readonly requestId: string;
  readonly correlationId: string;
  readonly api: string;
  readonly environment: string;
  readonly route: string;
  readonly app: string;
  readonly status: number;
  readonly code: string;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly complete: boolean;
}

export interface Logging extends Log {
  /** Takes a line; it is written within 50 ms, after the answer. */
  access(line: AccessLine): void;
  /** Writes what is waiting. */
  flush(): void;
}

/** Lines that may wait before the oldest are dropped: a reader of the log that hangs must not fill memory. */
const mostWaiting = 100_000;

/** A log of JSON lines on a stream (standard output by default). */
export function createLog(level: string, out: Writable = process.stdout): Logging {
  const logger = winston.createLogger({
    level,
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.Stream({ stream: out })],
  });
  const wanted = logger.isLevelEnabled('info');
  let waiting: string[] = [];
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  // Whoever reads the log may go away, as a pipe to `head` does: the calls go on without it.
  out.on('error', () => undefined);

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return;
    const batch = waiting.join('');
    waiting = [];
    out.write(batch);
    if (dropped > 0) logger.log('warn', 'access lines dropped: the log is not read', { dropped });
    dropped = 0;
  };

  return {
    ...asLog(logger),
    access(line) {
      if (!wanted) return;
      if (waiting.length >= mostWaiting || out.writableLength > 64 * 1024 * 1024) {
        dropped++;
        return;
      }
      waiting.push(toLine(line));
      timer ??= setTimeout(flush, 50).unref();
    },
    flush,
  };
}

function asLog(logger: winston.Logger): Log {
  return {
    log: (level, message, fields) => {
      logger.log(level, message, fields);
    },
    child: (fields) => asLog(logger.child(fields)),
  };
}

/** Written by hand, in winston's form: half the cost of JSON.stringify, and it is paid on every call. */
function toLine(line: AccessLine): string {
  return (
    `{"requestId":${quote(line.requestId)},"correlationId":${quote(line.correlationId)}` +
    `,"api":${quote(line.api)},"environment":${quote(line.environment)},"route":${quote(line.route)}` +
    `,"app":${quote(line.app)},"status":${line.status},"code":${quote(line.code)}` +
    `,"bytes":${line.bytes},"milliseconds":${line.milliseconds},"complete":${line.complete}` +
    `,"level":"info","message":"call","timestamp":"${timestamp(Date.now())}"}\n`
  );
}

let second = 0;
let upToSecond = '';

/** As `toISOString`, which is asked for once a second only. */
function timestamp(now: number): string {
  const of = Math.floor(now / 1000);
  if (of !== second) {
    second = of;
    upToSecond = new Date(of * 1000).toISOString().slice(0, 20);
  }
  return `${upToSecond}${String(now - of * 1000).padStart(3, '0')}Z`;
}

function quote(text: string): string {
  return /^[\w .:/$-]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}
