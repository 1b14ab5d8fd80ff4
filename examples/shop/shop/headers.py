"""Headers that every answer carries, so that a browser does not do more with it than we mean."""

from flask import Flask, Response

HEADERS = {
    # No inline script and no other host: text that slips into a page can not run.
    "Content-Security-Policy": "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def install(app: Flask) -> None:
    """Add them; a page may be kept by nobody, for the next visitor at the same screen would see it."""

    @app.after_request
    def _add(response: Response) -> Response:
        response.headers.update(HEADERS)
        if response.mimetype == "text/html":
            response.headers["Cache-Control"] = "no-store"
        return response
