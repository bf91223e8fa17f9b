/** The LDAP face over a data folder, with the store and the audit of the platform and nothing beside; prints its port. */
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { systemClock } from '../core/clock.ts';
import { createLog } from '../core/log.ts';
import { openJournal } from '../server/audit/journal.ts';
import { loadConfig } from '../server/config.ts';
import { createLimitCounters } from '../server/gateway/limit-counters.ts';
import { openLdap } from '../server/ldap-listeners-parts.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';

const dir = process.argv[2] ?? '';
const nowhere = new Writable({
  write: (_chunk, _encoding, done) => {
    done();
  },
});
const store = await openEmbeddedStore({ dir: join(dir, 'store') });
const journal = await openJournal({
  ...{ dir: join(dir, 'audit'), heads: join(dir, 'audit-heads'), keys: join(dir, 'keys') },
  clock: systemClock,
});
const ldap = openLdap({
  // The base of the data, which anyone may read; access lines are made and go nowhere.
  config: loadConfig({
    ...{ PORT: '0', DATA_DIR: dir, LDAP_ENVIRONMENT: 'development' },
    LDAP_REQUESTS_PER_SECOND: '1000000',
  }),
  ...{ directory: openDirectory(store), journal, clock: systemClock, version: 'bench' },
  log: createLog('info', nowhere),
  limits: createLimitCounters({ now: () => systemClock.now() }),
  shed: () => false,
  freshen: undefined,
});
const ports = await ldap?.listen();
process.stdout.write(`${ports?.ldap ?? 0}\n`);
process.once('SIGTERM', () => {
  void ldap?.drain(1_000).then(async () => {
    await journal.close();
    await store.close();
    process.exit(0);
  });
});
