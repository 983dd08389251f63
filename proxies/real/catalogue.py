"""All real products. To add one, add a file beside this one and a line here."""

from pathlib import Path

from firstbyte.harness.problems import BadInput, MissingTool, did_you_mean
from firstbyte.proxies.real.apache import Apache
from firstbyte.proxies.real.caddy import Caddy
from firstbyte.proxies.real.envoy import Envoy
from firstbyte.proxies.real.haproxy import Haproxy
from firstbyte.proxies.real.nginx import Nginx
from firstbyte.proxies.real.product import Product
from firstbyte.proxies.real.traefik import Traefik
from firstbyte.proxies.real.varnish import Varnish

_ALL: tuple[Product, ...] = (Nginx(), Haproxy(), Varnish(), Apache(), Envoy(), Caddy(), Traefik())
PRODUCTS = {one.name: one for one in _ALL}


def product(name: str) -> Product:
    """Return the product of this name. Raises BadInput, which lists the names."""
    if name not in PRODUCTS:
        raise BadInput(f"--real: there is no product '{name}'{did_you_mean(name, PRODUCTS)}")
    return PRODUCTS[name]


def program_of(one: Product) -> Path:
    """Return the product's program. Raises MissingTool with the command that installs it."""
    found = one.find()
    if found is None:
        raise MissingTool(f"{one.name} is not on this machine; {one.install}, then run this again")
    return found
