/** The command line: runs the program, and says on standard error what went wrong. */
import { gatehouse, toldOf } from './program.ts';

// A reader that has seen enough, such as head, is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await gatehouse().parseAsync();
} catch (error) {
  process.stderr.write(`${toldOf(error)}\n`);
  process.exitCode = 1;
}
