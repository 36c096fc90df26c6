"""The Python client of the interop tests, on Qpid Proton.

It does what it is told on standard input, one JSON document a line, and answers with one on standard output. How
messages and values are written there: see amqp-peer.ts.
"""
import base64
import json
import sys
import uuid

import proton
from proton import Array, Described, Message, symbol
from proton.reactor import LinkOption
from proton.utils import BlockingConnection

WAIT_SECONDS = 15
NUMBERS = {
    "byte": proton.byte,
    "short": proton.short,
    "int": proton.int32,
    "long": int,
    "ubyte": proton.ubyte,
    "ushort": proton.ushort,
    "uint": proton.uint,
    "ulong": proton.ulong,
    "timestamp": proton.timestamp,
}
FLOATS = {"float": proton.float32, "double": float}
TEXTS = {"string": str, "symbol": symbol, "char": proton.char}
# Bytes of each; Proton has the first two as numbers.
DECIMALS = {"decimal32": (4, proton.decimal32), "decimal64": (8, proton.decimal64)}
NAMES = {kind: name for kinds in (NUMBERS, FLOATS, TEXTS) for name, kind in kinds.items()}
# The fields of the properties section that Proton has under other names, or in seconds.
FIELDS = {
    "messageId": "id",
    "userId": "user_id",
    "to": "address",
    "subject": "subject",
    "replyTo": "reply_to",
    "correlationId": "correlation_id",
    "contentType": "content_type",
    "contentEncoding": "content_encoding",
    "groupId": "group_id",
    "groupSequence": "group_sequence",
    "replyToGroupId": "reply_to_group_id",
}
TIMES = {"expiry": "expiry_time", "created": "creation_time"}


class Queue(LinkOption):
    """Asks for a queue, where an address may be a topic too."""

    def apply(self, link):
        (link.target if link.is_sender else link.source).capabilities.put_object(symbol("queue"))


def value_of(typed):
    name, *rest = typed
    if name == "null":
        return None
    given = rest[0]
    if name == "boolean":
        return given
    if name in NUMBERS:
        return NUMBERS[name](int(given))
    if name in FLOATS:
        return FLOATS[name](float(given))
    if name in TEXTS:
        return TEXTS[name](given)
    if name in DECIMALS:
        return DECIMALS[name][1](int(given, 16))
    if name == "decimal128":
        return proton.decimal128(bytes.fromhex(given))
    if name == "uuid":
        return uuid.UUID(given)
    if name == "binary":
        return base64.b64decode(given)
    if name == "list":
        return [value_of(each) for each in given]
    if name == "map":
        return {value_of(key): value_of(each) for key, each in given}
    if name == "described":
        return Described(value_of(given), value_of(rest[1]))
    raise ValueError(f"there is no type {name}")


def typed_of(value):
    kind = type(value)
    if value is None:
        return ["null"]
    if kind is bool:
        return ["boolean", value]
    if kind in NAMES:
        if isinstance(value, float):
            return [NAMES[kind], repr(float(value))]
        # Proton's own numbers and texts print as calls that would make them.
        return [NAMES[kind], str.__str__(value) if isinstance(value, str) else str(int(value))]
    for name, (width, decimal) in DECIMALS.items():
        if kind is decimal:
            return [name, int(value).to_bytes(width, "big").hex()]
    if kind is proton.decimal128:
        return ["decimal128", bytes(value).hex()]
    if kind is uuid.UUID:
        return ["uuid", str(value)]
    if kind in (bytes, memoryview):
        return ["binary", base64.b64encode(value).decode()]
    if kind is Described:
        return ["described", typed_of(value.descriptor), typed_of(value.value)]
    if kind in (list, tuple, Array):
        return ["list", [typed_of(each) for each in (value.elements if kind is Array else value)]]
    if isinstance(value, dict):
        entries = [[typed_of(key), typed_of(each)] for key, each in value.items()]
        return ["map", sorted(entries, key=lambda entry: json.dumps(entry[0][1]))]
    raise ValueError(f"Proton gave a {kind}")


def outgoing(given):
    message = Message(durable=given["durable"], priority=given["priority"], ttl=given.get("ttl", 0) / 1000)
    message.annotations = {symbol(name): value_of(each) for name, each in given.get("annotations", {}).items()}
    message.properties = {name: value_of(each) for name, each in given.get("application", {}).items()}
    for name, each in given.get("properties", {}).items():
        if name in TIMES:
            setattr(message, TIMES[name], int(each[1]) / 1000)
        else:
            setattr(message, FIELDS[name], value_of(each))
    sections = given.get("data") or given.get("sequences")
    if sections is None:
        message.body = value_of(given["value"])
        return message
    if len(sections) > 1:
        raise ValueError("Proton writes one section")
    message.inferred = True
    message.body = value_of(sections[0] if "data" in given else ["list", sections[0]])
    return message


def incoming(message):
    properties = {}
    for name, field in FIELDS.items():
        value = getattr(message, field)
        if value not in (None, "", b"", 0):
            properties[name] = typed_of(value)
    for name in ("contentType", "contentEncoding"):
        if name in properties:
            properties[name][0] = "symbol"
    # Proton has these as plain numbers; an id is never a long.
    for name, kind in {"groupSequence": "uint", "messageId": "ulong", "correlationId": "ulong"}.items():
        if properties.get(name, [""])[0] == "long":
            properties[name][0] = kind
    for name, field in TIMES.items():
        if getattr(message, field):
            properties[name] = ["timestamp", str(round(getattr(message, field) * 1000))]
    told = {
        "durable": message.durable,
        "priority": message.priority,
        "annotations": {str(name): typed_of(each) for name, each in (message.annotations or {}).items()},
        "properties": properties,
        "application": {name: typed_of(each) for name, each in (message.properties or {}).items()},
    }
    if message.ttl:
        told["ttl"] = round(message.ttl * 1000)
    body = typed_of(message.body)
    if message.inferred and body[0] == "binary":
        told["data"] = [body]
    elif message.inferred and body[0] == "list":
        told["sequences"] = [body[1]]
    else:
        told["value"] = body
    return told


def do(connection, order):
    if order["do"] == "send":
        sender = connection.create_sender(order["address"], options=Queue())
        try:
            sender.send(outgoing(order["message"]))
        finally:
            sender.close()
        return {}
    if order["do"] == "receive":
        receiver = connection.create_receiver(order["address"], credit=1, options=Queue())
        try:
            message = receiver.receive()
            receiver.accept()
            return {"message": incoming(message)}
        finally:
            receiver.close()
    raise ValueError(f"nothing is called {order['do']}")


def main(url):
    connection = BlockingConnection(url, timeout=WAIT_SECONDS, allowed_mechs="ANONYMOUS")
    for line in sys.stdin:
        try:
            answer = do(connection, json.loads(line))
        except Exception as error:  # Each failure is the answer to its order.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    connection.close()


main(sys.argv[1])
