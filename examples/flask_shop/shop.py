"""A Flask application, as a WSGI server runs it: one thread a request, which a slow order keeps."""

from flask import Flask, request

app = Flask(__name__)
orders: list[str] = []
"""What is stored. A shop would have a database."""


@app.post("/order")
def order():
    orders.append(request.get_data(as_text=True))
    return "", 204
