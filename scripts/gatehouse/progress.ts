/** A line on standard error that says how far a long command is: redrawn on a terminal, now and then elsewhere. */

export interface Progress {
  /** So much is done, of `total` when that is known. */
  at(done: number, total?: number): void;
  end(done: number): void;
}

export function createProgress(what: string, out: NodeJS.WriteStream = process.stderr): Progress {
  const began = performance.now();
  let told = 0;
  const line = (done: number, total?: number) => {
    const rate = Math.round(done / Math.max(0.001, (performance.now() - began) / 1000));
    const part = total === undefined || total === 0 ? '' : ` ${bar(done / total)}`;
    return `${done.toLocaleString('en-GB')} ${what}${part} (${rate.toLocaleString('en-GB')} a second)`;
  };
  return {
    at(done, total) {
      const now = performance.now();
      if (now - told < (out.isTTY ? 100 : 5_000)) return;
      told = now;
      out.write(out.isTTY ? `\r${line(done, total)}\x1b[K` : `${line(done, total)}\n`);
    },
    end(done) {
      out.write(out.isTTY ? `\r${line(done)}\x1b[K\n` : `${line(done)}\n`);
    },
  };
}

function bar(part: number): string {
  const full = Math.round(Math.min(1, part) * 20);
  return `[${'#'.repeat(full)}${' '.repeat(20 - full)}] ${Math.round(Math.min(1, part) * 100)} %`;
}
