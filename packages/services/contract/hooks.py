"""What the document cannot say of requests, for schemathesis; and a count of what it has seen, for main.mjs."""

import json
import os
import re
import unicodedata
import urllib.request
from collections.abc import Mapping
from urllib.parse import unquote

import schemathesis
from schemathesis import GenerationMode

LETTERS = re.compile(r"[^\W\d_]+")

IDEMPOTENCY_KEY = "Idempotency-Key"
PAGE_TOKEN = "pageToken"
PAGE_SIZE = "pageSize"

# Services whose patterns say all that a field takes: templates are Liquid, and a URL of an endpoint may be of a private
# address.
TAGS_OF_FIELDS = {"ClientService", "MerchantService", "MerchantAccountService", "EventService"}

# What is held of an account for each capture and each cancellation that is meant to be right.
HELD_AMOUNT = {"currencyCode": "EUR", "minorUnits": "100"}
CARD = {"number": "4242424242424242", "expiryMonth": 12, "expiryYear": 2030, "holderName": "Contract"}

# Those whose payments hold money for `held_payment`, and the verbs by which an account takes part in no more payments. Requests
# that are meant to be right find these ids in lists and would freeze, empty or close just these accounts.
KEPT_ACCOUNTS = {"c-0001", "m-0001"}
NOBODY = "nobody"
DAYS = {"startDate", "endDate"}
DAY = "2026-03-04"
ACCOUNTS = ("/v1/clients/{id}", "/v1/merchants/{id}")

ENUMS = ("state", "capture")

# The filters of the list that each page token is of.
filters_of = {}
request_ids = 0


def is_meant_to_be_right(case):
    return case.meta is None or case.meta.generation.mode == GenerationMode.POSITIVE


def texts_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from texts_of(member)


def texts_in_clear(case):
    """Every text of a request but the card's number, which is sealed."""
    body = case.body
    if isinstance(body, dict) and isinstance(body.get("card"), dict):
        body = {**body, "card": {name: value for name, value in body["card"].items() if name != "number"}}
    for part in (body, case.query, case.headers, case.path_parameters):
        yield from texts_of(dict(part) if isinstance(part, Mapping) else part)


def passes_luhn(digits):
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def may_hold_a_card_number(text):
    """Whether 12 to 19 digits with no letter between them end with their check digit: no pattern of a schema says so."""
    for chain in LETTERS.split(unicodedata.normalize("NFKC", text)):
        digits = "".join(character for character in chain if character.isdecimal())
        for start in range(len(digits) - 11):
            if any(passes_luhn(digits[start:end]) for end in range(start + 12, min(start + 19, len(digits)) + 1)):
                return True
    return False


def is_seen(text):
    """Whether a text has something that is drawn: a pattern that says so would be read by nobody."""
    return text == "" or any(unicodedata.category(character)[0] not in "ZMC" for character in text)


@schemathesis.hook
def filter_case(ctx, case):
    # What is behind a colon is a verb: such a path is another operation's, or nobody's.
    if any(":" in unquote(str(value)) for value in (case.path_parameters or {}).values()):
        return False
    if not is_meant_to_be_right(case):
        # Protobuf's mapping takes the number of an enum's value for its name, which the document leaves out.
        return not (isinstance(case.body, dict) and any(type(case.body.get(name)) is int for name in ENUMS))
    return all(map(is_seen, texts_of(case.body))) and not any(map(may_hold_a_card_number, texts_in_clear(case)))


def held_payment(case):
    """The id of a payment that holds money: one that holds none is refused, which no document can say."""
    global request_ids
    request_ids += 1
    body = {"requestId": f"contract-held-{request_ids}", "card": CARD, "amount": HELD_AMOUNT, "wait": "30s"}
    request = urllib.request.Request(
        f"{case.operation.base_url.rstrip('/')}/v1/payments",
        data=json.dumps({**body, "capture": "CAPTURE_METHOD_MANUAL"}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {os.environ['QUITTANCE_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=40) as response:
        return json.load(response)["payment"]["id"]


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Makes fit, in requests that are meant to be right, what a schema describes one by one."""
    global request_ids
    path = case.operation.path
    if path.startswith(ACCOUNTS) and case.method.upper() != "GET" and case.path_parameters.get("id") in KEPT_ACCOUNTS:
        case.path_parameters["id"] = case.path_parameters["id"][:2] + NOBODY
    if not is_meant_to_be_right(case):
        return
    if path.endswith("/settlements") and isinstance(case.query, dict):
        # No schema says that one day follows the other, and how many days a month has.
        for name in DAYS.intersection(case.query):
            case.query[name] = DAY
    if case.query and "endTime" in case.query and "startTime" in case.query:
        # No schema says that one is after the other.
        del case.query["startTime"]
    if path.endswith((":capture", ":cancel")):
        # Orders have no request_id.
        case.path_parameters["id"] = held_payment(case)
        if isinstance(case.body, dict):
            case.body.pop("id", None)
            if "amount" in case.body:
                case.body["amount"] = HELD_AMOUNT
        return
    # The header and the body's request_id are one thing in two places: one is there, or both are the same.
    keyed = any(str(one.get("$ref")).endswith("IdempotencyKey") for one in case.operation.definition.raw["parameters"])
    if isinstance(case.body, dict) and keyed:
        if case.headers and IDEMPOTENCY_KEY in case.headers:
            request_id = case.body.get("requestId")
            if isinstance(request_id, str) and request_id.isascii() and request_id.isprintable():
                case.headers[IDEMPOTENCY_KEY] = request_id
            elif request_id:
                # No header holds it.
                del case.headers[IDEMPOTENCY_KEY]
        elif not case.body.get("requestId"):
            request_ids += 1
            case.body["requestId"] = f"contract-{request_ids}"
    elif keyed and not (case.headers and IDEMPOTENCY_KEY in case.headers):
        request_ids += 1
        case.headers = {**(case.headers or {}), IDEMPOTENCY_KEY: f"contract-{request_ids}"}
    # A page token is the door's own, and goes with the filters of its list: nobody makes one up.
    if case.query and case.query.get(PAGE_TOKEN):
        token = case.query.pop(PAGE_TOKEN)
        filters = filters_of.get((case.operation.label, token))
        if filters is not None:
            size = {PAGE_SIZE: case.query[PAGE_SIZE]} if PAGE_SIZE in case.query else {}
            case.query.clear()
            case.query.update({**filters, **size, PAGE_TOKEN: token})


@schemathesis.hook
def after_call(ctx, case, response):
    """Remembers the page tokens that the door gave."""
    try:
        token = response.json().get("nextPageToken")
    except (AttributeError, ValueError):
        return
    if token:
        query = {name: value for name, value in (case.query or {}).items() if name not in (PAGE_TOKEN, PAGE_SIZE)}
        filters_of[(case.operation.label, token)] = query


@schemathesis.check
def fields_are_taken(ctx, response, case):
    """What the document allows is refused for the state of something, never for a field."""
    if not is_meant_to_be_right(case) or not TAGS_OF_FIELDS.intersection(case.operation.tags or ()):
        return
    if response.status_code == 400 and response.json().get("reason") == "INVALID_FIELDS":
        raise AssertionError(f"the document allows this, and the door refuses it: {response.text}")


@schemathesis.check
class EveryOperationSucceeds:
    """A run in which some operation only ever refuses has not seen what it answers."""

    def __init__(self, *, tags=()):
        self.tags = set(tags)
        self.answers = 0
        self.called = set()
        self.succeeded = set()

    def after_response(self, ctx, response, case):
        self.answers += 1
        if not self.tags.intersection(case.operation.tags or ()):
            return
        label = case.operation.label
        self.called.add(label)
        if 200 <= response.status_code < 300:
            self.succeeded.add(label)

    def after_run(self, ctx):
        path = os.environ.get("QUITTANCE_CONTRACT_COUNT")
        if path:
            with open(path, "w", encoding="utf-8") as file:
                file.write(str(self.answers))
        never = sorted(self.called - self.succeeded)
        if never or not self.called:
            raise AssertionError(f"never answered with a success: {', '.join(never) or 'all'}")
