import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import io.netty.channel.Channel;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVStore;

/**
 * A server that speaks MongoDB's protocol, for tests only: mongo-java-server on H2. Adds what a current driver and a test of
 * kills need: it announces the wire version of MongoDB 5.0, has what it acknowledges in its file, and ends with its parent.
 * One command at a time, answered with a copy: else an answer shows what the next command has made of the document.
 * Arguments: port (0: any) and, to keep the data, a file. Prints "listening PORT".
 */
public final class Launcher {
  public static void main(String[] args) throws Exception {
    String file = args.length > 1 ? args[1] : null;
    MVStore store = new MVStore.Builder().fileName(file).autoCommitDisabled().open();
    MongoServer server = new MongoServer(new Committing(store, file != null));
    server.bind("127.0.0.1", Integer.parseInt(args[0]));
    System.out.println("listening " + server.getLocalAddress().getPort());
    while (System.in.read() >= 0) {
      // Whoever started this holds the other end; its death closes it.
    }
    Runtime.getRuntime().halt(0);
  }

  private static final class Committing extends H2Backend {
    private static final Set<String> WRITES =
        Set.of("insert", "update", "delete", "findandmodify", "createindexes", "dropdatabase");
    private final boolean durable;

    Committing(MVStore store, boolean durable) {
      super(store);
      this.durable = durable;
      version(new Announced());
    }

    @Override
    public Document handleCommand(Channel channel, String database, String command, Document query) {
      if (command.equalsIgnoreCase("ismaster")) return super.handleCommand(channel, database, command, query);
      synchronized (this) {
        Document answer = super.handleCommand(channel, database, command, query);
        if (durable && WRITES.contains(command.toLowerCase())) commit();
        return answer.cloneDeeply();
      }
    }
  }

  private static final class Announced implements MongoVersion {
    @Override
    public List<Integer> getVersionArray() {
      return List.of(5, 0, 0);
    }

    @Override
    public int getWireVersion() {
      return 13;
    }
  }
}
