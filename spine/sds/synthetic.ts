/** The default directory, whole: the same entries at each making, what lies above before what lies below. */
import type { Entry } from './directory.ts';
import { organisationEntries } from './synthetic-organisations.ts';
import { defaultApproval, peopleEntries } from './synthetic-people.ts';
import { serviceEntries } from './synthetic-services.ts';
import { loadDirectorySources } from './synthetic-sources.ts';

/** All default entries. `fixturesDir` is the folder `fixtures` of the package. */
export function syntheticDirectory(fixturesDir: string): readonly Entry[] {
  const sources = loadDirectorySources(fixturesDir);
  return [
    ...organisationEntries(sources),
    ...peopleEntries(sources),
    ...serviceEntries(sources, defaultApproval(sources)),
  ];
}
