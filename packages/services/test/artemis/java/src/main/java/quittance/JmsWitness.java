package quittance;

import jakarta.jms.Connection;
import jakarta.jms.DeliveryMode;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.Queue;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.qpid.jms.JmsConnectionFactory;

/**
 * Reads messages as any Java JMS client does, and leaves them where they are: everything is received in one transacted
 * session that is rolled back. Prints a line for each message: interface, JMSPriority, delivery mode, JMSType,
 * JMSReplyTo, and the text in base64. Arguments: URL, user, password, queue, how many.
 */
public final class JmsWitness {
  private static final long WAIT_MS = 10_000;

  private JmsWitness() {}

  public static void main(String[] arguments) throws Exception {
    JmsConnectionFactory factory = new JmsConnectionFactory(arguments[1], arguments[2], arguments[0]);
    int wanted = Integer.parseInt(arguments[4]);
    try (Connection connection = factory.createConnection()) {
      connection.start();
      Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
      Queue queue = session.createQueue(arguments[3]);
      MessageConsumer consumer = session.createConsumer(queue);
      for (int seen = 0; seen < wanted; seen++) {
        Message message = consumer.receive(WAIT_MS);
        if (message == null) {
          System.err.printf("only %d of %d messages came from %s%n", seen, wanted, arguments[3]);
          break;
        }
        print(message);
      }
      session.rollback();
    }
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
