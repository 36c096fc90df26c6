"""A merchant in Python: a client generated from the proto pays, reads, lists and watches, and prints what it saw."""

import json
import sys

import grpc
from google.protobuf.json_format import MessageToDict
from google.rpc import error_details_pb2, status_pb2
from quittance.payments.v1 import payments_pb2 as api
from quittance.payments.v1 import payments_pb2_grpc as services

address, token = sys.argv[1:]
metadata = [("authorization", f"Bearer {token}")]


def violations(error):
    """The fields named by google.rpc.BadRequest in the details of a status."""
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            for detail in status.details:
                bad_request = error_details_pb2.BadRequest()
                if detail.Unpack(bad_request):
                    return sorted(violation.field for violation in bad_request.field_violations)
    return []


with grpc.insecure_channel(address) as channel:
    payments = services.PaymentServiceStub(channel)
    card = api.Card(number="4242424242424242", expiry_month=12, expiry_year=2030, holder_name="Ada Example")
    request = api.PayRequest(
        request_id="first-payment-by-python",
        card=card,
        amount=api.Money(currency_code="EUR", minor_units=1250),
        description="A first payment",
    )
    paid = payments.Pay(request, metadata=metadata, timeout=10).payment
    again = payments.Pay(request, metadata=metadata, timeout=10).payment
    read = payments.GetPayment(api.GetPaymentRequest(id=paid.id), metadata=metadata, timeout=10).payment
    listed = payments.ListPayments(api.ListPaymentsRequest(page_size=100), metadata=metadata, timeout=10).payments
    watched = list(payments.WatchPayment(api.WatchPaymentRequest(id=paid.id), metadata=metadata, timeout=10))
    try:
        payments.Pay(api.PayRequest(request_id="not good", card=card), metadata=metadata, timeout=10)
        refused = {"code": "none"}
    except grpc.RpcError as error:
        refused = {"code": error.code().name, "fields": violations(error)}

print(
    json.dumps(
        {
            "state": api.PaymentState.Name(paid.state),
            "same_again": again == paid,
            "read_agrees": read == paid,
            "listed": [payment.id for payment in listed],
            "watched": MessageToDict(watched[-1].payment) == MessageToDict(paid),
            "id": paid.id,
            "refused": refused,
        }
    )
)
