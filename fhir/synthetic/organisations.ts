/**
 * The organisations of fixtures/organisations.json: invented practices, pharmacies and registration offices, and the
 * codes that published test patients use. Owns reading them; nothing here looks a code up in a real register.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Organisation {
  readonly code: string;
  readonly name: string;
  readonly role: 'practice' | 'pharmacy' | 'authority' | 'pseudo';
  readonly status: 'active' | 'closed';
  readonly opened: string;
  readonly closed?: string;
  /** The practice that took over, of a closed one. */
  readonly successor?: string;
  readonly line?: readonly string[];
  readonly postalCode?: string;
  /** Used by published test patients, not invented here. */
  readonly published?: boolean;
}

/** All of them, in the order of the file. `fixturesDir` is the folder `fixtures` of the package. */
export function loadOrganisations(fixturesDir: string): readonly Organisation[] {
  const file: unknown = JSON.parse(readFileSync(join(fixturesDir, 'organisations.json'), 'utf8'));
  return (file as { organisations: Organisation[] }).organisations; // our own file, checked by its test
}

/**
 * Whether a code is one of an open practice, in any case of letters, or a pseudo code for having none:
 * what a general practitioner reference may hold (pds-fhir 3.4).
 */
export function readPractices(fixturesDir: string): (odsCode: string) => boolean {
  const open = new Set(
    loadOrganisations(fixturesDir)
      .filter(
        ({ role, status }) => (role === 'practice' && status === 'active') || role === 'pseudo',
      )
      .map(({ code }) => code),
  );
  return (odsCode) => open.has(odsCode.toUpperCase());
}
