"""The WSGI application, for a server (`wsgi:app`) and for the `flask` command."""

import os

from app import create_app

# Commands look after missing keys themselves (`flask init` makes them); a web server must not start without.
app = create_app(lenient=os.environ.get("FLASK_RUN_FROM_CLI") == "true")
