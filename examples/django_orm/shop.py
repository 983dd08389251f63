"""A Django project in one file with a model on SQLite: sync and async views, served under ASGI."""

import asyncio
import os
import time

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connection, models
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="of an example",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.environ.get("SHOP_DATABASE", "shop.db"),
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()

PAYMENT_SECONDS = 40


class Order(models.Model):
    what = models.CharField(max_length=80)

    class Meta:
        app_label = "shop"


def create_tables():
    """As `manage.py migrate` does."""
    with connection.schema_editor() as editor:
        editor.create_model(Order)


@csrf_exempt
def order_when_paid(request, what):
    """A sync view, which Django runs in a thread; the bank takes its time. An edge gives up before."""
    time.sleep(PAYMENT_SECONDS)
    return JsonResponse({"id": Order.objects.create(what=what).pk}, status=201)


@csrf_exempt
async def order_when_paid_async(request, what):
    """The same as an async view with the ORM's async methods."""
    await asyncio.sleep(PAYMENT_SECONDS)
    order = await Order.objects.acreate(what=what)
    return JsonResponse({"id": order.pk}, status=201)


@csrf_exempt
async def order(request, what):
    """Answers when the order is stored, by sync code in `sync_to_async`."""
    stored = await sync_to_async(Order.objects.create)(what=what)
    return JsonResponse({"id": stored.pk}, status=202)


urlpatterns = [
    path("paid-orders/<what>", order_when_paid),
    path("paid-orders-async/<what>", order_when_paid_async),
    path("orders/<what>", order),
]
app = get_asgi_application()
