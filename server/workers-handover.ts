/**
 * Connections that died with a process: node:cluster hands each to a process and forgets it when that process is killed
 * before it said that it has it (seen in Node 20.20: they stay open and nobody ever answers). Here they are closed, so that
 * their callers learn of it.
 */

/** A connection that node:cluster holds for a moment; nothing else in the primary is of this kind. */
interface Handle {
  close(): void;
}

/** A hand-over takes milliseconds; one that is there as long after a death will not happen any more. */
const patience = 1_000;

/** Called when a process has died unexpectedly: closes what is still not handed over after a second. */
export function closeForgotten(): void {
  const then = new Set(unowned());
  if (then.size === 0) return;
  setTimeout(() => {
    for (const handle of unowned()) if (then.has(handle)) handle.close();
  }, patience);
}

/** Connections without a socket object around them: `process._getActiveHandles` is the only way to see them. */
function unowned(): readonly Handle[] {
  if (!('_getActiveHandles' in process)) return [];
  const all = (process._getActiveHandles as () => readonly object[])(); // no types tell of it
  return all.filter(
    (one): one is Handle =>
      one.constructor.name === 'TCP' && !('onconnection' in one && one.onconnection),
  );
}
