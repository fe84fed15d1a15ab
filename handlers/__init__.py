"""How Slack asks for Baseliner and sees it."""

from handlers.app import build_app, close_app, register
from handlers.publisher import Publisher
from handlers.transports import SocketMode, http_routes, socket_mode

__all__ = ["Publisher", "SocketMode", "build_app", "close_app", "http_routes", "register", "socket_mode"]
