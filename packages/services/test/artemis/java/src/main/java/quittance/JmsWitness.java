package quittance;

import jakarta.jms.Connection;
import jakarta.jms.DeliveryMode;
import jakarta.jms.Message;
import jakarta.jms.Queue;
import jakarta.jms.QueueBrowser;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Enumeration;
import java.util.List;
import org.apache.qpid.jms.JmsConnectionFactory;

/**
 * Browses messages as any Java JMS client does, which leaves them where they are. Prints a line for each message: interface, JMSPriority, delivery mode, JMSType,
 * JMSReplyTo, and the text in base64. Arguments: URL, user, password, queue, how many.
 */
public final class JmsWitness {
  private static final long WAIT_MS = 10_000;
  private static final long INTERVAL_MS = 100;

  private JmsWitness() {}

  public static void main(String[] arguments) throws Exception {
    JmsConnectionFactory factory = new JmsConnectionFactory(arguments[1], arguments[2], arguments[0]);
    int wanted = Integer.parseInt(arguments[4]);
    try (Connection connection = factory.createConnection()) {
      connection.start();
      Session session = connection.createSession(Session.AUTO_ACKNOWLEDGE);
      Queue queue = session.createQueue(arguments[3]);
      List<Message> seen = browse(session, queue);
      for (long end = System.nanoTime() + WAIT_MS * 1_000_000; seen.size() < wanted && System.nanoTime() < end; ) {
        Thread.sleep(INTERVAL_MS);
        seen = browse(session, queue);
      }
      if (seen.size() < wanted) {
        System.err.printf("only %d of %d messages are on %s%n", seen.size(), wanted, arguments[3]);
      }
      for (Message message : seen.subList(0, Math.min(wanted, seen.size()))) {
        print(message);
      }
    }
  }

  private static List<Message> browse(Session session, Queue queue) throws Exception {
    List<Message> messages = new ArrayList<>();
    try (QueueBrowser browser = session.createBrowser(queue)) {
      for (Enumeration<?> found = browser.getEnumeration(); found.hasMoreElements(); ) {
        messages.add((Message) found.nextElement());
      }
    }
    return messages;
  }

  private static void print(Message message) throws Exception {
    String kind = message instanceof TextMessage ? "TextMessage" : message.getClass().getSimpleName();
    String mode = message.getJMSDeliveryMode() == DeliveryMode.PERSISTENT ? "PERSISTENT" : "NON_PERSISTENT";
    String text = message instanceof TextMessage textMessage ? textMessage.getText() : "";
    System.out.println(
        String.join(
            "\t",
            kind,
            Integer.toString(message.getJMSPriority()),
            mode,
            String.valueOf(message.getJMSType()),
            String.valueOf(message.getJMSReplyTo()),
            Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8))));
  }
}
