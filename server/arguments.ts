/** The arguments of the server program: the few settings that may also be given there, and what `--help` prints. */
import { parseArgs } from 'node:util';
import { Problem } from '../core/problem.ts';

export const usage = `Usage: npm start -- [--workers N] [--role gateway|hub|all]

  --workers N   how many processes serve calls, over one store (WORKERS); default 1
  --role ROLE   which parts run: gateway (the APIs and their tokens), hub (pages and management), or all (ROLE)
  --help        prints this

Everything else is set by environment variables: docs/configuration.md lists them.`;

export interface Arguments {
  readonly help: boolean;
  /** The variables that the arguments stand for. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Reads the arguments. @throws Problem `invalid` for one that there is not */
export function readArguments(given: readonly string[]): Arguments {
  try {
    const { values } = parseArgs({
      args: [...given],
      options: {
        workers: { type: 'string' },
        role: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { workers, role, help = false } = values;
    return {
      help,
      variables: {
        ...(workers === undefined ? {} : { WORKERS: workers }),
        ...(role === undefined ? {} : { ROLE: role }),
      },
    };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Problem('invalid', `${message}\n\n${usage}`, { cause });
  }
}
