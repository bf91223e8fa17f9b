/** Load in interleaved rounds: each contender in turn, several times over, so that a busy minute hits all alike. */
import autocannon from 'autocannon';
import { cpuSeconds, type Running } from './servers.ts';

export interface Contender {
  readonly name: string;
  readonly server: Running;
  readonly requests: autocannon.Request[];
  /** Shown on connections over TLS; PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface Result {
  readonly name: string;
  /** Of the best round. */
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of processor time a request, of the best round. */
  readonly cpu: number;
  readonly failed: number;
}

export interface Load {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Best of all rounds by requests a second; failed answers of all rounds are added up. */
export async function compare(contenders: readonly Contender[], load: Load): Promise<Result[]> {
  const results = new Map<string, Result>();
  for (let round = 0; round < load.rounds; round++)
    for (const contender of contenders) {
      const result = await once(contender, load);
      const before = results.get(contender.name);
      const failed = result.failed + (before?.failed ?? 0);
      const better = !before || result.perSecond > before.perSecond ? result : before;
      const p99 = Math.min(result.p99, before?.p99 ?? Infinity);
      results.set(contender.name, { ...better, p99, failed });
      process.stderr.write(
        `  round ${round + 1}/${load.rounds} ${contender.name}: ${Math.round(result.perSecond)}/s, p99 ${result.p99.toFixed(2)} ms\n`,
      );
    }
  return [...results.values()];
}

async function once({ name, server, requests, tls }: Contender, load: Load): Promise<Result> {
  const before = cpuSeconds(server.pid);
  const times: number[] = [];
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url: server.url,
        connections: load.connections,
        duration: load.seconds,
        requests,
        ...(tls ? { tlsOptions: { ...tls, rejectUnauthorized: false } } : {}),
      },
      (error: Error | null, finished: autocannon.Result) => {
        if (error) reject(error);
        else resolve(finished);
      },
    );
    // autocannon's own figures are whole milliseconds; what we compare lies below that.
    instance.on('response', (_client, _status, _bytes, milliseconds) => {
      times.push(milliseconds);
    });
  });
  const cpu = cpuSeconds(server.pid) - before;
  times.sort((a, b) => a - b);
  const at = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0;
  return {
    name,
    perSecond: result.requests.total / result.duration,
    p50: at(0.5),
    p99: at(0.99),
    cpu: (cpu / Math.max(1, result.requests.total)) * 1e6,
    failed: result.non2xx + result.errors,
  };
}
