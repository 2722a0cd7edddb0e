import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;

/**
 * Sends messages `0`, `1`, … and prints a line for each: `sent BODY BROKER QUEUE` or `failed BODY EXCEPTION`.
 * Arguments: name servers (empty: an address server tells them), topic, how many (0: until it is ended), pause between
 * two in ms, how often it asks for routes in ms.
 */
public class Producer {
    public static void main(String[] arguments) throws Exception {
        long count = Long.parseLong(arguments[2]);
        long pause = Long.parseLong(arguments[3]);
        DefaultMQProducer producer = new DefaultMQProducer("nsredis-producer");
        if (!arguments[0].isEmpty()) {
            producer.setNamesrvAddr(arguments[0]);
        }
        producer.setPollNameServerInterval(Integer.parseInt(arguments[4]));
        producer.start();
        System.out.println("started");
        for (long number = 0; count == 0 || number < count; number++) {
            String body = Long.toString(number);
            try {
                SendResult sent = producer.send(new Message(arguments[1], body.getBytes(StandardCharsets.UTF_8)));
                String where = sent.getMessageQueue().getBrokerName() + "\t" + sent.getMessageQueue().getQueueId();
                System.out.println("sent\t" + body + "\t" + where);
            } catch (Exception problem) {
                System.out.println("failed\t" + body + "\t" + problem.toString().replaceAll("\\s+", " "));
            }
            Thread.sleep(pause);
        }
        System.out.println("done");
        System.out.flush();
        // Its threads would go on for seconds; everything that mattered is said.
        Runtime.getRuntime().halt(0);
    }
}
