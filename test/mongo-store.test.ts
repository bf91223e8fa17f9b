/** The MongoDB store passes what every store must, on a server that speaks the protocol. */
import type { Log } from '../core/log.ts';
import { describeAuthStore } from '../server/auth/auth-store.conformance.ts';
import { openMongoStore } from '../server/store/mongo.ts';
import { describeStore } from '../server/store/store.conformance.ts';
import { startMongo, whyNoMongo, type MongoServer } from './start-mongo.ts';

const log: Log = { log: () => undefined, child: () => log };

describe('the store on MongoDB', function () {
  let server: MongoServer;
  let databases = 0;
  before(async function () {
    const reason = whyNoMongo();
    if (reason !== undefined) {
      console.log(`    ${reason}`);
      this.skip();
    }
    server = await startMongo();
  });
  after(() => (server as MongoServer | undefined)?.kill());
  const open = () => openMongoStore({ url: server.url(`t${databases++}`), log, silence: 5_000 });

  describeStore('MongoDB', open);
  describeAuthStore('MongoDB', open);
  describeAuthStore('MongoDB', open, 4);
});
