/** The folder with package.json, whether this runs from sources or from dist/. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

export const packageRoot =
  [join(here, '..', '..'), join(here, '..', '..', '..')].find((folder) =>
    existsSync(join(folder, 'package.json')),
  ) ?? here;
