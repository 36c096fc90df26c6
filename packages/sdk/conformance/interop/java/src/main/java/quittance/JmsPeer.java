package quittance;

import jakarta.jms.BytesMessage;
import jakarta.jms.DeliveryMode;
import jakarta.jms.Destination;
import jakarta.jms.JMSConsumer;
import jakarta.jms.JMSContext;
import jakarta.jms.JMSProducer;
import jakarta.jms.MapMessage;
import jakarta.jms.Message;
import jakarta.jms.MessageEOFException;
import jakarta.jms.ObjectMessage;
import jakarta.jms.Queue;
import jakarta.jms.StreamMessage;
import jakarta.jms.TextMessage;
import jakarta.jms.Topic;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import org.apache.qpid.jms.JmsConnectionFactory;

/**
 * Does one command for each line of standard input, its words parted by tabs, and answers each with one line of JSON.
 *
 * <ul>
 *   <li>send QUEUE KIND REPLY-QUEUE: one message with every header, every property type and a body of that kind
 *   <li>publish TOPIC TEXT: one text message
 *   <li>receive QUEUE [SELECTOR]: the next message, all its fields
 *   <li>subscribe TOPIC NAME: attaches to a shared durable subscription and leaves it again
 *   <li>subscribed TOPIC NAME: the next message of a shared durable subscription
 *   <li>answer QUEUE: receives a request and sends its text in capitals to its JMSReplyTo
 *   <li>identify QUEUE ID-TYPE CORRELATION-ID: one text message with an id of that type of Qpid JMS, and a correlation id
 *   <li>transact IN OUT COUNT commit|rollback: in one transaction receives that many and sends each on with an
 *       exclamation mark
 *   <li>ask QUEUE TEXT: sends a request with a temporary reply queue, and the reply's fields
 * </ul>
 */
public final class JmsPeer {
  private static final long WAIT_MS = 10_000;
  private static final byte[] BYTES = {0, 1, 127, -128, -1};

  private JmsPeer() {}

  public static void main(String[] arguments) throws Exception {
    JmsConnectionFactory factory = new JmsConnectionFactory(arguments[0]);
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    try (JMSContext context = factory.createContext(JMSContext.AUTO_ACKNOWLEDGE)) {
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        try {
          System.out.println(answer(arguments[0], context, line.split("\t")));
        } catch (Exception error) {
          System.out.println("{\"error\":" + quoted(error.toString()) + "}");
        }
      }
    }
  }

  private static String answer(String url, JMSContext context, String[] words) throws Exception {
    switch (words[0]) {
      case "send":
        return send(context, context.createQueue(words[1]), words[2], context.createQueue(words[3]));
      case "publish":
        context.createProducer().send(context.createTopic(words[1]), words[2]);
        return "{}";
      case "receive":
        Queue queue = context.createQueue(words[1]);
        return next(words.length > 2 ? context.createConsumer(queue, words[2]) : context.createConsumer(queue));
      case "subscribe":
        context.createSharedDurableConsumer(context.createTopic(words[1]), words[2]).close();
        return "{}";
      case "subscribed":
        return next(context.createSharedDurableConsumer(context.createTopic(words[1]), words[2]));
      case "answer":
        return reply(context, context.createQueue(words[1]));
      case "identify":
        return identify(url, words[1], words[2], words[3]);
      case "transact":
        return transact(context, words[1], words[2], Integer.parseInt(words[3]), words[4].equals("commit"));
      case "ask":
        return ask(context, context.createQueue(words[1]), words[2]);
      default:
        throw new IllegalArgumentException(words[0]);
    }
  }

  private static String send(JMSContext context, Queue queue, String kind, Queue replyTo) throws Exception {
    Message message = bodyOf(context, kind);
    message.setJMSCorrelationID("correlation-1");
    message.setJMSType("type-1");
    message.setJMSReplyTo(replyTo);
    message.setStringProperty("JMSXGroupID", "group-1");
    message.setIntProperty("JMSXGroupSeq", 7);
    message.setByteProperty("aByte", (byte) -5);
    message.setShortProperty("aShort", (short) -300);
    message.setIntProperty("anInt", -70_000);
    message.setLongProperty("aLong", Long.MIN_VALUE);
    message.setFloatProperty("aFloat", 1.5f);
    message.setDoubleProperty("aDouble", 2.25);
    message.setBooleanProperty("aBoolean", true);
    message.setStringProperty("aString", "Ünï 漢字");
    JMSProducer producer = context.createProducer().setPriority(8).setTimeToLive(600_000);
    producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT).send(queue, message);
    return "{\"messageId\":" + quoted(message.getJMSMessageID()) + ",\"expiration\":" + message.getJMSExpiration()
        + ",\"timestamp\":" + message.getJMSTimestamp() + "}";
  }

  private static Message bodyOf(JMSContext context, String kind) throws Exception {
    switch (kind) {
      case "text":
        return context.createTextMessage("Ünï 漢字");
      case "bytes":
        BytesMessage bytes = context.createBytesMessage();
        bytes.writeBytes(BYTES);
        return bytes;
      case "map":
        MapMessage map = context.createMapMessage();
        map.setByte("aByte", (byte) -5);
        map.setShort("aShort", (short) -300);
        map.setInt("anInt", -70_000);
        map.setLong("aLong", Long.MIN_VALUE);
        map.setFloat("aFloat", 1.5f);
        map.setDouble("aDouble", 2.25);
        map.setBoolean("aBoolean", true);
        map.setString("aString", "Ünï 漢字");
        map.setChar("aChar", 'ß');
        map.setBytes("bytes", BYTES);
        return map;
      case "stream":
        StreamMessage stream = context.createStreamMessage();
        stream.writeByte((byte) -5);
        stream.writeShort((short) -300);
        stream.writeInt(-70_000);
        stream.writeLong(Long.MIN_VALUE);
        stream.writeFloat(1.5f);
        stream.writeDouble(2.25);
        stream.writeBoolean(true);
        stream.writeString("Ünï 漢字");
        stream.writeChar('ß');
        stream.writeBytes(BYTES);
        return stream;
      case "object":
        return context.createObjectMessage("a Java string");
      default:
        return context.createMessage();
    }
  }

  private static String reply(JMSContext context, Queue queue) throws Exception {
    try (JMSConsumer consumer = context.createConsumer(queue)) {
      Message request = consumer.receive(WAIT_MS);
      JMSProducer producer = context.createProducer().setJMSCorrelationID(request.getJMSCorrelationID());
      producer.send(request.getJMSReplyTo(), request.getBody(String.class).toUpperCase());
      return fieldsOf(request);
    }
  }

  private static String identify(String url, String queue, String idType, String correlationId) throws Exception {
    String options = "?jms.messageIDPolicy.messageIDType=" + idType;
    try (JMSContext context = new JmsConnectionFactory(url + options).createContext()) {
      Message message = context.createTextMessage("identified");
      message.setJMSCorrelationID(correlationId);
      context.createProducer().send(context.createQueue(queue), message);
      return "{\"messageId\":" + quoted(message.getJMSMessageID()) + "}";
    }
  }

  private static String transact(JMSContext context, String in, String out, int count, boolean commits) throws Exception {
    try (JMSContext transacted = context.createContext(JMSContext.SESSION_TRANSACTED);
        JMSConsumer consumer = transacted.createConsumer(transacted.createQueue(in))) {
      JMSProducer producer = transacted.createProducer();
      for (int n = 0; n < count; n++) {
        Message message = consumer.receive(WAIT_MS);
        if (message == null) throw new IllegalStateException("nothing came");
        producer.send(transacted.createQueue(out), message.getBody(String.class) + "!");
      }
      if (commits) transacted.commit();
      else transacted.rollback();
      return "{}";
    }
  }

  private static String ask(JMSContext context, Queue queue, String text) throws Exception {
    Queue replies = context.createTemporaryQueue();
    context.createProducer().setJMSReplyTo(replies).setJMSCorrelationID("question-1").send(queue, text);
    return next(context.createConsumer(replies));
  }

  private static String next(JMSConsumer consumer) throws Exception {
    try (consumer) {
      Message message = consumer.receive(WAIT_MS);
      return message == null ? "{\"error\":\"nothing came\"}" : fieldsOf(message);
    }
  }

  private static String fieldsOf(Message message) throws Exception {
    List<String> fields = new ArrayList<>();
    fields.add("\"messageId\":" + quoted(message.getJMSMessageID()));
    fields.add("\"correlationId\":" + quoted(message.getJMSCorrelationID()));
    fields.add("\"type\":" + quoted(message.getJMSType()));
    fields.add("\"destination\":" + nameOf(message.getJMSDestination()));
    fields.add("\"replyTo\":" + nameOf(message.getJMSReplyTo()));
    fields.add("\"priority\":" + message.getJMSPriority());
    fields.add("\"persistent\":" + (message.getJMSDeliveryMode() == DeliveryMode.PERSISTENT));
    fields.add("\"timestamp\":" + message.getJMSTimestamp());
    fields.add("\"expiration\":" + message.getJMSExpiration());
    fields.add("\"redelivered\":" + message.getJMSRedelivered());
    List<String> properties = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (Object name : Collections.list(message.getPropertyNames())) names.add((String) name);
    Collections.sort(names);
    for (String name : names) properties.add(quoted(name) + ":" + typed(message.getObjectProperty(name)));
    fields.add("\"properties\":{" + String.join(",", properties) + "}");
    addBody(message, fields);
    return "{" + String.join(",", fields) + "}";
  }

  private static void addBody(Message message, List<String> fields) throws Exception {
    if (message instanceof TextMessage text) {
      fields.add("\"kind\":\"text\",\"body\":" + quoted(text.getText()));
    } else if (message instanceof BytesMessage bytes) {
      fields.add("\"kind\":\"bytes\",\"body\":" + typed(bytes.getBody(byte[].class)));
    } else if (message instanceof MapMessage map) {
      List<String> entries = new ArrayList<>();
      for (Object name : Collections.list(map.getMapNames())) {
        entries.add(quoted((String) name) + ":" + typed(map.getObject((String) name)));
      }
      Collections.sort(entries);
      fields.add("\"kind\":\"map\",\"body\":{" + String.join(",", entries) + "}");
    } else if (message instanceof StreamMessage stream) {
      List<String> entries = new ArrayList<>();
      try {
        while (true) entries.add(typed(stream.readObject()));
      } catch (MessageEOFException end) {
        fields.add("\"kind\":\"stream\",\"body\":[" + String.join(",", entries) + "]");
      }
    } else if (message instanceof ObjectMessage object) {
      fields.add("\"kind\":\"object\",\"body\":" + typed(object.getObject()));
    } else {
      fields.add("\"kind\":\"message\",\"body\":null");
    }
  }

  /** A value beside its Java type, so that an int is told from a long of the same value. */
  private static String typed(Object value) {
    if (value == null) return "null";
    String text = value instanceof byte[] bytes ? Base64.getEncoder().encodeToString(bytes) : value.toString();
    return "[" + quoted(value.getClass().getSimpleName()) + "," + quoted(text) + "]";
  }

  private static String nameOf(Destination destination) throws Exception {
    if (destination == null) return "null";
    String name = destination instanceof Queue queue ? "queue " + queue.getQueueName() : "topic " + ((Topic) destination).getTopicName();
    return quoted(name);
  }

  private static String quoted(String text) {
    if (text == null) return "null";
    StringBuilder quoted = new StringBuilder("\"");
    for (char unit : text.toCharArray()) {
      if (unit == '"' || unit == '\\') quoted.append('\\').append(unit);
      else if (unit < 0x20 || unit > 0x7e) quoted.append(String.format("\\u%04x", (int) unit));
      else quoted.append(unit);
    }
    return quoted.append('"').toString();
  }
}
