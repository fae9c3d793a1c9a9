import java.net.HttpURLConnection;
import java.net.URI;

/** Fetches a URL and writes it to standard output. */
public class Fetch {
    public static void main(String[] words) throws Exception {
        HttpURLConnection connection = (HttpURLConnection) URI.create(words[0]).toURL().openConnection();
        connection.getInputStream().transferTo(System.out);
        System.out.flush();
    }
}
