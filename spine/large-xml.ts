/**
 * Reads XML parts of any size without holding up the process: small ones at once, larger ones in slices, those over half a
 * megabyte in a thread, from which the tree comes back in pieces. Owns the thread; large-xml-thread.ts is what runs there.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Problem } from '../core/problem.ts';
import {
  parseXml,
  readXml,
  usualXmlLimits,
  XmlFault,
  type XmlElement,
  type XmlLimits,
  type XmlOptions,
} from '../core/xml.ts';
import { TreeBuilder } from './large-xml-pieces.ts';
import type { Task, ThreadReply } from './large-xml-thread.ts';

/** The limits of HL7 parts: what a message may be long, as a tree. */
export const largeXmlLimits: XmlLimits = {
  ...usualXmlLimits,
  size: 5_000_000,
  nodes: 1_000_000,
  value: 5_000_000,
};

/** Of what is worked on here, at once: what it costs behind the parser stays well below 50 ms too. */
export const workedXmlLimits: XmlLimits = { ...largeXmlLimits, nodes: 20_000 };

/** Of answers to what was asked: whole records have some twenty thousand. */
export const answeredXmlLimits: XmlLimits = { ...largeXmlLimits, nodes: 50_000 };

/** Of a message whose content is passed over: wrappers have some fifty nodes. */
export const wrapperXmlLimits: XmlLimits = { ...largeXmlLimits, nodes: 5_000 };

/** Bytes from which on a part goes to the thread, and up to which it is parsed at once. */
const threadFrom = 500 * 1024;
const atOnceUpTo = 16 * 1024;

export interface LargeXmlOptions {
  readonly charset?: string;
  /** By default `largeXmlLimits`. */
  readonly limits?: XmlLimits;
  /** Local names of elements whose content is not wanted: what is only passed on is checked, and not kept. */
  readonly without?: readonly string[];
}

export interface LargeXml {
  /** The root element. @throws XmlFault; Problem `internal` when the thread ends, `unavailable` when it was closed */
  read(bytes: Buffer, options?: LargeXmlOptions): Promise<XmlElement>;
  /** Ends the thread; what waits is refused. */
  close(): Promise<void>;
}

/** The reader of one process. Its thread starts at the first part that needs one. */
export function startLargeXml(): LargeXml {
  let thread: ParsingThread | undefined;
  let closed = false;
  return {
    read(bytes, { charset, limits = largeXmlLimits, without = [] } = {}) {
      if (bytes.length > limits.size) return Promise.reject(new XmlFault('size'));
      if (bytes.length <= atOnceUpTo) return atOnce(bytes, limits, { charset, without });
      if (bytes.length <= threadFrom) return readXml(bytes, limits, { charset, without });
      if (closed) return Promise.reject(new Problem('unavailable', 'The XML reader is closed'));
      if (thread?.ended !== false) thread = new ParsingThread();
      return thread.read({ bytes, limits, charset, without });
    },
    async close() {
      closed = true;
      await thread?.close();
    },
  };
}

/** A throw is a rejection. */
function atOnce(bytes: Buffer, limits: XmlLimits, options: XmlOptions): Promise<XmlElement> {
  return new Promise((resolve) => {
    resolve(parseXml(bytes, limits, options));
  });
}

interface Waiting {
  readonly task: Task;
  readonly resolve: (root: XmlElement) => void;
  readonly reject: (error: Error) => void;
}

/** One thread, one part at a time. It keeps the process alive only while something waits. */
class ParsingThread {
  readonly #worker = startThread();
  readonly #waiting: Waiting[] = [];
  #builder = new TreeBuilder();
  ended = false;

  constructor() {
    this.#worker.unref();
    this.#worker.on('message', (reply: ThreadReply) => {
      this.#take(reply);
    });
    this.#worker.on('error', (cause) => {
      this.#end(new Problem('internal', 'The XML reader has failed', { cause }));
    });
    this.#worker.on('exit', () => {
      this.#end(new Problem('internal', 'The XML reader has ended'));
    });
  }

  read(task: Task): Promise<XmlElement> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject });
      if (this.#waiting.length === 1) this.#next();
    });
  }

  async close(): Promise<void> {
    this.#end(new Problem('unavailable', 'The XML reader is closed'));
    await this.#worker.terminate();
  }

  #next(): void {
    this.#builder = new TreeBuilder();
    const [first] = this.#waiting;
    if (!first) {
      this.#worker.unref();
      return;
    }
    this.#worker.ref();
    this.#worker.postMessage(first.task);
  }

  /** Each piece is a turn of its own: the next is asked for when this one is built. */
  #take(reply: ThreadReply): void {
    const [first] = this.#waiting;
    if ('piece' in reply) {
      this.#builder.add(reply.piece);
      if (!reply.last) this.#worker.postMessage('more');
    } else first?.reject(new XmlFault(reply.fault, reply.line, reply.column));
    if ('piece' in reply && !reply.last) return;
    this.#waiting.shift();
    if ('piece' in reply) first?.resolve(this.#builder.root());
    this.#next();
  }

  #end(problem: Problem): void {
    this.ended = true;
    for (const { reject } of this.#waiting.splice(0)) reject(problem);
  }
}

/** From the sources the thread needs the loader that the process has. */
function startThread(): Worker {
  const resourceLimits = { maxOldGenerationSizeMb: 512 };
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./large-xml-thread.js', import.meta.url), { resourceLimits });
  const loader = JSON.stringify(createRequire(import.meta.url).resolve('tsx/cjs/api'));
  const path = JSON.stringify(fileURLToPath(new URL('./large-xml-thread.ts', import.meta.url)));
  return new Worker(`require(${loader}).register(); require(${path});`, {
    ...{ eval: true, resourceLimits },
    execArgv: [], // what the process was started with would load another loader, or read this as a module
  });
}
