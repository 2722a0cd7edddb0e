import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/**
 * Runs mqadmin commands one after the other, so that a suite pays for one JVM only.
 * Reads one command a line, its arguments separated by tabs; answers the number of bytes the command printed, a line
 * feed, and those bytes.
 */
public class AdminShell {
    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        hastenEnds(Thread.currentThread());
        String line;
        while ((line = commands.readLine()) != null) {
            ByteArrayOutputStream printed = new ByteArrayOutputStream();
            PrintStream capture = new PrintStream(printed, true, StandardCharsets.UTF_8);
            System.setOut(capture);
            System.setErr(capture);
            try {
                MQAdminStartup.main0(line.split("\t", -1), null);
            } catch (Throwable problem) {
                problem.printStackTrace(capture);
            }
            byte[] bytes = printed.toByteArray();
            answers.println(bytes.length);
            answers.write(bytes);
            answers.flush();
        }
    }

    /**
     * Every other command waits three seconds at its end, for a thread that polls its queue for so long before it sees
     * that it shall end. Wake that thread whenever the commands' thread waits for it.
     */
    private static void hastenEnds(Thread waiting) {
        Thread waker = new Thread(() -> {
            while (true) {
                boolean ending = Arrays.stream(waiting.getStackTrace())
                    .anyMatch(frame -> frame.getClassName().endsWith(".ServiceThread"));
                if (ending) {
                    Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("NettyEventExecutor")).forEach(Thread::interrupt);
                }
                try {
                    Thread.sleep(20);
                } catch (InterruptedException end) {
                    return;
                }
            }
        });
        waker.setDaemon(true);
        waker.start();
    }
}
