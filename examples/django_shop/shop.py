"""A Django project in one file: a view that stores an order, served under ASGI."""

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="of an example", DEBUG=False
    )
    django.setup()

orders: list[str] = []
"""What is stored. A shop would have models."""


@csrf_exempt
async def order(request):
    orders.append(request.body.decode())
    return HttpResponse(status=204)


async def listed(_request):
    return JsonResponse({"orders": orders})


urlpatterns = [path("order", order), path("orders", listed)]
app = get_asgi_application()
