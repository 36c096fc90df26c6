/** The deliberate bug "accept before send": a processor whose inputs are accepted as soon as its handler has decided. */
import type { Connection, ProcessorOptions, StandardSchemaV1 } from "@quittance/sdk";

export function acceptingFirst(connection: Connection): Connection {
  const process = <S extends StandardSchemaV1>(options: ProcessorOptions<S>) =>
    connection.process({
      ...options,
      handle: async (batch, context) => {
        const outcomes = await options.handle(batch, context);
        for (const { message } of batch) message.accept();
        return outcomes;
      },
    });
  return new Proxy(connection, {
    get: (target, name) => (name === "process" ? process : Reflect.get(target, name)),
  });
}
