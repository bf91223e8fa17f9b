/**
 * What callers of one server saw, written down while they called, and what must be true of it afterwards whatever
 * happened to the server. Knows answers only, nothing of how they are made.
 */
import assert from 'node:assert/strict';

/** A write that was answered 2xx. */
export interface Acknowledged {
  readonly requestId: string;
  readonly workspace: string;
  readonly nhsNumber: string;
  /** The version it was answered with. */
  readonly version: number;
  /** The family name it wrote. */
  readonly family: string;
}

/** A record as it is read afterwards. */
export interface Final {
  readonly version: number;
  /** The family names it holds. */
  readonly families: readonly string[];
}

export class History {
  readonly acknowledged: Acknowledged[] = [];
  /** Updates that were asked for, whatever became of them: workspace, number and family. */
  readonly attempted = new Set<string>();
  /** Statuses of all answers, and 0 for those that never came. */
  readonly statuses = new Map<number, number>();

  answered(status: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  acknowledge(write: Acknowledged): void {
    this.acknowledged.push(write);
  }

  /** The newest acknowledged write of each record, by workspace and number. */
  newest(): Map<string, Acknowledged> {
    const newest = new Map<string, Acknowledged>();
    for (const write of this.acknowledged) {
      const key = keyOf(write);
      if ((newest.get(key)?.version ?? 0) < write.version) newest.set(key, write);
    }
    return newest;
  }

  /** No two writes of one record were answered with the same version. */
  checkOneWinnerEach(): void {
    const winners = new Map<string, Acknowledged>();
    for (const write of this.acknowledged) {
      const key = `${keyOf(write)} version ${write.version}`;
      const other = winners.get(key);
      assert.ok(!other || other.requestId === write.requestId, `two winners: ${key}`);
      winners.set(key, write);
    }
  }

  /** A record is at the version its last writer was told, or later if a write was under way; and it says what was written. */
  checkKept(write: Acknowledged, final: Final): void {
    const key = keyOf(write);
    assert.ok(
      final.version >= write.version,
      `${key}: version ${write.version} was acknowledged, ${final.version} is there`,
    );
    if (final.version === write.version) {
      assert.ok(final.families.includes(write.family), `${key}: another value than was written`);
      return;
    }
    // Later than acknowledged: somebody asked for it and never heard.
    assert.ok(
      final.families.some((family) => this.attempted.has(`${key} ${family}`)),
      `${key}: a value nobody asked for`,
    );
  }
}

export function keyOf({ workspace, nhsNumber }: { workspace: string; nhsNumber: string }): string {
  return `${workspace} ${nhsNumber}`;
}
