interface Identified {
  readonly id: number;
}

/**
 * Stands in for rhea's ring of incoming deliveries, which frees places from its head only: one message that is long
 * in the making would stall its session after 2,048 others. Here each settled delivery frees its place at once.
 */
export class UnsettledDeliveries<Delivery extends Identified> {
  readonly #byId = new Map<number, Delivery>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  available(): number {
    return this.#capacity - this.#byId.size;
  }

  push(delivery: Delivery): void {
    this.#byId.set(delivery.id, delivery);
  }

  by_id(id: number): Delivery | undefined {
    return this.#byId.get(id);
  }

  /** rhea asks this after each turn; places are freed by {@link settled} instead. */
  pop_if(): number {
    return 0;
  }

  settled(delivery: Delivery): void {
    this.#byId.delete(delivery.id);
  }
}
