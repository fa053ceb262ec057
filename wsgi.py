"""The WSGI application, for a server (`wsgi:app`) and for the `flask` command."""

import os

from app import create_app
from app.extensions import runtime
from app.web import logging

# Commands look after missing keys themselves (`flask init` makes them); a web server must not start without.
is_command = os.environ.get("FLASK_RUN_FROM_CLI") == "true"
app = create_app(lenient=is_command)
if not is_command:
    with app.app_context():
        logging.configure(runtime().settings.log_format)
