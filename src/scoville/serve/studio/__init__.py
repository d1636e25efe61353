"""The page that people open in a browser. Enters: a service. Leaves: its routes for HTML, style and script."""

from scoville.serve.studio.page import router

__all__ = ["router"]
