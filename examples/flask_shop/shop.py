"""A Flask application, as a WSGI server runs it: one thread a request, which a slow order keeps."""

import time

from flask import Flask, request

PAYMENT_SECONDS = 40

app = Flask(__name__)
orders: list[str] = []
"""What is stored. A shop would have a database."""


@app.post("/order")
def order():
    orders.append(request.get_data(as_text=True))
    return "", 204


@app.post("/paid-order")
def order_when_paid():
    """Keeps the client waiting for the bank. An edge gives up before."""
    time.sleep(PAYMENT_SECONDS)
    return order()
