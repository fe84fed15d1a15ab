"""The page: a chat workspace in the browser."""

from sandbox.page.mount import mount_page

__all__ = ["mount_page"]
