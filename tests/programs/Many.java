import java.io.IOException;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Fifty connections at once to HOST, on threads and on one selector: LINE and HTTP answer, CLOSED refuses. */
public class Many {
    private static final int COUNT = 50;

    public static void main(String[] words) throws Exception {
        String host = words[0];
        int line = Integer.parseInt(words[1]), web = Integer.parseInt(words[2]), closed = Integer.parseInt(words[3]);
        check(onThreads(host, web) == COUNT, "fetched all");
        check(onThreads(host, closed) == 0, "refused all on threads");
        check(onSelector(host, line) == COUNT, "exchanged all");
        check(onSelector(host, closed) == 0, "refused all on the selector");
        System.out.println("as expected");
        System.exit(0);
    }

    private static void check(boolean condition, String what) {
        if (!condition) throw new AssertionError("not so: " + what);
    }

    /** How many were fetched; the others were refused. */
    private static int onThreads(String host, int port) throws Exception {
        String authority = host.contains(":") ? "[" + host + "]" : host;
        ExecutorService threads = Executors.newFixedThreadPool(COUNT);
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (int number = 1; number <= COUNT; number++) {
            String url = "http://" + authority + ":" + port + "/small/" + number;
            String expected = ("small file " + number + "\n").repeat(number);
            tasks.add(() -> fetches(url, expected));
        }
        int fetched = 0;
        for (Future<Boolean> outcome : threads.invokeAll(tasks)) if (outcome.get()) fetched++;
        threads.shutdown();
        return fetched;
    }

    private static boolean fetches(String url, String expected) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        connection.setConnectTimeout(30000);
        try {
            byte[] got = connection.getInputStream().readAllBytes();
            check(new String(got, StandardCharsets.US_ASCII).equals(expected), url);
            return true;
        } catch (ConnectException refused) {
            check(refused.getMessage().contains("Connection refused"), refused.toString());
            return false;
        }
    }

    private static int onSelector(String host, int port) throws IOException {
        Selector selector = Selector.open();
        for (int number = 0; number < COUNT; number++) {
            SocketChannel channel = SocketChannel.open();
            channel.configureBlocking(false);
            try {
                boolean atOnce = channel.connect(new InetSocketAddress(host, port));
                if (atOnce) say(channel);
                int next = atOnce ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT;
                channel.register(selector, next, new StringBuilder());
            } catch (ConnectException refused) {
                check(refused.getMessage().contains("Connection refused"), refused.toString());
                channel.close();
            }
        }
        int exchanged = 0;
        while (!selector.keys().isEmpty()) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) if (exchanges(key)) exchanged++;
            selector.selectedKeys().clear();
            selector.selectNow();
        }
        return exchanged;
    }

    private static void say(SocketChannel channel) throws IOException {
        byte[] line = "hello target\n".getBytes(StandardCharsets.US_ASCII);
        check(channel.write(ByteBuffer.wrap(line)) == line.length, "wrote a line when connected");
    }

    /** Goes on with one connection; true once its answer is complete. */
    private static boolean exchanges(SelectionKey key) throws IOException {
        SocketChannel channel = (SocketChannel) key.channel();
        StringBuilder answer = (StringBuilder) key.attachment();
        if (key.isConnectable()) {
            try {
                check(channel.finishConnect(), "connected when selected");
            } catch (ConnectException refused) {
                check(refused.getMessage().contains("Connection refused"), refused.toString());
                channel.close();
                return false;
            }
            say(channel);
            key.interestOps(SelectionKey.OP_READ);
            return false;
        }
        ByteBuffer part = ByteBuffer.allocate(64);
        if (channel.read(part) >= 0) {
            answer.append(StandardCharsets.US_ASCII.decode(part.flip()));
            return false;
        }
        channel.close();
        check(answer.toString().equals("you said hello target\n"), answer.toString());
        return true;
    }
}
