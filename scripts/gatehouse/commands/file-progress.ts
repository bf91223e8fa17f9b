/** A line on standard error that names the file being copied, on a terminal only. */

export interface FileProgress {
  readonly at: (path: string, part: number) => void;
  readonly end: () => void;
}

export function createFileProgress(
  what: string,
  out: NodeJS.WriteStream = process.stderr,
): FileProgress {
  return {
    at(path, part) {
      if (out.isTTY)
        out.write(`\r${what} ${path}${part > 0 ? ` ${Math.round(part * 100)} %` : ''}\u001b[K`);
    },
    end() {
      if (out.isTTY) out.write('\r\u001b[K');
    },
  };
}
